"""One ticket's page: the steps with time used and allowed, its clocks, what the archive still lacks, who and what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import Prefetch
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from residents.models import Occupancy, Staff
from residents.privacy import masked
from residents.words import yuan
from tickets import policies
from tickets.acting import Button, buttons, new_form_key
from tickets.clock_text import clock_state, duration_text, remaining_text, used_seconds
from tickets.forms import CommentForm
from tickets.intake import CHANNELS
from tickets.kinds import Condition, TicketKind, all_kinds, kind_of
from tickets.models import Attachment, ClockState, SlaClock, Ticket, TicketEvent
from tickets.models.ticket import TicketQuerySet
from tickets.queries.shown import Status, Tab, photo_of, status_of
from tickets.queries.timeline import label_of, timeline_of
from tickets.sla.definitions import definition

PICTURES = ("before", "after", "other")
PAPERS = ("signature", "consent", "slip", "receipt")
TABS = ("timeline", "photos", "materials", "reporters", "documents")


@dataclass(frozen=True)
class Tag:
    label: str
    url: str = ""


@dataclass(frozen=True)
class Link:
    number: str
    url: str


@dataclass(frozen=True)
class Head:
    """The ticket as the page's head and forms name it."""

    public_id: str
    version: int
    number: str
    title: str
    place: str
    url: str
    back_url: str
    status: Status
    tags: tuple[Tag, ...]
    meta: str
    merged_into: Link | None
    duplicates: tuple[Link, ...]


@dataclass(frozen=True)
class TrackStep:
    """A step of the track: `used` and `allowed` as texts, `late` when it took longer than allowed."""

    label: str
    state: str
    time: str = ""
    note: str = ""
    used: str = ""
    allowed: str = ""
    late: bool = False


@dataclass(frozen=True)
class ClockRow:
    """One clock on the ticket page. `late`: it ended too late; `reason` says why it ended or was corrected."""

    label: str
    state: str
    text: str
    value: float
    max: float
    late: bool = False
    start: datetime | None = None
    warn: datetime | None = None
    due: datetime | None = None
    reason: str = ""


@dataclass(frozen=True)
class Fact:
    label: str
    value: str


@dataclass(frozen=True)
class Household:
    owner: str
    label: str
    phone: str
    contact: str
    steward: str


@dataclass(frozen=True)
class MaterialRow:
    name: str
    quantity: str
    covered: str
    price: str


@dataclass(frozen=True)
class ReporterRow:
    name: str
    unit: str
    phone: str
    channel: str
    at: datetime
    replied: str


@dataclass(frozen=True)
class Document:
    name: str
    url: str
    meta: str


@dataclass(frozen=True)
class MenuItem:
    label: str
    url: str


@dataclass(frozen=True)
class Leave:
    url: str


def for_page(tickets: TicketQuerySet) -> TicketQuerySet:
    """With everything the page, its gates and its buttons ask, in a fixed number of statements."""
    related = [name for kind in all_kinds() for name in kind.related]
    prefetch = [name for kind in all_kinds() for name in kind.prefetch]
    return tickets.select_related(
        "project",
        "assignee",
        "owner",
        "accepted_by",
        "reviewed_by",
        "unit__keeper",
        "reporter",
        "merged_into",
        "rework_of",
        *related,
    ).prefetch_related(
        "promises",
        "approvals",
        Prefetch("merged", Ticket.objects.only("pk", "number", "public_id", "merged_into")),
        *prefetch,
    )


