"""`manage.py seed_demo`: two invented companies and sixty days of their repairs, once."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from servicedesk.demo.estates import COMPANIES
from servicedesk.demo.seed import SeedRefused, Wish, make_company, reset, seed
from servicedesk.runtime.process import end_with_parent


class Command(BaseCommand):
    help = "Make the demo companies with their history, unless they are there. Run it while the site is stopped."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, default=Wish.days, help="days of history")
        parser.add_argument("--repairs", type=int, default=Wish.repairs, help="repairs in these days")
        parser.add_argument("--seed", type=int, default=Wish.number, help="the same number tells the same stories")
        parser.add_argument("--reset", action="store_true", help="take the demo companies away first (needs DEMO=1)")
        parser.add_argument("--in-turn", action="store_true", help="in this process, one company after the other")
        parser.add_argument("--only", choices=[plan.code for plan in COMPANIES], help="a part, as the command calls it")

    def handle(self, *args: Any, **options: Any) -> None:
        wish = Wish(days=options["days"], repairs=options["repairs"], number=options["seed"])
        if options["only"]:
            make_company(next(plan for plan in COMPANIES if plan.code == options["only"]), wish, say=self._say)
            return
        if options["reset"] and not settings.DEMO:
            raise CommandError("--reset 只在演示模式可用 / --reset needs DEMO=1")
        began = time.monotonic()
        try:
            if options["reset"]:
                reset(self._say)
            is_made = seed(wish, say=self._say, make_all=self._in_turn if options["in_turn"] else self._side_by_side)
        except SeedRefused as refusal:
            raise CommandError(str(refusal)) from None
        if is_made:
            self._say(f"made in {time.monotonic() - began:.1f} s")
        else:
            self._say("演示数据已存在，未作改动 / the demo data is there already, nothing done")

    def _in_turn(self, wish: Wish) -> None:
        for plan in COMPANIES:
            make_company(plan, wish, say=self._say)

    def _side_by_side(self, wish: Wish) -> None:
        """A process for each company: their days do not touch, and most machines have two processors."""
        told = [f"--days={wish.days}", f"--repairs={wish.repairs}", f"--seed={wish.number}"]
        parts = [
            subprocess.Popen(
                [sys.executable, str(settings.BASE_DIR / "manage.py"), "seed_demo", f"--only={plan.code}", *told],
                preexec_fn=end_with_parent(signal.SIGTERM),
            )
            for plan in COMPANIES
        ]
        try:
            while any(part.poll() is None for part in parts):
                if any(part.poll() for part in parts):
                    break
                time.sleep(0.1)
        finally:
            for part in parts:
                part.terminate()
                part.wait()
        if any(part.returncode for part in parts):
            raise CommandError("演示数据没有完成，再运行一次会从头开始 / not finished; another run starts anew")

    def _say(self, line: str) -> None:
        self.stdout.write(f"demo: {line}")
        self.stdout.flush()
