"""Prepare a PostgreSQL server that is not the embedded one: roles, database, extensions."""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from servicedesk.runtime.bootstrap import BACKUP, OWNER, SWEEPER, WEB, Server, bootstrap

_ALIASES = {"owner": OWNER, "default": WEB, "sweeper": SWEEPER}


class Command(BaseCommand):
    help = (
        "Make the four database roles, the database and its extensions as the superuser of DATABASE_SUPERUSER_URL, "
        "with the passwords of DATABASE_URL, DATABASE_OWNER_URL, DATABASE_SWEEPER_URL and DATABASE_BACKUP_PASSWORD. "
        "Safe to repeat; also how to change a password."
    )
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        missing = [name for name in ("DATABASE_SUPERUSER_URL", "DATABASE_BACKUP_PASSWORD") if not os.environ.get(name)]
        if missing:
            raise CommandError(f"Not set: {', '.join(missing)}.")
        passwords = {BACKUP: os.environ["DATABASE_BACKUP_PASSWORD"]}
        for alias, role in _ALIASES.items():
            address = settings.DATABASES[alias]
            if address["USER"] != role:
                raise CommandError(f"The address of '{alias}' must name the role {role}.")
            passwords[role] = str(address["PASSWORD"])
        server = Server.from_url(os.environ["DATABASE_SUPERUSER_URL"])
        for remark in bootstrap(server, str(settings.DATABASES["owner"]["NAME"]), passwords):
            self.stderr.write(remark)