def page_context(
    ticket: Ticket, staff: Staff, *, now: datetime, tab: str = "", key_only: bool = False, before: int | None = None
) -> dict[str, Any]:
    """The context of tickets/_body.html for a ticket read by `for_page`."""
    kind = kind_of(ticket)
    tab = tab if tab in TABS else "timeline"
    offered, blocked = buttons(ticket, staff)
    files = list(ticket.attachments.all())
    clocks = list(SlaClock.objects.filter(ticket=ticket).order_by("started_at", "pk"))
    timeline = timeline_of(ticket, files, key_only=key_only, before=before)
    conditions = kind.conditions(ticket)
    conditions += _tail_conditions(ticket)
    url = reverse("tickets:detail", args=(ticket.public_id,))
    here = _address(url, tab=tab, key_only=key_only, before=before)
    bill = kind.bill(ticket)
    photos = [photo_of(file) for file in files if file.purpose in PICTURES]
    papers = [file for file in files if file.purpose in PAPERS]
    edit = next((item for item in offered if item.code == "edit"), None)
    visible = [item for item in offered if item.code != "edit"]
    return {
        "ticket": _head(ticket, kind, here),
        "actions": [item for item in visible if not item.menu],
        "actions_in_menu": [MenuItem(item.label, item.url) for item in visible if item.menu],
        "edit_action": edit,
        "blocked": blocked,
        "form_key": new_form_key(),
        "steps": track(ticket, kind, clocks, now),
        "clocks": [_clock_row(clock, kind, now) for clock in clocks],
        "leave_action": _leave(ticket, visible),
        "tabs": _tabs(tab, url, timeline.total, len(photos), len(bill.lines), ticket, len(papers)),
        "tab": tab,
        "key_only": key_only,
        "key_only_url": _address(url, tab=tab, key_only=not key_only),
        "events": timeline.lines,
        "older_url": _address(url, tab=tab, key_only=key_only, before=timeline.older) if timeline.older else "",
        "comment_url": reverse("tickets:comment", args=(ticket.public_id,)),
        "comment_form": CommentForm(),
        "gates": conditions,
        "gates_met": sum(1 for row in conditions if row.met),
        "photos": photos,
        "materials": [MaterialRow(name, quantity, covered, yuan(fen)) for name, quantity, covered, fen in bill.lines],
        "materials_total": yuan(bill.total_fen),
        "reporters": _reporters(ticket),
        "documents": [_document(file) for file in papers],
        "household": _household(ticket, now),
        "facts": [Fact(label, value) for label, value in _facts(ticket, kind)],
        "attach_url": reverse("tickets:attach", args=(ticket.public_id,)),
        "can_attach": ticket.is_open and policies.ATTACH.allows(staff, project_id=ticket.project_id),
    }


def _address(url: str, *, tab: str, key_only: bool, before: int | None = None) -> str:
    asked: dict[str, str] = {}
    if tab != "timeline":
        asked["tab"] = tab
    if key_only:
        asked["key_only"] = "1"
    if before is not None:
        asked["before"] = str(before)
    return f"{url}?{urlencode(asked)}" if asked else url


def _head(ticket: Ticket, kind: TicketKind, here: str) -> Head:
    tags = [Tag(text) for text in kind.tags(ticket)]
    if ticket.rework_of is not None:
        original = ticket.rework_of
        label = _("返修 · 原单 %(number)s") % {"number": original.short_number}
        tags.append(Tag(label, reverse("tickets:detail", args=(original.public_id,))))
    when = timezone.localtime(ticket.reported_at)
    meta = f"{CHANNELS.get(ticket.channel, ticket.channel)} {when:%m-%d %H:%M:%S}"
    if ticket.owner is not None:
        meta += " · " + _("受理 %(name)s") % {"name": ticket.owner.name}
    return Head(
        public_id=str(ticket.public_id),
        version=ticket.version,
        number=ticket.number,
        title=ticket.title,
        place=ticket.place,
        url=here,
        back_url=reverse("tickets:list"),
        status=status_of(ticket),
        tags=tuple(tags),
        meta=meta,
        merged_into=_link(ticket.merged_into) if ticket.merged_into else None,
        duplicates=tuple(_link(row) for row in ticket.merged.all()),
    )


def _link(ticket: Ticket) -> Link:
    return Link(ticket.number, reverse("tickets:detail", args=(ticket.public_id,)))


