"""Write docs/rules.md from the rule data, so that the page cannot say what the product does not do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import translation

from repairs.rulebook import RULES as REPAIR_RULES
from tickets.calendars.bases import Basis
from tickets.kinds import all_kinds
from tickets.rulebook import RULES as TICKET_RULES
from tickets.sla.definitions import DAY, HOUR, MINUTE, Definition, Step, all_definitions

PAGE = Path("docs/rules.md")


class Command(BaseCommand):
    help = "Write docs/rules.md from the registered clocks, workflows and rule sentences; --check only compares."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="fail if the page is not what would be written")

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(settings.BASE_DIR) / PAGE
        with translation.override("zh-hans"):
            text = page()
        if options["check"]:
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                raise CommandError(f"{PAGE} is out of date: run manage.py rules_page")
            return
        path.write_text(text, encoding="utf-8")
        self.stdout.write(f"{PAGE} written")


def page() -> str:
    """The whole page as Markdown."""
    parts = [
        "# Rules",
        "",
        "Written by `manage.py rules_page` from the product's own rule data; a test fails when it is out of date.",
        "Times and ladders are the defaults a company starts with; each change is a new version of the rule.",
        "",
        "## What the product does",
        "",
        "| Rule | In one sentence |",
        "|---|---|",
        *(f"| {code} | {sentence} |" for code, sentence in {**TICKET_RULES, **REPAIR_RULES}.items()),
        "",
        "## Clocks",
        "",
        "| Rule | Clock | Starts with | Stops with | Limit | Responsible | Told, in order |",
        "|---|---|---|---|---|---|---|",
        *(_clock(d) for d in sorted(all_definitions(), key=lambda d: d.code)),
        "",
        "Limits: C24 elapsed time; EOD end of the same day; EOS end of the responsible person's shift, else of the "
        "day; MON calendar months; agreed: the moment agreed with the customer. Warnings never count as a breach.",
    ]
    for kind in all_kinds():
        workflow = kind.workflow
        parts += [
            "",
            f"## Steps: {kind.name}",
            "",
            "| Action | From | To | Event | Gates |",
            "|---|---|---|---|---|",
        ]
        for t in workflow.transitions:
            sources = "、".join(str(workflow.state(s).label) for s in t.sources)
            target = str(workflow.state(t.target).label) if t.target else "—"
            gates = "；".join(f"{g.rule} {g.sentence}" for g in t.gates) or "—"
            who = "" if t.policy else "（系统）"
            parts.append(f"| {t.label}{who} | {sources} | {target} | `{t.event}` | {gates} |")
    return "\n".join(parts) + "\n"


def _clock(d: Definition) -> str:
    starts, stops = (", ".join(f"`{event}`" for event in events) for events in (d.starts, d.stops))
    told = "; ".join(_step(step) for step in d.ladder)
    limit = _limit(d) + (" (warning only)" if d.is_advisory else "")
    return f"| {d.code} | {d.label} | {starts} | {stops} | {limit} | {d.responsible} | {told} |"


def _limit(d: Definition) -> str:
    if d.due is not None:
        return "agreed"
    match d.basis:
        case Basis.C24 | Basis.D24 | Basis.WSEC:
            return f"{_duration(d.value)} {d.basis}"
        case Basis.MON:
            return f"{d.value} MON"
        case _:
            return str(d.basis)


def _duration(seconds: float) -> str:
    for unit, name in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if seconds >= unit and seconds % unit == 0:
            return f"{seconds / unit:g} {name}"
    return f"{seconds:g} s"


def _step(step: Step) -> str:
    if step.share < 0:
        moment = f"{100 + step.share * 100:g} %"
    elif step.share == 0:
        moment = "due"
    else:
        bounds = f"{_duration(step.at_least)}" + (f" to {_duration(step.at_most)}" if step.at_most else "")
        moment = f"due + {step.share * 100:g} % ({bounds})"
    act = f", {step.effect}" if step.effect else ""
    return f"{moment}: {', '.join(step.audience)}{act}"
