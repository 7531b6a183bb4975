"""The kinds of tickets: what a domain app registers so that lists, pages and clocks need to exist only once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tickets.workflow import Workflow

if TYPE_CHECKING:
    from django.utils.functional import Promise as Text

    from tickets.models import Ticket


@dataclass(frozen=True)
class Panel:
    """A block a kind adds to the ticket page: a template and what it needs."""

    title: Text | str
    template: str
    context: Callable[[Ticket], dict[str, Any]]


@dataclass(frozen=True)
class StepOnTrack:
    """One step of the track on the ticket page: its label, the events that complete it, the clock that limits it."""

    label: Text | str
    events: tuple[str, ...]
    rule: str = ""
    hint: Text | str = ""


@dataclass(frozen=True, kw_only=True)
class TicketKind:
    """A kind and what it plugs into the shared pages.

    `number_prefix`: letters before the date of a readable number. `record`: reverse name of the kind's one-to-one
    record on the ticket. `track`: steps of the track, in order. `archive_conditions`: what the page ticks off.
    `event_labels`: words for the kind's event kinds on the timeline. `actions`: forms of its actions by code.
    """

    code: str
    name: Text | str
    number_prefix: str
    record: str
    workflow: Workflow
    track: Sequence[StepOnTrack] = ()
    panels: Sequence[Panel] = ()
    event_labels: dict[str, Text | str] = field(default_factory=dict)
    archive_conditions: Callable[[Ticket], list[tuple[Text | str, bool]]] = lambda ticket: []
    tags: Callable[[Ticket], list[str]] = lambda ticket: []
    forms: dict[str, Any] = field(default_factory=dict)
    intake: Any = None


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
