"""The callback page: whose work waits to be judged, and who waits to be asked, by the time left."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any
from urllib.parse import urlencode

from django.db.models import Case, Count, DateTimeField, OuterRef, Prefetch, Q, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from residents.models import Project, Staff
from residents.privacy import masked
from residents.roles import Role
from tickets import policies
from tickets.acting import new_form_key
from tickets.clock_text import ClockView, clock_view
from tickets.closing import ATTEMPTS_BEFORE_MESSAGE, SATISFIED
from tickets.kinds import CallQueue, all_kinds, kind_of
from tickets.models import Callback, SlaClock, Ticket
from tickets.models.ticket import TicketQuerySet
from tickets.queries.page import for_page
from tickets.queries.shown import Tab, day_and_time

ROWS = 100
"""Rows a tab shows, the most urgent first."""
TODO, DONE = "todo", "done"
RATINGS: tuple[tuple[int, Promise], ...] = (
    (5, gettext_lazy("非常满意")),
    (4, gettext_lazy("满意")),
    (3, gettext_lazy("一般")),
    (2, gettext_lazy("不满意")),
    (1, gettext_lazy("很不满意")),
)
JUDGED = ("passed", gettext_lazy("是否合格"), (("yes", gettext_lazy("合格")), ("no", gettext_lazy("不合格"))))
ACCEPTED_HOW: tuple[tuple[str, Promise], ...] = (
    ("on_site", gettext_lazy("现场")),
    ("phone", gettext_lazy("电话")),
    ("evidence", gettext_lazy("看照片")),
)


@dataclass(frozen=True)
class Row:
    """One line of the list. `id` is the ticket's public id."""

    id: str
    ticket_id: int
    url: str
    clock: ClockView
    title: str
    place: str
    done_text: str
    technician: str
    caller: str
    last_try: str
    preference: str
    preference_late: bool
    selected: bool


@dataclass(frozen=True)
class Choice:
    value: str
    label: str
    checked: bool = False


@dataclass(frozen=True)
class Asked:
    """A question of the script with its answers."""

    name: str
    label: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True)
class Attempt:
    at: datetime
    by: str
    result: str


@dataclass(frozen=True)
class Extra:
    """A button beside the main one."""

    value: str
    label: str
    key: str = ""


@dataclass(frozen=True)
class Call:
    """The ticket in the drawer. `can_submit`: the person may take this step (rule CBK-04)."""

    id: str
    mode: str
    title: str
    ticket_url: str
    number: str
    place: str
    phone: str
    tel: str
    done: str
    done_meta: str
    script: str
    person: str
    can_submit: bool
    attempts: tuple[Attempt, ...] = field(default=())


def queues() -> list[CallQueue]:
    """The tabs of every kind, in order."""
    return [queue for kind in all_kinds() for queue in kind.calls]


def queue_of(ticket: Ticket) -> CallQueue | None:
    """What the ticket waits for on this page, None for nothing."""
    return next((queue for queue in kind_of(ticket).calls if ticket.state in queue.states), None)


def waiting(queue: CallQueue, *, staff: Staff, project: Project) -> TicketQuerySet:
    """The tickets of one tab."""
    tickets = Ticket.objects.visible_to(staff).filter(project=project, state__in=queue.states)
    if queue.is_second:
        live = SlaClock.objects.live().filter(project=project, rule_code__in=queue.rules).values("ticket_id")
        return tickets.filter(pk__in=live)
    return tickets.open()


def tabs(current: str, *, staff: Staff, project: Project) -> list[Tab]:
    """待回访, one tab of each queue, 已完成. One statement for each queue."""
    counts = {queue.code: waiting(queue, staff=staff, project=project).count() for queue in queues()}
    url = reverse("tickets:callbacks")

    def tab(code: str, label: Any, count: int | None) -> Tab:
        return Tab(code, str(label), f"{url}?{urlencode({'tab': code})}", code == current, count)

    return [
        tab(TODO, _("待回访"), sum(counts.values())),
        *[tab(queue.code, queue.label, counts[queue.code]) for queue in queues()],
        tab(DONE, _("已完成"), None),
    ]


