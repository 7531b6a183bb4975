"""The kinds of tickets: what a domain app registers so that lists, pages and clocks need to exist only once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from tickets.workflow import Workflow

if TYPE_CHECKING:
    from django.http import HttpResponse
    from django.utils.functional import Promise as Text

    from residents.errors import DomainError
    from residents.middleware import StaffRequest
    from tickets.acting import ActForm, ActionForm
    from tickets.intake import Intake
    from tickets.models import Ticket, TicketEvent


@dataclass(frozen=True)
class StepOnTrack:
    """One step of the track on the ticket page.

    `events` complete it and `undone_by` take it back, with every step after it. `rules`: the clocks that limit it, the
    first that the ticket has. `hint`: what is said before it is reached.
    """

    label: Text | str
    events: tuple[str, ...]
    rules: tuple[str, ...] = ()
    hint: Text | str = ""
    undone_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Condition:
    """Something that must be true before the archive; `missing` is the rule's sentence while it is not."""

    label: Text | str
    met: bool
    missing: Text | str = ""
    rule: str = ""


@dataclass(frozen=True)
class Question:
    """A question of the callback's script with its answers, the first of which is the usual one."""

    name: str
    label: Text | str
    choices: tuple[tuple[str, Text | str], ...]


@dataclass(frozen=True)
class CallQueue:
    """A tab of the callback page: tickets in these states, by the due moment of these clocks.

    `is_acceptance`: the work is judged, rather than the customer asked. `is_second`: found by its live clock, whatever
    has become of the ticket.
    """

    code: str
    label: Text | str
    short: Text | str
    states: tuple[str, ...]
    rules: tuple[str, ...]
    is_acceptance: bool = False
    is_second: bool = False


@dataclass(frozen=True)
class Bill:
    """What was used and what it costs the customer; `lines` of (name, quantity, who bears it, fen)."""

    lines: tuple[tuple[str, str, str, int], ...] = ()
    total_fen: int = 0


@dataclass(frozen=True)
class Work:
    """What the caller should know before the call: who did what and when, and what it cost."""

    done: str = ""
    money: str = ""


class WorkPage(Protocol):
    """The page of the person who does the work: acts that come from there are answered there."""

    def __call__(
        self,
        request: StaffRequest,
        ticket: Ticket,
        *,
        action: str = "",
        form: ActForm | None = None,
        error: DomainError | None = None,
        status: int = 200,
    ) -> HttpResponse: ...


@dataclass(frozen=True, kw_only=True)
class TicketKind:
    """A kind and what it plugs into the shared pages.

    `number_prefix`: letters before the date of a readable number. `record`: reverse name of the kind's one-to-one
    record on the ticket; `related` and `prefetch` are read with tickets of a list whose rows ask `conditions` or
    `work`. `track`: steps of the track, in order. `conditions`: what the page ticks off before the archive.
    `visit_no`: the visit a picture belongs to. `agreed`: times agreed with the customer, each with its words, that
    the kind keeps itself and that outlive a merge as promises (rule GEN-04).
    `event_labels`: words for the kind's events, `details` what one of them says. `forms`: its workflow's acts by code.
    `intake`: how the front desk takes it down, None for a kind that starts elsewhere.
    """

    code: str
    name: Text | str
    number_prefix: str
    record: str
    workflow: Workflow
    related: tuple[str, ...] = ()
    prefetch: tuple[str, ...] = ()
    track: Sequence[StepOnTrack] = ()
    event_labels: Mapping[str, Text | str] = field(default_factory=dict)
    event_icons: Mapping[str, str] = field(default_factory=dict)
    details: Callable[[TicketEvent], str] = lambda event: ""
    conditions: Callable[[Ticket], list[Condition]] = lambda ticket: []
    tags: Callable[[Ticket], list[str]] = lambda ticket: []
    facts: Callable[[Ticket], list[tuple[str, str]]] = lambda ticket: []
    bill: Callable[[Ticket], Bill] = lambda ticket: Bill()
    work: Callable[[Ticket], Work] = lambda ticket: Work()
    agreed: Callable[[Ticket], list[tuple[str, datetime]]] = lambda ticket: []
    visit_no: Callable[[Ticket], int] = lambda ticket: 0
    forms: Mapping[str, ActionForm] = field(default_factory=dict)
    calls: Sequence[CallQueue] = ()
    questions: Sequence[Question] = ()
    work_page: WorkPage | None = None
    intake: Intake | None = None


_kinds: dict[str, TicketKind] = {}


def register_kind(kind: TicketKind) -> None:
    """Called from `AppConfig.ready()`; a code may be registered once."""
    if kind.code in _kinds:
        raise ValueError(f"ticket kind {kind.code} is registered twice")
    _kinds[kind.code] = kind


def kind_of(ticket: Ticket) -> TicketKind:
    return _kinds[ticket.kind]


def kind(code: str) -> TicketKind:
    return _kinds[code]


def all_kinds() -> list[TicketKind]:
    return list(_kinds.values())
