"""The list of tickets: tabs, filters, and pages that begin where the last one ended."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

import django_filters
from django.db.models import DateTimeField, Exists, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from residents.models import Project, Staff
from tickets.clock_text import ClockView, clock_view
from tickets.intake import CHANNELS
from tickets.kinds import all_kinds, kind_of
from tickets.models import SlaClock, Ticket
from tickets.models.ticket import TicketQuerySet
from tickets.queries.shown import Shortcut, Status, Tab, next_clocks, shortcuts, status_of
from tickets.workflow import Stage

PAGE = 50
CLOCKS_READ = 400
"""How many clocks are looked at for a first page before every open ticket is sorted after all."""
COUNTED = 50
"""A tab counts no further than this; beyond it says 50+."""
FAR = datetime(9999, 1, 1, tzinfo=UTC)
"""Where an open ticket without a running clock stands in the order: last."""
TABS: dict[str, Promise] = {
    "todo": _("待办"),
    "near": _("超时与临近"),
    "dispatch": _("待派单"),
    "mine": _("我的"),
    "all": _("全部"),
}
ROOM = re.compile(r"^\d{1,2}-(\d{1,2}-)?\d{2,4}$")
"""A home as staff type it: 3-1-2502."""


def state_choices() -> list[tuple[str, str]]:
    found: dict[str, str] = {}
    for kind in all_kinds():
        for state in kind.workflow.states:
            found.setdefault(state.code, str(state.label))
    return list(found.items())


def kind_choices() -> list[tuple[str, str]]:
    return [(kind.code, str(kind.name)) for kind in all_kinds()]


class TicketFilter(django_filters.FilterSet):  # type: ignore[misc]
    """What the line above the list asks. A value that makes no sense is left out."""

    q = django_filters.CharFilter(method="with_words")
    state = django_filters.ChoiceFilter(choices=state_choices)
    stage = django_filters.ChoiceFilter(choices=Stage.choices, method="in_stage")
    kind = django_filters.ChoiceFilter(choices=kind_choices)
    technician = django_filters.CharFilter(field_name="assignee__number", max_length=12)
    since = django_filters.DateFilter(method="from_day")
    until = django_filters.DateFilter(method="to_day")

    class Meta:
        model = Ticket
        fields: Sequence[str] = ()

    def with_words(self, tickets: TicketQuerySet, name: str, value: str) -> TicketQuerySet:
        words = value.strip()[:100]
        if not words:
            return tickets
        if ROOM.match(words):
            return tickets.filter(unit__short__startswith=words)
        return tickets.matching(words)

    def in_stage(self, tickets: TicketQuerySet, name: str, value: str) -> TicketQuerySet:
        """What one of the desk's counters counts."""
        states = [s.code for kind in all_kinds() for s in kind.workflow.states if s.stage == value]
        return tickets.filter(state__in=states)

    def from_day(self, tickets: TicketQuerySet, name: str, value: Any) -> TicketQuerySet:
        return tickets.filter(reported_at__gte=_midnight(value))

    def to_day(self, tickets: TicketQuerySet, name: str, value: Any) -> TicketQuerySet:
        return tickets.filter(reported_at__lt=_midnight(value + timedelta(days=1)))


def _midnight(day: Any) -> datetime:
    """The beginning of a local day."""
    return timezone.make_aware(datetime.combine(day, time()))


@dataclass(frozen=True)
class Row:
    """One ticket of the list."""

    public_id: str
    version: int
    number: str
    title: str
    place: str
    level: str
    line: str
    url: str
    clock: ClockView | None
    status: Status
    actions: tuple[Shortcut, ...]
    created_at: datetime
    kind_label: str
    channel_label: str
    assignee: str


@dataclass(frozen=True)
class Page:
    """Where this page's neighbours begin."""

    previous_url: str
    next_url: str


@dataclass(frozen=True)
class Listing:
    """A page of rows, and how many there are as far as anybody counts."""

    rows: list[Row]
    total: str
    page: Page


@dataclass(frozen=True)
class Mark:
    """The place of a row in the order, as an address carries it: due moment (or None by newest) and id."""

    due: datetime | None
    pk: int

    def __str__(self) -> str:
        text = f"{self.due.isoformat() if self.due else ''}|{self.pk}"
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str) -> Mark | None:
        """None for anything that is no mark of ours."""
        try:
            due, pk = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode().split("|")
            moment = datetime.fromisoformat(due) if due else None
            return cls(moment, int(pk)) if moment is None or moment.tzinfo else None
        except (ValueError, binascii.Error, UnicodeDecodeError):
            return None


def in_tab(tab: str, *, staff: Staff, project: Project, now: datetime) -> TicketQuerySet:
    """The tickets of a tab that the person may see in this project."""
    tickets = Ticket.objects.visible_to(staff).filter(project=project)
    if tab == "all":
        return tickets
    tickets = tickets.open()
    if tab == "mine":
        return tickets.filter(Q(assignee=staff) | Q(owner=staff))
    if tab == "dispatch":
        waiting = {s.code for k in all_kinds() for s in k.workflow.states if s.stage == Stage.DISPATCH}
        return tickets.filter(state__in=waiting)
    if tab == "near":
        return tickets.filter(Exists(SlaClock.objects.live().filter(ticket=OuterRef("pk"), amber_at__lte=now)))
    return tickets


def counted(tickets: TicketQuerySet) -> str:
    """How many, as far as fifty: 128 would cost a walk over everything."""
    number = tickets.order_by()[: COUNTED + 1].count()
    return f"{COUNTED}+" if number > COUNTED else str(number)


