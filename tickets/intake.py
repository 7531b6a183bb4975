"""What a kind must answer so that the front desk can take a matter down without knowing the kind.

The desk's page asks these questions and shows the answers; every rule about them lives in the kind's own app, which
registers one `Intake` with its `TicketKind`.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import Promise as Text

    from residents.models import Person, Project, Staff, Unit
    from tickets.models import Ticket

CHANNELS: dict[str, Text] = {
    "phone": _("来电"),
    "visit": _("来访"),
    "patrol": _("巡查"),
    "internal": _("内部"),
    "message": _("消息"),
}
"""How a matter reached the desk, by the code a ticket keeps."""

POOL = "pool"
"""The assignee of a job that is given to whoever takes it first."""

LINK_NONE, LINK_DUPLICATE, LINK_REWORK = "none", "duplicate", "rework"
"""What a clerk says about a possible same fault, followed by a colon and the public id of the ticket it is about."""


@dataclass(frozen=True)
class Matter:
    """Something that can be reported: what a clerk picks from a list.

    `value`: what the form sends. `path`: where it belongs (给排水 › 户内). `hint`: trade and time allowed. `template`:
    a first description. `prepare`: what to ask the customer to prepare.
    """

    value: str
    label: str
    path: str
    hint: str = ""
    template: str = ""
    prepare: str = ""


@dataclass(frozen=True)
class Suggestion:
    """Somebody to send, best first. `reason`, when not empty, says why this person cannot be sent now."""

    value: str
    name: str
    trade: str
    note: str
    reason: str = ""
    checked: bool = False


@dataclass(frozen=True)
class PriceLine:
    """One line of the tariff: what, and how much as text (¥35.00 / 次)."""

    name: str
    price: str


@dataclass(frozen=True)
class Paid:
    """The customer pays: why, on which form, and what it costs."""

    title: str
    form_name: str
    lines: Sequence[PriceLine]


@dataclass(frozen=True)
class Cover:
    """Whether the guarantee covers the matter in this home, as the desk reads it out."""

    title: str
    detail: str
    covered: bool


@dataclass(frozen=True)
class Match:
    """A ticket that may be about the same thing. `kind`: duplicate (still open) or rework (finished lately)."""

    value: str
    kind: str
    title: str
    detail: str
    number: str


@dataclass(frozen=True)
class Outlook:
    """What the desk should know before it submits: who could go, what it costs, what it might repeat."""

    suggestions: Sequence[Suggestion] = ()
    paid: Paid | None = None
    cover: Cover | None = None
    matches: Sequence[Match] = ()

    @property
    def decline(self) -> str:
        """The answer that it is none of the matches; it names the newest, so it counts for no other list."""
        return f"{LINK_NONE}:{self.matches[0].value.partition(':')[2]}" if self.matches else ""


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What the desk has taken down. Moments are aware; `occurred_at` None means now, `contact_ended_at` None then too.

    `matter` is the value of a list, `words` what was typed; either is enough when it can only mean one thing. `visit`:
    now, appointment, or cannot with the `explanation` given to the customer. `link`: "", or the value of a match, or of
    what declines them; it counts only while it is still offered. `assignee`: a staff number, pool, or "" for the first
    suggestion. `dispatch` False only registers. `form_key` makes a second submit of the same form find the first
    ticket.
    """

    matter: str
    form_key: uuid.UUID
    words: str = ""
    is_public: bool = False
    unit: Unit | None = None
    caller: Person | None = None
    place: str = ""
    description: str = ""
    visit: str = "now"
    window_from: datetime | None = None
    window_to: datetime | None = None
    explanation: str = ""
    contact_name: str = ""
    contact_phone: str = ""
    channel: str = "phone"
    occurred_at: datetime | None = None
    contact_ended_at: datetime | None = None
    is_important: bool = False
    price_told: bool = False
    told_next_day: bool = False
    link: str = ""
    assignee: str = ""
    dispatch: bool = True


@dataclass(frozen=True)
class Saved:
    """The ticket a submit made or found, and one sentence that says what happened to it.

    `undo`: the address that takes the last of it back, for eight seconds.
    """

    ticket: Ticket
    told: str
    undo: str = ""


class Intake(Protocol):
    """The questions. Raises of `submit` carry a `field` named as in `Taken`; a refusal stores nothing."""

    def matter(self, value: str, words: str = "", *, project: Project, is_public: bool) -> Matter:
        """The matter chosen, or the only one that the typed words can mean. At most three statements.

        Raises InvalidInput for field `matter` that says what to choose.
        """

    def search(self, query: str, *, project: Project, is_public: bool, limit: int = 8) -> list[Matter]:
        """Matters that the query names, best first. At most two statements."""

    def common(self, *, limit: int = 6) -> list[Matter]:
        """What is reported most, for one click. One statement."""

    def outlook(
        self,
        matter: str,
        *,
        project: Project,
        unit: Unit | None,
        place: str = "",
        at: datetime,
        chosen: str = "",
        people: bool = True,
        matches: bool = True,
    ) -> Outlook:
        """Who, how much and what again for a matter in a home or place; empty for an unknown matter.

        A constant number of statements. `chosen` is the assignee to keep checked. `people` and `matches` say which of
        the two is shown.
        """

    def submit(self, taken: Taken, *, project: Project, by: Staff, at: datetime | None = None) -> Saved:
        """Take the matter down and, unless told not to, send somebody: both or neither."""
