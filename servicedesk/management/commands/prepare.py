"""Everything between an empty database and the first request, in one process: `make up` runs it at every start."""

from __future__ import annotations

import hashlib
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand

from servicedesk.runtime.translations import compile_catalogues

DEMO_DONE = "demo-done"


class Command(BaseCommand):
    help = "Migrate as the owner, compile translations, collect static files, make the demo data once. Safe to repeat."

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", database="owner", interactive=False, verbosity=0)
        self.stdout.write("database migrated")
        if count := compile_catalogues():
            self.stdout.write(f"{count} translation catalogues compiled")
        if self._collect_static():
            self.stdout.write("static files collected")
        if settings.DEMO and self._seed():
            self.stdout.write("demo data made")

    def _collect_static(self) -> bool:
        """Collect unless no file has changed since the last time, by path, size and time. Whether it did."""
        digest = hashlib.sha256()
        for finder in get_finders():
            for path, storage in finder.list(None):
                stat = (storage.size(path), storage.get_modified_time(path).timestamp())
                digest.update(repr((getattr(storage, "prefix", None), path, stat)).encode())
        stamp = settings.STATE / "static.sha256"
        if stamp.exists() and stamp.read_text() == digest.hexdigest():
            return False
        call_command("collectstatic", interactive=False, clear=True, verbosity=0)
        stamp.write_text(digest.hexdigest())
        return True

    def _seed(self) -> bool:
        """Make the demo data once per database; the supervisor removes the mark with the old database."""
        mark = settings.STATE / DEMO_DONE
        if mark.exists() or "seed_demo" not in get_commands():
            return False
        call_command("seed_demo", verbosity=0)
        mark.touch()
        return True
