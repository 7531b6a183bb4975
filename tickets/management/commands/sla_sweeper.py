"""The second driver: enforce deadlines without Celery and without Redis."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Callable
from typing import Any

from django.core.checks import Tags, run_checks
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, InterfaceError, connections

from tickets import outbox
from tickets.purging import purge
from tickets.sla.audit import audit
from tickets.sla.sweep import sweep

log = logging.getLogger(__name__)
AFTER_A_FAILURE = 2.0
AUDIT_EVERY = 60.0


class Command(BaseCommand):
    help = "Sweep the SLA clocks and relay the outbox every second, straight against PostgreSQL."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--interval", type=float, default=1.0, help="seconds between two sweeps")
        parser.add_argument("--once", action="store_true", help="sweep and relay once, then end")

    def handle(self, *args: Any, **options: Any) -> None:
        _refuse_bad_roles()
        if options["once"]:
            sweep(driver="sweeper")
            outbox.relay()
            return
        stop = threading.Event()
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: stop.set())

        def relay_all() -> None:
            while not stop.is_set() and outbox.relay():
                pass

        def look_after() -> None:
            audit()
            purge()

        # A storm leaves thousands of messages behind; telling people must never hold up the next look at the clocks.
        others = [
            threading.Thread(target=_repeat, args=(stop, every, act), name=name, daemon=True)
            for name, every, act in (("relay", options["interval"], relay_all), ("audit", AUDIT_EVERY, look_after))
        ]
        for thread in others:
            thread.start()
        _repeat(stop, options["interval"], lambda: sweep(driver="sweeper"))
        for thread in others:
            thread.join(10)


def _refuse_bad_roles() -> None:
    """Raise CommandError, in one line, when a database role is not the one it should be; the web does the same."""
    findings = run_checks(tags=[Tags.security, Tags.database], databases=["default", "sweeper"])
    if errors := [finding.msg for finding in findings if finding.is_serious()]:
        raise CommandError(" ".join(errors))


def _repeat(stop: threading.Event, interval: float, act: Callable[[], object]) -> None:
    """Do it again and again until told to stop. A database that restarts is waited for; nothing switches this off."""
    while not stop.is_set():
        try:
            act()
        except (DatabaseError, InterfaceError) as error:
            log.error("sla_sweeper: database away, trying again: %s", str(error).partition("\n")[0])
        except Exception:
            log.exception("sla_sweeper: trying again")
        else:
            stop.wait(interval)
            continue
        connections.close_all()  # this thread's
        stop.wait(AFTER_A_FAILURE)
