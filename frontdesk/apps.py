from django.apps import AppConfig


class FrontdeskConfig(AppConfig):
    """前台: the console, over every kind that says how it is taken down."""

    name = "frontdesk"
    verbose_name = "前台"
