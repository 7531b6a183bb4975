"""What the console shows, read in a number of statements that does not grow with the rows."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from residents.models import Occupancy, Project, Staff, Unit
from residents.search import Household as Found
from residents.search import find_households
from residents.words import listed, noted
from tickets.clock_text import ClockView, clock_view
from tickets.closing import SATISFIED
from tickets.intake import Cover, Outlook
from tickets.kinds import all_kinds, kind_of
from tickets.models import Callback, ClockState, Notice, SlaClock, SweepRun, Ticket
from tickets.queries.shown import Shortcut, Status, Tab, next_clocks, shortcuts, status_of
from tickets.sla.definitions import definition
from tickets.workflow import Stage

ROWS = 60
"""Rows the queue shows at most."""
CLOCKS_READ = 600
"""Live clocks the queue looks at, the nearest first: enough for its rows and for exact counts on an ordinary day."""
ENGINE_LATE_AFTER = 30
"""Seconds without a sweep after which the footer turns red."""
RECENT = timedelta(hours=12)
LOOK_BACK = timedelta(days=90)
DISPATCH_KEY, URGE_KEY = "P", "U"
MONTHS = 2
"""The lane of clocks that run for months; they enter the queue when they turn amber."""

TABS: dict[str, Promise] = {
    "mine": gettext_lazy("我的"),
    "all": gettext_lazy("全部"),
    "near": gettext_lazy("超时与临近"),
}


# The queue


@dataclass(frozen=True)
class RowAction(Shortcut):
    """A shortcut of one row; `shown` is drawn as its button."""

    shown: bool = False


@dataclass(frozen=True)
class QueueRow:
    """One ticket and the clock of it that ends next."""

    public_id: uuid.UUID
    version: int
    number: str
    title: str
    place: str
    line: str
    url: str
    clock: ClockView
    status: Status
    actions: Sequence[RowAction]
    level: str = ""

    @property
    def has_button(self) -> bool:
        return any(action.shown for action in self.actions)


@dataclass(frozen=True)
class Counter:
    """How many open tickets wait for one stage, and the list of them."""

    label: str
    number: int
    url: str


@dataclass(frozen=True)
class Engine:
    """When the SLA engine last looked; `late` when it has not for half a minute."""

    swept_at: datetime | None
    seconds: int
    late: bool


@dataclass(frozen=True)
class Queue:
    """The right column of the console."""

    rows: Sequence[QueueRow]
    tabs: Sequence[Tab]
    counts: Sequence[Counter]
    engine: Engine
    queue_url: str


@dataclass(frozen=True)
class _Next:
    """The next clock of one ticket, and what decides in which tabs the ticket stands."""

    clock_id: int
    ends_at: datetime
    is_near: bool
    is_mine: bool


def live_queue(staff: Staff, project: Project, *, tab: str, at: datetime) -> Queue:
    """Everything with a running clock, the nearest first, one row per ticket. Five statements."""
    tab = tab if tab in TABS else "all"
    waiting, cut = _next_clocks(staff, project, at)
    inside = {
        "mine": [n for n in waiting if n.is_mine],
        "all": waiting,
        "near": [n for n in waiting if n.is_near],
    }
    here = reverse("frontdesk:console")
    return Queue(
        rows=_rows([n.clock_id for n in inside[tab][:ROWS]], staff, project, at),
        tabs=[
            Tab(
                code=code,
                label=str(label),
                count=f"{len(inside[code])}{'+' if cut else ''}",
                url=f"{here}?{urlencode({'tab': code})}",
                current=code == tab,
            )
            for code, label in TABS.items()
        ],
        counts=_counters(project),
        engine=engine_state(at),
        queue_url=f"{reverse('frontdesk:queue')}?{urlencode({'tab': tab})}",
    )


def _next_clocks(staff: Staff, project: Project, at: datetime) -> tuple[list[_Next], bool]:
    """Each ticket's next clock by end, and whether there are more clocks than were read."""
    # A bounded walk along the index of live clocks by due moment: what is due next month is not read today.
    read = list(
        SlaClock.objects.live()
        .filter(Q(lane__lt=MONTHS) | Q(amber_at__lte=at), project=project, ticket__isnull=False)
        .order_by("due_at", "pk")
        .values_list(
            "pk",
            "ticket_id",
            "state",
            "started_at",
            "original_due_at",
            "due_at",
            "amber_at",
            "consumed",
            "ticket__owner_id",
            "ticket__assignee_id",
        )[: CLOCKS_READ + 1]
    )
    found: dict[int, _Next] = {}
    for pk, ticket_id, state, started, original, due, amber, consumed, *people in read[:CLOCKS_READ]:
        paused = state == ClockState.PAUSED
        # A clock that stands still is never late: its end moves with the time.
        ends_at = at + (original - started) - timedelta(seconds=consumed) if paused else due
        best = found.get(ticket_id)
        # Of clocks that end together the one armed last names the step to take: 派单, not 告知工程.
        if best is None or (ends_at, -pk) < (best.ends_at, -best.clock_id):
            near = not paused and at >= min(amber, due)
            found[ticket_id] = _Next(pk, ends_at, near, staff.pk in people)
    return sorted(found.values(), key=lambda n: (n.ends_at, n.clock_id)), len(read) > CLOCKS_READ