def rows(tab: str, *, staff: Staff, project: Project, now: datetime, selected: Ticket | None = None) -> list[Row]:
    """The lines of a tab, the nearest due first; those of 已完成 by the newest call. Four statements at most."""
    if tab == DONE:
        return _done_rows(staff=staff, project=project, now=now, selected=selected)
    chosen = [queue for queue in queues() if tab in (TODO, queue.code)]
    rules = [code for queue in chosen for code in queue.rules]
    ids = Q(pk__in=[])
    for queue in chosen:
        ids |= Q(pk__in=waiting(queue, staff=staff, project=project).values("pk"))
    # A ticket whose clock has ended another way still waits; it stands among the late ones.
    due = Coalesce(_due_in(chosen), Value(now, output_field=DateTimeField()))
    order = list(_read(Ticket.objects.filter(ids).annotate(call_due=due).order_by("call_due", "pk")))
    tickets = {ticket.pk: ticket for ticket in order}
    clocks: dict[int, SlaClock] = {}
    for clock in SlaClock.objects.live().filter(ticket__in=list(tickets), rule_code__in=rules).order_by("due_at", "pk"):
        if clock.ticket_id is not None and _belongs(tickets[clock.ticket_id], clock):
            clocks.setdefault(clock.ticket_id, clock)
    return [_row(ticket, clocks.get(ticket.pk), now=now, project=project, selected=selected) for ticket in order]


def _due_in(chosen: list[CallQueue]) -> Case:
    """When the clock that a ticket's own tab goes by runs out; NULL without one."""
    live = SlaClock.objects.live().filter(ticket=OuterRef("pk")).order_by("due_at")
    return Case(
        *(
            When(state__in=queue.states, then=Subquery(live.filter(rule_code__in=queue.rules).values("due_at")[:1]))
            for queue in chosen
        ),
        output_field=DateTimeField(),
    )


def _belongs(ticket: Ticket, clock: SlaClock) -> bool:
    queue = queue_of(ticket)
    return queue is not None and clock.rule_code in queue.rules


def _read(tickets: TicketQuerySet) -> TicketQuerySet:
    tries = Prefetch("callbacks", Callback.objects.select_related("caller").order_by("called_at"))
    return tickets.select_related("assignee", "owner", "reporter").prefetch_related(tries)[:ROWS]


def _row(ticket: Ticket, clock: SlaClock | None, *, now: datetime, project: Project, selected: Ticket | None) -> Row:
    queue = queue_of(ticket)
    name = str(queue.short) if queue else ""
    if clock is not None:
        drawn = clock_view(clock, now, project.tzinfo)
        view = ClockView(
            name, drawn.state, drawn.text, drawn.start, drawn.warn, drawn.due, drawn.value, drawn.max, drawn.at
        )
    else:
        view = ClockView(name, "done", "—", None, None, None, 0, 1)
    tries = list(ticket.callbacks.all())
    last = tries[-1] if tries else None
    promised = last.next_try_at if last else None
    caller = ticket.owner.name if ticket.owner else ""
    if queue is not None and queue.is_acceptance:
        caller = str(Role.SPECIALIST.label)
    preference = ticket.reporter.preferred_times if ticket.reporter else ""
    if promised is not None and promised > now:
        preference = _("约 %(time)s") % {"time": f"{timezone.localtime(promised):%m-%d %H:%M}"}
    return Row(
        id=str(ticket.public_id),
        ticket_id=ticket.pk,
        url=reverse("tickets:callback", args=(ticket.public_id,)),
        clock=view,
        title=ticket.title,
        place=f"{ticket.place} {ticket.contact_name}".strip(),
        done_text=day_and_time(ticket.handled_at, now) if ticket.handled_at else "",
        technician=ticket.assignee.name if ticket.assignee else "",
        caller=caller,
        last_try=_try_text(last, now) if last else "",
        preference=preference or _("随时"),
        preference_late=bool(promised and clock and promised > clock.due_at),
        selected=selected is not None and ticket.pk == selected.pk,
    )


def _try_text(row: Callback, now: datetime) -> str:
    return f"{Callback.Outcome(row.outcome).label} {day_and_time(row.called_at, now)}"


def _done_rows(*, staff: Staff, project: Project, now: datetime, selected: Ticket | None) -> list[Row]:
    seen = Ticket.objects.visible_to(staff).filter(project=project, called_back_at__isnull=False)
    found = []
    for ticket in _read(seen.order_by("-called_back_at")):
        row = _row(ticket, None, now=now, project=project, selected=selected)
        found.append(row)
    return found


