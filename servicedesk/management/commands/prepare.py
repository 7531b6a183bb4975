"""Everything between an empty database and the first request, in one process: `make up` runs it at every start."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand

DEMO_DONE = "demo-done"


class Command(BaseCommand):
    help = "Migrate as the owner, build the files, make the demo data once. Safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", database="owner", interactive=False, verbosity=0)
        self.stdout.write("database migrated")
        call_command("build_files", stdout=self.stdout)
        if settings.DEMO and self._seed():
            self.stdout.write("demo data made")

    def _seed(self) -> bool:
        """Make the demo data once per database; the supervisor removes the mark with the old database."""
        mark = settings.STATE / DEMO_DONE
        if mark.exists() or "seed_demo" not in get_commands():
            return False
        call_command("seed_demo", verbosity=0)
        mark.touch()
        return True