def _rows(clock_ids: list[int], staff: Staff, project: Project, at: datetime) -> list[QueueRow]:
    clocks = (
        SlaClock.objects.select_related("ticket__assignee", "ticket__owner").defer("ticket__search").in_bulk(clock_ids)
    )
    views = {pk: clock_view(clock, at, project.tzinfo) for pk, clock in clocks.items()}
    told = _escalated([pk for pk, view in views.items() if view.state == "late"])
    rows = []
    for pk in clock_ids:
        clock, view = clocks[pk], views[pk]
        ticket = clock.ticket
        assert ticket is not None
        rows.append(
            QueueRow(
                public_id=ticket.public_id,
                version=ticket.version,
                number=ticket.short_number,
                title=ticket.title,
                place=ticket.place,
                line=_line(ticket, clock, told.get(pk, ""), project),
                url=reverse("tickets:detail", args=[ticket.public_id]),
                clock=view,
                status=status_of(ticket),
                actions=_actions(ticket, staff, late=view.state == "late"),
            )
        )
    return rows


def _escalated(clock_ids: list[int]) -> dict[int, str]:
    """Who was told last of each late clock. One statement."""
    told = (
        Notice.objects.filter(clock__in=clock_ids, level__gte=1)
        .order_by("level", "-pk")
        .values_list("clock_id", "staff__name")
    )
    return dict(told)


def _line(ticket: Ticket, clock: SlaClock, told: str, project: Project) -> str:
    """Who holds it and what stands: 赵磊 · 已升级 刘建国."""
    if ticket.assignee is not None:
        who = ticket.assignee.name
    elif ticket.is_pooled:
        who = _("抢单池")
    else:
        stage = kind_of(ticket).workflow.state(ticket.state).stage
        who = _("未派") if stage is Stage.DISPATCH else (ticket.owner.name if ticket.owner else "")
    if told:
        what = _("已升级 %(name)s") % {"name": told}
    elif definition(clock.rule_code).due is not None:
        what = _("约 %(time)s 前") % {"time": clock.due_at.astimezone(project.tzinfo).strftime("%H:%M")}
    else:
        what = f"{status_of(ticket).label} {ticket.last_step_at.astimezone(project.tzinfo):%H:%M}"
    return " · ".join(part for part in (who, what) if part)


def _actions(ticket: Ticket, staff: Staff, *, late: bool) -> list[RowAction]:
    """The acts with a key; dispatch is drawn while nobody has the job, urging when it is late."""
    free = ticket.assignee_id is None and not ticket.is_pooled
    drawn = DISPATCH_KEY if free else URGE_KEY if late else ""
    return [RowAction(s.label, s.key, s.url, s.key == drawn) for s in shortcuts(ticket, staff)]


def _counters(project: Project) -> list[Counter]:
    """Open tickets by stage, counted along the index of states. One statement."""
    stages = {
        state.code: state.stage for kind in all_kinds() for state in kind.workflow.states if state.stage is not None
    }
    counted = dict.fromkeys(Stage, 0)
    states = Ticket.objects.filter(project=project, state__in=list(stages)).values_list("state")
    for code, number in states.annotate(number=Count("pk")):
        counted[stages[code]] += number
    listed = reverse("tickets:list")
    return [
        Counter(str(stage.label), number, f"{listed}?{urlencode({'tab': 'todo', 'stage': stage.value})}")
        for stage, number in counted.items()
    ]