def tabs(current: str, *, staff: Staff, project: Project, now: datetime) -> list[Tab]:
    """The tabs with their counts. One statement each."""
    return [
        Tab(
            code,
            str(label),
            f"{reverse('tickets:list')}?{urlencode({'tab': code})}",
            code == current,
            counted(in_tab(code, staff=staff, project=project, now=now)),
        )
        for code, label in TABS.items()
    ]


def listing(
    tickets: TicketQuerySet, *, tab: str, asked: dict[str, str], staff: Staff, project: Project, now: datetime
) -> Listing:
    """One page of the tickets: by time left in the tabs of open ones, else the newest first.

    `asked`: the parameters of the address, kept in those of the neighbours; `after` and `before` are marks.
    """
    by_due = tab != "all"
    after, before = Mark.read(asked.get("after", "")), Mark.read(asked.get("before", ""))
    backwards = before is not None and after is None
    found = _page(tickets, project, by_due=by_due, mark=after or before, backwards=backwards)
    more, page = len(found) > PAGE, found[:PAGE]
    if backwards:
        page.reverse()
    has_next, has_previous = (True, more) if backwards else (more, after is not None)
    clocks = next_clocks(page)
    rows = [_row(ticket, clocks.get(ticket.pk), staff=staff, project=project, now=now) for ticket in page]
    kept = {key: value for key, value in asked.items() if key not in ("after", "before")}
    previous_url = next_url = ""
    if page and has_previous:
        previous_url = address("tickets:list", {**kept, "before": str(_mark(page[0], by_due))})
    if page and has_next:
        next_url = address("tickets:list", {**kept, "after": str(_mark(page[-1], by_due))})
    return Listing(rows, counted(tickets), Page(previous_url, next_url))


def address(name: str, asked: dict[str, str]) -> str:
    """The address of a page of the list with the parameters that say something."""
    return f"{reverse(name)}?{urlencode({key: value for key, value in asked.items() if value})}"


def _page(
    tickets: TicketQuerySet, project: Project, *, by_due: bool, mark: Mark | None, backwards: bool
) -> list[Ticket]:
    full = tickets.select_related("assignee", "owner")
    if not by_due:
        if mark is not None:
            full = full.filter(pk__gt=mark.pk) if backwards else full.filter(pk__lt=mark.pk)
        return list(full.order_by("pk" if backwards else "-pk")[: PAGE + 1])
    if mark is None and (first := _first_page(tickets, project)):
        return _in_full(full, first)
    first_due = SlaClock.objects.live().filter(ticket=OuterRef("pk")).order_by("due_at").values("due_at")[:1]
    rows = tickets.annotate(next_due=Coalesce(Subquery(first_due), Value(FAR, output_field=DateTimeField())))
    if mark is not None and mark.due is not None:
        if backwards:
            rows = rows.filter(Q(next_due__lt=mark.due) | Q(next_due=mark.due, pk__lt=mark.pk))
        else:
            rows = rows.filter(Q(next_due__gt=mark.due) | Q(next_due=mark.due, pk__gt=mark.pk))
    order = ("-next_due", "-pk") if backwards else ("next_due", "pk")
    # All open tickets are sorted, but only those shown are read with all their columns.
    return _in_full(full, dict(rows.order_by(*order).values_list("pk", "next_due")[: PAGE + 1]))


def _first_page(tickets: TicketQuerySet, project: Project) -> dict[int, datetime]:
    """The tickets with the least time left and their due moments, found along the clocks; empty when these do not fill
    a page. Most lists are looked at no further, and need not sort every open ticket. Two statements.
    """
    live = SlaClock.objects.live().filter(project=project, ticket__isnull=False)
    dues: dict[int, datetime] = {}
    for pk, due_at in live.order_by("due_at", "ticket").values_list("ticket", "due_at")[:CLOCKS_READ]:
        dues.setdefault(pk, due_at)
    listed = set(tickets.order_by().filter(pk__in=dues).values_list("pk", flat=True))
    first = [pk for pk in dues if pk in listed][: PAGE + 1]
    return {pk: dues[pk] for pk in first} if len(first) > PAGE else {}


def _in_full(full: TicketQuerySet, dues: dict[int, datetime]) -> list[Ticket]:
    """The rows in the order of their due moments. One statement."""
    found = full.in_bulk(list(dues))
    for pk, ticket in found.items():
        ticket.next_due = dues[pk]  # type: ignore[attr-defined]
    return [found[pk] for pk in dues if pk in found]


def _mark(ticket: Ticket, by_due: bool) -> Mark:
    return Mark(ticket.next_due if by_due else None, ticket.pk)  # type: ignore[attr-defined]


def _row(ticket: Ticket, clock: SlaClock | None, *, staff: Staff, project: Project, now: datetime) -> Row:
    return Row(
        public_id=str(ticket.public_id),
        version=ticket.version,
        number=ticket.short_number,
        title=ticket.title,
        place=ticket.place,
        level="",
        line=ticket.contact_name,
        url=reverse("tickets:detail", args=(ticket.public_id,)),
        clock=clock_view(clock, now, project.tzinfo) if clock else None,
        status=status_of(ticket),
        actions=shortcuts(ticket, staff),
        created_at=ticket.reported_at,
        kind_label=str(kind_of(ticket).name),
        channel_label=str(CHANNELS.get(ticket.channel, ticket.channel)),
        assignee=ticket.assignee.name if ticket.assignee else "",
    )