def summary(project: Project, *, now: datetime, left: int) -> str:
    """今日 14 / 23 · 满意 98%: reached today of those and the ones that wait, and how many of them were satisfied."""
    midnight = timezone.make_aware(datetime.combine(timezone.localtime(now).date(), time()))
    today = Callback.objects.filter(
        ticket__project=project, called_at__gte=midnight, called_at__lte=now, outcome=Callback.Outcome.REACHED
    ).aggregate(reached=Count("pk"), satisfied=Count("pk", filter=Q(satisfaction__gte=SATISFIED)))
    text = _("今日 %(done)d / %(all)d") % {"done": today["reached"], "all": today["reached"] + left}
    if today["reached"]:
        text += " · " + _("满意 %(share)d%%") % {"share": round(100 * today["satisfied"] / today["reached"])}
    return text


def drawer_context(ticket: Ticket, staff: Staff, *, typed: Any = None) -> dict[str, Any]:
    """The context of tickets/_callback_drawer.html. `typed`: what was posted and refused, shown again."""
    queue = queue_of(ticket)
    kind = kind_of(ticket)
    accepts = queue is not None and queue.is_acceptance
    work = kind.work(ticket)
    project = ticket.project
    policy = policies.ACCEPT_RESULT if accepts else policies.CALL_BACK
    tries = list(ticket.callbacks.all())
    person = ticket.contact_name or (ticket.reporter.name if ticket.reporter else "")
    script = (
        _("到现场或看照片核对：修好了，现场清理干净。")
        if accepts
        else _("您好，这里是%(project)s客服中心，工号 %(number)s。%(title)s现在使用正常吗？")
        % {"project": project.name, "number": staff.number, "title": ticket.title}
    )
    call = Call(
        id=str(ticket.public_id),
        mode="acceptance" if accepts else "callback",
        title=ticket.title,
        ticket_url=reverse("tickets:detail", args=(ticket.public_id,)),
        number=ticket.short_number,
        place=f"{ticket.place} {person}".strip(),
        phone=masked(ticket.contact_phone),
        tel=f"tel:{ticket.contact_phone}" if ticket.contact_phone else "",
        done=work.done,
        done_meta=work.money,
        script=script,
        person=person,
        can_submit=queue is not None and policy.allows(staff, project_id=ticket.project_id),
        attempts=tuple(
            Attempt(row.called_at, row.caller.name if row.caller else "", str(Callback.Outcome(row.outcome).label))
            for row in tries
        ),
    )
    questions = [JUDGED] if accepts else [(q.name, q.label, q.choices) for q in kind.questions]
    methods = ACCEPTED_HOW if accepts else tuple(Callback.Method.choices)[:2]
    return {
        "callback": call,
        "questions": [_asked(name, label, choices, typed) for name, label, choices in questions],
        "ratings": [] if accepts else [_choice(str(value), label, typed, "rating") for value, label in RATINGS],
        "reached_methods": [_choice(str(value), label, typed, "method") for value, label in methods],
        "acts": [] if accepts else _extras(tries),
        "version": ticket.version,
        "form_key": (typed.get("form_key") if typed else "") or new_form_key(),
    }


def _extras(tries: list[Callback]) -> list[Extra]:
    rows = [Extra("no_answer", _("未接通"), "0"), Extra("reschedule", _("约时间再打"))]
    missed = [row for row in tries if row.outcome in (Callback.Outcome.NO_ANSWER, Callback.Outcome.LATER)]
    if len(missed) >= ATTEMPTS_BEFORE_MESSAGE:
        rows.append(Extra("message", _("已留书面消息")))
    return rows


def _asked(name: str, label: Any, choices: Any, typed: Any) -> Asked:
    chosen = typed.get(name) if typed else None
    return Asked(
        name,
        str(label),
        tuple(Choice(value, str(word), value == chosen) for value, word in choices),
    )


def _choice(value: str, label: Any, typed: Any, name: str) -> Choice:
    chosen = typed.getlist(name) if typed is not None and hasattr(typed, "getlist") else []
    return Choice(value, str(label), value in chosen)


def question_names(ticket: Ticket) -> list[str]:
    return [question.name for question in kind_of(ticket).questions]


def for_drawer(tickets: TicketQuerySet) -> TicketQuerySet:
    """With what the drawer shows."""
    tries = Prefetch("callbacks", Callback.objects.select_related("caller").order_by("called_at"))
    return for_page(tickets).prefetch_related(tries)
