"""The second driver: enforce deadlines without Celery and without Redis."""

from __future__ import annotations

import logging
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, InterfaceError, connections

from tickets import outbox
from tickets.sla.sweep import sweep

log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Sweep the SLA clocks and relay the outbox every second, straight against PostgreSQL."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--interval", type=float, default=1.0, help="seconds between two sweeps")
        parser.add_argument("--once", action="store_true", help="sweep and relay once, then end")

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: stop.set())
        while not stop.is_set():
            try:
                sweep(driver="sweeper")
                while outbox.relay() and not stop.is_set():
                    pass
            except (DatabaseError, InterfaceError) as error:
                # The database restarts or fails over: drop the connections and come back; never switch ourselves off.
                log.error("sla_sweeper: database away, trying again: %s", str(error).splitlines()[0])
                connections.close_all()
                stop.wait(2.0)
            if options["once"]:
                return
            stop.wait(options["interval"])
