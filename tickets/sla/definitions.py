"""What starts and what stops each clock: code beside the domain that owns the rule.

How long it runs and who is told are data (`SlaRule`), copied from `Definition.value` and `.ladder` for a new company.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from tickets.calendars.bases import Basis

if TYPE_CHECKING:
    from django.utils.functional import Promise as Text

    from tickets.models import Ticket, TicketEvent

Condition = Callable[["Ticket", "TicketEvent"], bool]
Moment = Callable[["Ticket", "TicketEvent"], datetime | None]
Scopes = Callable[["Ticket", "TicketEvent"], Sequence[str]]

MINUTE, HOUR, DAY = 60, 3600, 86400


@dataclass(frozen=True)
class Step:
    """One rung of a ladder.

    Fires at due plus `share` of the clock's whole time, the delay held between `at_least` and `at_most` seconds. A
    negative share is a warning before due (-0.2 is 80 % of the time), held between the same bounds before due.
    `audience` names roles, or `responsible`, or `owner`. `effect` is the code of a registered act on the ticket.
    """

    level: int
    share: float
    audience: tuple[str, ...]
    at_least: int = 0
    at_most: int | None = None
    effect: str = ""


def gen_07(
    *first: str, seconds: int | None, level_2: tuple[str, ...] = ("centre_head", "estate_manager")
) -> tuple[Step, ...]:
    """The standard ladder: 80 %, due, due + 50 % (5 min to 4 h), due + 100 % (15 min to 24 h) (rule GEN-07).

    `first` are the people told at due beside the responsible person, the customer-service supervisor unless the rule
    names others. `seconds` is the clock's default time; clocks of at most 5 minutes tell level 2 at once.
    """
    at_once = seconds is not None and seconds <= 5 * MINUTE
    return (
        Step(0, -0.2, ("responsible",)),
        Step(1, 0, ("responsible", *(first or ("supervisor",)))),
        Step(2, 0, level_2) if at_once else Step(2, 0.5, level_2, 5 * MINUTE, 4 * HOUR),
        Step(3, 1.0, ("company",), 15 * MINUTE, 24 * HOUR),
    )


def ticket_scope(ticket: Ticket, event: TicketEvent) -> Sequence[str]:
    """One clock per ticket."""
    return (f"ticket:{ticket.pk}",)


def always(ticket: Ticket, event: TicketEvent) -> bool:
    return True


@dataclass(frozen=True, kw_only=True)
class Definition:
    """One clock of the rulebook's table (a).

    `code`: the rule's ID, with a part after a dot where one rule needs two clocks. `label`: the word on lists (到场).
    `starts`, `stops`, `cancels`, `moves`: event kinds. `when`: condition beside the start event. `scopes`: what one
    clock is for. `anchor`: the moment it counts from (default: when the event really happened); None means no clock.
    `due`: the agreed moment, for clocks without a duration. `stop_at`: the moment it stops (default as above).
    `restarts`: a new start event ends the running clock and begins a new cycle; else it is ignored while one runs.
    `outlives`: stays open when the ticket is closed (REP-27).
    """

    code: str
    kind: str
    label: Text | str
    basis: Basis
    value: int
    starts: tuple[str, ...]
    stops: tuple[str, ...]
    ladder: tuple[Step, ...]
    responsible: str
    cancels: tuple[str, ...] = ()
    moves: tuple[str, ...] = ()
    when: Condition = always
    stops_when: Condition = always
    scopes: Scopes = ticket_scope
    stop_scopes: Scopes | None = None
    anchor: Moment | None = None
    due: Moment | None = None
    stop_at: Moment | None = None
    restarts: bool = False
    outlives: bool = False
    is_advisory: bool = False
    lane: int = 0
    amber: int | None = None
    source: str = field(default="")

    @property
    def rule(self) -> str:
        """The rulebook's ID without the part."""
        return self.code.split(".")[0]

    def events(self) -> frozenset[str]:
        """Every event kind that moves this clock."""
        return frozenset((*self.starts, *self.stops, *self.cancels, *self.moves))

    def ladder_rows(self) -> list[dict[str, object]]:
        """The ladder as it is stored in a rule."""
        return [asdict(step) for step in self.ladder]


_by_kind: dict[str, list[Definition]] = {}
_by_code: dict[str, Definition] = {}


def register_clocks(*definitions: Definition) -> None:
    """Add the clocks of an app; called from `AppConfig.ready()`. A code may be registered once."""
    for definition in definitions:
        if definition.code in _by_code:
            raise ValueError(f"clock {definition.code} is registered twice")
        if not definition.is_advisory and not any(step.share == 0 for step in definition.ladder):
            raise ValueError(f"clock {definition.code}: a ladder needs a step at due, or the breach is not recorded")
        _by_code[definition.code] = definition
        _by_kind.setdefault(definition.kind, []).append(definition)


def definition(code: str) -> Definition:
    """The definition of a clock's `rule_code`. KeyError for a code no app registers any more."""
    return _by_code[code]


def find(code: str) -> Definition | None:
    """The same, or None: the rows of a clock outlive its code."""
    return _by_code.get(code)


def all_definitions() -> list[Definition]:
    return list(_by_code.values())


def touched_by(kind: str, event_kind: str) -> list[Definition]:
    """The definitions of a ticket kind, and those for every kind, that the event starts, stops, cancels or moves."""
    return [d for d in (*_by_kind.get(kind, ()), *_by_kind.get("*", ())) if event_kind in d.events()]
