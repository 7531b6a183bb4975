from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ResidentsConfig(AppConfig):
    """Companies, projects, buildings, units, people, staff, and the wall between companies."""

    name = "residents"
    verbose_name = "业户与组织"

    def ready(self) -> None:
        # Emitted after every table exists; with `sender` it runs once per migrate.
        post_migrate.connect(_grant, sender=self, dispatch_uid="residents.grant_roles")


def _grant(using: str, **kwargs: Any) -> None:
    from residents.tenancy import grant_roles

    grant_roles(using)
