"""Everything made from the checkout and not from the database: once in an image, in `make up` when it changed."""

from __future__ import annotations

import hashlib
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand

from servicedesk.runtime import assets
from servicedesk.runtime.translations import compile_catalogues


class Command(BaseCommand):
    help = "Fetch the front-end files, compile the translations, collect the static files. Skips what has not changed."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        if assets.build():
            self.stdout.write("front-end files built")
        if count := compile_catalogues():
            self.stdout.write(f"{count} translation catalogues compiled")
        if _collect_static():
            self.stdout.write("static files collected")


def _collect_static() -> bool:
    """Collect unless no file has changed since the last time, by path, size and time. Whether it did."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list(None):
            found = (
                getattr(storage, "prefix", ""),
                path,
                storage.size(path),
                storage.get_modified_time(path).timestamp(),
            )
            digest.update(repr(found).encode())
    stamp = settings.STATE / "static.sha256"
    if stamp.exists() and stamp.read_text() == digest.hexdigest():
        return False
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    stamp.write_text(digest.hexdigest())
    return True
