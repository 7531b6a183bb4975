from django.apps import AppConfig


class ServicedeskConfig(AppConfig):
    """Wires the product together: the task queue, the log and the checks that refuse a bad start."""

    name = "servicedesk"
    verbose_name = "物业服务台"

    def ready(self) -> None:
        from servicedesk import celery, checks, log  # noqa: F401 - importing registers the Celery app and the checks

        log.configure()