def engine_state(at: datetime) -> Engine:
    """The engine's heartbeat. One statement."""
    swept_at = SweepRun.objects.order_by("-finished_at").values_list("finished_at", flat=True).first()
    seconds = max(int((at - swept_at).total_seconds()), 0) if swept_at else 0
    return Engine(swept_at, seconds, late=swept_at is None or seconds > ENGINE_LATE_AFTER)


# The household


@dataclass(frozen=True)
class Home:
    """A unit of the project and who lives there; `caller` is the one on the phone, if the desk knows."""

    unit: Unit
    occupancies: Sequence[Occupancy] = ()
    caller: Occupancy | None = None

    @property
    def value(self) -> str:
        """What the form sends back: the unit's public id, with a colon and the caller's when known."""
        return f"{self.unit.public_id}:{self.caller.person.public_id}" if self.caller else str(self.unit.public_id)

    @property
    def label(self) -> str:
        return self.unit.label

    @property
    def person(self) -> str:
        return self.caller.person.name if self.caller else ""


@dataclass(frozen=True)
class UnitOption:
    """A home found by what was typed; the phone is masked."""

    value: str
    label: str
    person: str
    relation: str
    phone: str


@dataclass(frozen=True)
class Contact:
    """The person on the phone; the phone is masked."""

    name: str
    relation: str
    phone: str


@dataclass(frozen=True)
class Line:
    """An earlier ticket of the home."""

    url: str
    title: str
    number: str
    status: Status
    line: str = ""
    meta: str = ""


@dataclass(frozen=True)
class HouseholdCard:
    """The left column: who lives there and what they have had with us."""

    label: str
    code: str
    area_layout: str
    steward: str
    members: str
    tags: Sequence[str]
    person: Contact | None
    warranty: Cover | None
    open_items: Sequence[Line]
    recent_line: str
    recent_items: Sequence[Line]
    note: str


@dataclass(frozen=True)
class RecentLine:
    """Something the desk has taken down lately."""

    at: datetime
    unit: str
    person: str
    title: str
    url: str


def unit_options(query: str, project: Project, at: datetime) -> list[UnitOption]:
    """Homes that the typed words name, best first. At most three statements."""
    found = find_households(query, project=project, on=_today(project, at))
    return [_option(row) for row in found]


def _option(row: Found) -> UnitOption:
    caller = row.occupancy
    return UnitOption(
        value=Home(row.unit, caller=caller).value,
        label=row.unit.label,
        person=caller.person.name if caller else "",
        relation=caller.get_role_display() if caller else "",
        phone=caller.person.masked_phone if caller else "",
    )


CALLER = ("role", "unit_id", "person_id")
LEAN = (
    *CALLER,
    *(f"unit__{name}" for name in ("company_id", "public_id", "project_id", "building_id", "label", "hand_over_on")),
    *(f"person__{name}" for name in ("company_id", "public_id", "name", "phone", "is_key_customer")),
)
"""What taking a matter down needs of a home and its people; the rest of sixty columns is for the left column."""


def find_home(value: str, project: Project, at: datetime, *, lean: bool = False) -> Home | None:
    """The home a form names, by its own value; None for one that is not in the project. One statement if lived in.

    `lean` leaves out the columns that only the left column shows; they are read when asked for.
    """
    unit_id, _colon, person_id = value.partition(":")
    try:
        wanted, person = uuid.UUID(unit_id), uuid.UUID(person_id) if person_id else None
    except ValueError:
        return None
    people = (
        Occupancy.objects.filter(unit__public_id=wanted, unit__project=project)
        .current(on=_today(project, at))
        .select_related("unit", "person")
        .order_by("-is_contact", "pk")
    )
    living = list(people.only(*LEAN) if lean else people.defer("unit__search", "person__search"))
    if not living:
        unit = Unit.objects.filter(public_id=wanted, project=project).first()
        return Home(unit) if unit else None
    named = next((row for row in living if row.person.public_id == person), living[0])
    return Home(living[0].unit, living, named)


def named_home(query: str, project: Project, at: datetime) -> tuple[Home | None, int]:
    """The only home the typed words can mean, and how many they name. At most five statements."""
    found = find_households(query, project=project, on=_today(project, at))
    exact = [row for row in found if query.strip() in (row.unit.short, row.unit.label, row.unit.code)]
    meant = exact or found
    if len({row.unit.pk for row in meant}) != 1:
        return None, len(meant)
    return find_home(Home(meant[0].unit, caller=meant[0].occupancy).value, project, at), 1