def _leave(ticket: Ticket, offered: list[Button]) -> Leave | None:
    found = next((item for item in offered if item.code == "leave_early"), None)
    return Leave(found.url) if found else None


def _tabs(tab: str, url: str, events: int, photos: int, materials: int, ticket: Ticket, papers: int) -> list[Tab]:
    rows = [
        ("timeline", _("时间线"), events),
        ("photos", _("照片"), photos),
        ("materials", _("材料与费用"), materials),
        ("reporters", _("报事人"), len(ticket.reporters.all())),
        ("documents", _("单据"), papers),
    ]
    if not ticket.is_public_area and not rows[3][2]:
        del rows[3]
    return [
        Tab(code, label, _address(url, tab=code, key_only=False), code == tab, count or None)
        for code, label, count in rows
    ]


# The track


def track(ticket: Ticket, kind: TicketKind, clocks: list[SlaClock], now: datetime) -> list[TrackStep]:
    """Every step with when it was done, the time it used and the time it was allowed. One statement."""
    done = _done(ticket, kind)
    latest: dict[str, SlaClock] = {}
    for row in clocks:
        if row.state != ClockState.CANCELLED:
            latest[row.rule_code] = row
    rows: list[TrackStep] = []
    before: datetime | None = None
    current = next((index for index in range(len(kind.track)) if index not in done), None)
    for index, step in enumerate(kind.track):
        clock = next((latest[code] for code in step.rules if code in latest), None)
        event = done.get(index)
        if event is not None:
            rows.append(_past(str(step.label), _step_time(event.occurred_at, now), clock, event, before, now))
            before = event.occurred_at
        elif index == current and ticket.is_open:
            rows.append(_now(str(step.label), str(step.hint), clock, before, now))
        else:
            rows.append(TrackStep(str(step.label), "todo", note=str(step.hint)))
    return rows


def _done(ticket: Ticket, kind: TicketKind) -> dict[int, TicketEvent]:
    """The event that completed each step, counting from the last time it or an earlier one was taken back."""
    completes = {name: index for index, step in enumerate(kind.track) for name in step.events}
    undoes: dict[str, int] = {}
    for index, step in enumerate(kind.track):
        for name in step.undone_by:
            undoes.setdefault(name, index)
    done: dict[int, TicketEvent] = {}
    for event in ticket.events.filter(kind__in=[*completes, *undoes]).order_by("pk"):
        first = undoes.get(event.kind, completes.get(event.kind))
        if first is None:
            continue
        if event.kind in undoes:
            done = {index: row for index, row in done.items() if index < first}
        if event.kind in completes:
            done[completes[event.kind]] = event
    return done


def _past(
    label: str, time: str, clock: SlaClock | None, event: TicketEvent, before: datetime | None, now: datetime
) -> TrackStep:
    if clock is not None and clock.stopped_at is not None:
        late = clock.breached_at is not None and not clock.counts_as_met
        return TrackStep(
            label, "past", time, used=duration_text(used_seconds(clock, now)), allowed=_allowed(clock), late=late
        )
    if before is None:
        return TrackStep(label, "past", time)
    return TrackStep(label, "past", time, used=duration_text((event.occurred_at - before).total_seconds()))


def _now(label: str, hint: str, clock: SlaClock | None, before: datetime | None, now: datetime) -> TrackStep:
    if clock is not None and clock.is_live:
        late = clock_state(clock, now) == "late"
        used = duration_text(used_seconds(clock, now))
        return TrackStep(label, "now", used=used, allowed=_allowed(clock), late=late, note=hint)
    used = duration_text((now - before).total_seconds()) if before else ""
    return TrackStep(label, "now", used=used, note=hint)


def _step_time(moment: datetime, now: datetime) -> str:
    """To the second today, 03-17 14:32 before."""
    local = timezone.localtime(moment)
    same_day = local.date() == timezone.localtime(now).date()
    return f"{local:%H:%M:%S}" if same_day else f"{local:%m-%d %H:%M}"


