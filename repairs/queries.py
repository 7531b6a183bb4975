"""What the technician's phone shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from repairs.models import Visit
from repairs.ranking import IN_HAND, ON_THE_WAY
from repairs.workflow import WORKFLOW
from residents.models import DutyShift, Project, Staff
from residents.models.staff import Trade
from residents.words import in_clauses, listed
from tickets.acting import new_form_key
from tickets.clock_text import ClockView, clock_view, duration_text, used_seconds
from tickets.models import SlaClock, Ticket
from tickets.models.ticket import TicketQuerySet
from tickets.queries.shown import Status, next_clocks, status_of

MINE = ("dispatched", "accepted", "missed_visit", "on_site", "in_work")
SOON = timedelta(minutes=30)
"""An appointment this near comes before everything that waits."""
ROWS = 30


@dataclass(frozen=True)
class Next:
    """The next step: one button, or `opens` the job's page where it asks for more."""

    code: str
    label: str
    icon: str
    opens: bool = False


@dataclass(frozen=True)
class Job:
    """The job on top of the list."""

    public_id: str
    version: int
    form_key: str
    url: str
    title: str
    place_line: str
    number: str
    status: Status
    clock: ClockView | None
    hint: str
    tel: str
    map_url: str
    refuse_url: str
    next: Next | None


@dataclass(frozen=True)
class Upcoming:
    public_id: str
    url: str
    title: str
    place_line: str
    when: str


@dataclass(frozen=True)
class Pooled:
    """A job of the open pool; `code` is the act that takes it."""

    public_id: str
    version: int
    form_key: str
    title: str
    place_line: str
    code: str = "accept"


@dataclass(frozen=True)
class Jobs:
    current: Job | None
    upcoming: list[Upcoming]
    pool: list[Pooled]


NEXT = {
    "dispatched": ("accept", "check"),
    "accepted": ("arrive", "map-pin"),
    "missed_visit": ("arrive", "map-pin"),
    "on_site": ("start", "tool"),
    "finished": ("report_completion", "circle-check"),
}


def next_step(ticket: Ticket) -> Next | None:
    """What a technician does next; None when it is somebody else's turn."""
    if ticket.state == "in_work":
        return Next("finish", _("继续：填写完工"), "circle-check", opens=True)
    found = NEXT.get(ticket.state)
    if found is None:
        return None
    code, icon = found
    line = WORKFLOW.find(code, ticket.state)
    assert line is not None
    label = _("到场签到") if code == "arrive" else str(line.label)
    return Next(code, label, icon)


def jobs_of(staff: Staff, project: Project, *, now: datetime) -> Jobs:
    """The current job, what comes after it, and the pool of the person's trades. Four statements."""
    mine = list(_read(Ticket.objects.open().filter(project=project, assignee=staff, kind="repair", state__in=MINE)))
    visits = _visits(mine)
    clocks = next_clocks(mine)
    far = now + timedelta(days=999)

    def order(ticket: Ticket) -> tuple[int, datetime, int]:
        clock, visit = clocks.get(ticket.pk), visits.get(ticket.pk)
        later = visit is not None and visit.window_from is not None and visit.window_from > now + SOON
        rank = 0 if ticket.state in IN_HAND else 2 if later else 1
        when = visit.window_from if later and visit is not None and visit.window_from else None
        return rank, when or (clock.due_at if clock else far), ticket.pk

    mine.sort(key=order)
    first = mine[0] if mine and order(mine[0])[0] < 2 else None
    rest = [ticket for ticket in mine if ticket is not first]
    # Accepted by rule, a pooled job still has nobody (rule REP-15).
    pool = _read(Ticket.objects.open().filter(project=project, is_pooled=True, kind="repair", state__in=ON_THE_WAY))
    wanted = pool.filter(Q(repair__trade__in=staff.trades) | Q(repair__trade=Trade.GENERAL))
    if Trade.GENERAL in staff.trades:
        wanted = pool
    return Jobs(
        _job(first, clocks.get(first.pk), project, now) if first else None,
        [_upcoming(ticket, visits.get(ticket.pk), now) for ticket in rest],
        [
            Pooled(str(t.public_id), t.version, new_form_key(), t.title, place_line(t))
            for t in wanted.order_by("pk")[:ROWS]
        ],
    )