def household_card(home: Home, project: Project, *, outlook: Outlook, at: datetime) -> HouseholdCard:
    """The home and its last 90 days. Four statements."""
    unit, caller = home.unit, home.caller
    tickets = list(Ticket.objects.defer("search").filter(unit=unit).order_by("-pk")[:20])
    still_open = [ticket for ticket in tickets if ticket.is_open]
    past = [t for t in tickets if t.closed_at is not None and t.reported_at >= at - LOOK_BACK]
    recent = [t for t in tickets if t.reported_at >= at - LOOK_BACK]
    clocks = next_clocks(still_open)
    marks = dict(
        Callback.objects.filter(ticket__in=[t.pk for t in recent], satisfaction__isnull=False)
        .order_by("pk")
        .values_list("ticket_id", "satisfaction")
    )
    area = f"{unit.area.normalize():f}㎡" if unit.area else ""
    others = [row for row in home.occupancies if caller is None or row.person_id != caller.person_id]
    return HouseholdCard(
        label=unit.label,
        code=unit.grouped_code,
        area_layout=" · ".join(part for part in (area, unit.layout) if part),
        steward=f"{unit.keeper.name} {unit.keeper.number}" if unit.keeper else "",
        members=listed(noted(row.person.name, row.get_role_display()) for row in others),
        tags=_tags(caller),
        person=Contact(caller.person.name, caller.get_role_display(), caller.person.masked_phone) if caller else None,
        warranty=outlook.cover,
        open_items=[_open_line(t, clocks.get(t.pk), project, at) for t in still_open],
        recent_line=_recent_line(recent, marks),
        recent_items=[_past_line(t, marks.get(t.pk), project) for t in past[:5]],
        note=caller.person.care_note if caller else "",
    )


def recently_taken(project: Project, at: datetime) -> list[RecentLine]:
    """The desk's last few matters of the shift. One statement, along the index of newest tickets."""
    newest = Ticket.objects.defer("search").filter(project=project).order_by("-pk")[:8]
    return [
        RecentLine(
            at=t.reported_at,
            unit=t.place,
            person=t.contact_name,
            title=t.title,
            url=reverse("tickets:detail", args=[t.public_id]),
        )
        for t in newest
        if t.entered_at >= at - RECENT
    ]


def _tags(caller: Occupancy | None) -> list[str]:
    if caller is None:
        return []
    person = caller.person
    tags = [str(_("关键客户"))] if person.is_key_customer else []
    tags += person.tags
    if person.preferred_times:
        tags.append(_("方便时间：%(times)s") % {"times": person.preferred_times})
    return tags


def _open_line(ticket: Ticket, clock: SlaClock | None, project: Project, at: datetime) -> Line:
    status = status_of(ticket)
    line = status.label
    if clock is not None:
        view = clock_view(clock, at, project.tzinfo)
        sentence = _("%(label)s超时 %(time)s") if view.state == "late" else _("%(label)s剩 %(time)s")
        line = f"{line} · {sentence % {'label': view.label, 'time': view.text.lstrip('+')}}"
    return Line(_url(ticket), ticket.title, ticket.short_number, status, line=line)


def _past_line(ticket: Ticket, mark: int | None, project: Project) -> Line:
    day = ticket.reported_at.astimezone(project.tzinfo).strftime("%m-%d")
    word = {5: _("非常满意"), 4: _("满意"), 3: _("一般"), 2: _("不满意"), 1: _("很不满意")}.get(mark or 0, "")
    meta = " · ".join(part for part in (day, word) if part)
    return Line(_url(ticket), ticket.title, ticket.short_number, status_of(ticket), meta=meta)


def _recent_line(recent: list[Ticket], marks: dict[int, int | None]) -> str:
    """报修 3 · 满意 2/2."""
    parts = []
    for kind in all_kinds():
        number = sum(1 for ticket in recent if ticket.kind == kind.code)
        if number:
            parts.append(f"{kind.name} {number}")
    if marks:
        happy = sum(1 for mark in marks.values() if mark is not None and mark >= SATISFIED)
        parts.append(_("满意 %(happy)d/%(asked)d") % {"happy": happy, "asked": len(marks)})
    return " · ".join(parts)


def _url(ticket: Ticket) -> str:
    return reverse("tickets:detail", args=[ticket.public_id])


def _today(project: Project, at: datetime) -> date:
    return at.astimezone(project.tzinfo).date()