def _allowed(clock: SlaClock) -> str:
    return duration_text(max((clock.due_at - clock.started_at).total_seconds(), 0))


# The cards beside the timeline


def _clock_row(clock: SlaClock, kind: TicketKind, now: datetime) -> ClockRow:
    label = str(definition(clock.rule_code).label)
    allowed = max((clock.due_at - clock.started_at).total_seconds(), 1.0)
    used = used_seconds(clock, now)
    state = clock_state(clock, now)
    reason = label_of(kind, clock.reason) if clock.reason else ""
    if state == "done":
        text = _("取消") if clock.state == ClockState.CANCELLED else duration_text(used)
        late = clock.breached_at is not None and not clock.counts_as_met
        if late:
            text = _("%(used)s 超时") % {"used": text}
        return ClockRow(label, "done", text, min(used, allowed), allowed, late=late, reason=reason)
    left = (clock.due_at - now).total_seconds()
    text = duration_text(max(allowed - used, 0)) if state == "paused" else remaining_text(left)
    return ClockRow(
        label,
        "run" if state == "ok" else state,
        text,
        min(used, allowed),
        allowed,
        start=clock.started_at,
        warn=clock.amber_at if state != "paused" else None,
        due=clock.due_at if state != "paused" else None,
        reason=reason,
    )


def _tail_conditions(ticket: Ticket) -> list[Condition]:
    rows = (
        (_("管家验收"), ticket.accepted_at, "CBK-04"),
        (_("电话回访"), ticket.called_back_at, "CBK-02"),
        (_("客服中心负责人审核"), ticket.reviewed_at, "CBK-04"),
    )
    return [Condition(label, moment is not None, "", rule) for label, moment, rule in rows]


def _reporters(ticket: Ticket) -> list[ReporterRow]:
    channel = str(CHANNELS.get(ticket.channel, ticket.channel))
    return [
        ReporterRow(
            name=str(row),
            unit="",
            phone=masked(row.phone),
            channel=channel,
            at=row.reported_at,
            replied=f"{timezone.localtime(row.replied_at):%m-%d %H:%M}" if row.replied_at else "",
        )
        for row in ticket.reporters.all()
    ]


def _document(file: Attachment) -> Document:
    url = reverse("tickets:attachment", args=(file.public_id,))
    when = timezone.localtime(file.uploaded_at)
    return Document(str(Attachment.Purpose(file.purpose).label), url, f"{when:%m-%d %H:%M}")


def _household(ticket: Ticket, now: datetime) -> Household | None:
    unit = ticket.unit
    if unit is None:
        return None
    today = timezone.localtime(now).date()
    rows = list(
        Occupancy.objects.filter(unit=unit).current(on=today).select_related("person").order_by("-is_contact", "pk")
    )
    owner = next((row for row in rows if row.role == Occupancy.As.OWNER), rows[0] if rows else None)
    contact = ""
    if ticket.contact_name and (owner is None or ticket.contact_name != owner.person.name):
        contact = f"{ticket.contact_name} {masked(ticket.contact_phone)}".strip()
    care = owner.person.care_note if owner else ""
    return Household(
        owner=owner.person.name if owner else _("未登记"),
        label=unit.label,
        phone=owner.person.masked_phone if owner else "",
        contact=" · ".join(part for part in (contact, care) if part),
        steward=f"{unit.keeper.name} {unit.keeper.number}" if unit.keeper else "",
    )


def _facts(ticket: Ticket, kind: TicketKind) -> list[tuple[str, str]]:
    rows = [(str(label), str(value)) for label, value in kind.facts(ticket)]
    if ticket.description:
        rows.append((_("描述"), ticket.description))
    if ticket.archive_number:
        rows.append((_("归档号"), ticket.archive_number))
    return rows