def _read(tickets: TicketQuerySet) -> TicketQuerySet:
    return tickets.select_related("repair", "reporter", "unit", "project")


def _visits(tickets: list[Ticket]) -> dict[int, Visit]:
    rows = Visit.objects.filter(ticket__in=tickets).order_by("number")
    return {visit.ticket_id: visit for visit in rows}


def place_line(ticket: Ticket) -> str:
    """3栋1单元2502 · 户内 · 返修"""
    parts = [ticket.place, _("公共") if ticket.is_public_area else _("户内")]
    if ticket.rework_count or ticket.rework_of_id:
        parts.append(_("返修"))
    return " · ".join(parts)


def hint_of(ticket: Ticket) -> str:
    """What to know before knocking."""
    care = ticket.reporter.care_note if ticket.reporter else ""
    return in_clauses(part for part in (care, ticket.description) if part)


def telephone(ticket: Ticket) -> str:
    return f"tel:{ticket.contact_phone}" if ticket.contact_phone else ""


def _job(ticket: Ticket, clock: SlaClock | None, project: Project, now: datetime) -> Job:
    url = reverse("repairs:tech_job", args=(ticket.public_id,))
    state = Status(status_of(ticket).icon, _("已接单，前往")) if ticket.state == "accepted" else status_of(ticket)
    return Job(
        public_id=str(ticket.public_id),
        version=ticket.version,
        form_key=new_form_key(),
        url=url,
        title=ticket.title,
        place_line=place_line(ticket),
        number=ticket.short_number,
        status=state,
        clock=clock_view(clock, now, project.tzinfo) if clock else None,
        hint=hint_of(ticket),
        tel=telephone(ticket),
        map_url="",
        refuse_url=f"{url}#refuse" if ticket.state == "dispatched" else "",
        next=next_step(ticket),
    )


def _upcoming(ticket: Ticket, visit: Visit | None, now: datetime) -> Upcoming:
    line = place_line(ticket)
    when = str(status_of(ticket).label)
    if visit is not None and visit.window_from is not None and visit.window_to is not None:
        begins, ends = timezone.localtime(visit.window_from), timezone.localtime(visit.window_to)
        line += _(" · 约 %(window)s") % {"window": f"{begins:%H:%M}–{ends:%H:%M}"}
        is_today = begins.date() == timezone.localtime(now).date()
        when = f"{begins:%H:%M}" if is_today else f"{begins:%m-%d %H:%M}"
    url = reverse("repairs:tech_job", args=(ticket.public_id,))
    return Upcoming(str(ticket.public_id), url, ticket.title, line, when)


@dataclass(frozen=True)
class Progress:
    label: str
    state: str


STEPS = ("accepted", "arrived", "work_started", "in_work", "work_finished")
REACHED = {"dispatched": 0, "accepted": 1, "missed_visit": 1, "on_site": 2, "in_work": 3}


def progress_of(ticket: Ticket, clocks: list[SlaClock], now: datetime) -> list[Progress]:
    """接单-到场-开工-施工中-完工, with the time the arrival took."""
    latest = {clock.rule_code: clock for clock in clocks}
    reached = REACHED.get(ticket.state, 5)
    if ticket.state in ("reported", "rework"):
        reached = 0
    arrival = latest.get("REP-16")
    arrived = _("到场")
    if reached > 1 and arrival is not None and arrival.stopped_at is not None:
        arrived = f"{arrived} {duration_text(used_seconds(arrival, now))}"
    labels = (_("接单"), arrived, _("开工"), _("施工中"), _("完工"))
    return [
        Progress(label, "past" if index < reached else "now" if index == reached else "todo")
        for index, label in enumerate(labels)
    ]


def running_shift(staff: Staff, project: Project, *, now: datetime) -> DutyShift | None:
    """The person's shift in this project, if one runs."""
    return (
        DutyShift.objects.filter(staff=staff, project=project, started_at__lte=now, ends_at__gt=now, ended_at=None)
        .order_by("-started_at")
        .first()
    )


def trade_text(staff: Staff) -> str:
    return listed(Trade(code).label for code in staff.trades if code in Trade.values)
