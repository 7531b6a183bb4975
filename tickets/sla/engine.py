"""Folding events into clocks: the only place, beside the sweep, that changes a clock.

Everything runs in the transaction of the act that caused the event, with the ticket locked before its clocks. A stop
judges the breach itself: a job finished a second late is late even if the sweep never came by (rule GEN-02). The due
moment still belongs to the time allowed: a step at due is in time, and a rung of a ladder is due once its moment has
passed. The sweep goes by the same comparison.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Max, Min
from django.utils.translation import gettext_noop

from residents.models import DutyShift
from residents.tenancy import scope_now
from tickets.calendars.bases import Basis, due, elapsed, extend, offsets
from tickets.calendars.days import DayTable
from tickets.calendars.store import load_table
from tickets.models import (
    ClockState,
    Outbox,
    SlaClock,
    SlaClockInterval,
    SlaFiring,
    SlaRule,
    Ticket,
    TicketEvent,
)
from tickets.sla.definitions import Definition, definition, find, touched_by
from tickets.sla.hours import published_hours

DEFAULT_AMBER_SHARE = 0.2
ON_CALENDAR = frozenset({Basis.WD, Basis.WSEC})
STALE_RUNG = timedelta(seconds=120)
"""A rung that nobody fired for so long was missed in an outage: of those only the highest speaks."""


def fold(ticket: Ticket, event: TicketEvent, *, is_new: bool = False) -> None:
    """Stop, cancel, move and start the clocks that the event touches, in that order.

    `is_new`: the ticket was created by this event, so it has no clocks yet. Needs the ticket locked (or new).
    """
    touched = touched_by(ticket.kind, event.kind)
    if not touched:
        return
    clocks = [] if is_new else _clocks_of(ticket, [d.code for d in touched])
    live = {(clock.rule_code, clock.scope): clock for clock in clocks if clock.is_live}
    ended: list[SlaClock] = []
    judged: list[SlaClock] = []
    for d in touched:
        for clock in _reached(d, d.stops, live, ticket, event):
            if d.stops_when(ticket, event):
                _judge(clock, at=_stop_moment(d, ticket, event), event=event)
                judged.append(clock)
        for clock in _reached(d, d.cancels, live, ticket, event):
            cancel(clock, at=event.entered_at, reason=event.kind)
            ended.append(clock)
        for clock in _reached(d, d.moves, live, ticket, event):
            if not _move(d, clock, ticket, event):
                ended.append(clock)
    _store(judged)
    for clock in (*judged, *ended):
        live.pop((clock.rule_code, clock.scope), None)
    _start(
        [d for d in touched if event.kind in d.starts and d.when(ticket, event)],
        ticket,
        event,
        live=live,
        seen=clocks,
    )


def _clocks_of(ticket: Ticket, codes: Sequence[str]) -> list[SlaClock]:
    """The ticket's clocks of these rules, locked."""
    return list(
        SlaClock.objects.select_for_update(of=("self",), no_key=True)
        .filter(ticket=ticket, rule_code__in=codes)
        .order_by("pk")
    )


def end_all(ticket: Ticket, *, at: datetime, reason: str) -> None:
    """Cancel every clock of a ticket that is closed, except those whose rule outlives the archive (REP-27)."""
    clocks = SlaClock.objects.live().select_for_update(of=("self",), no_key=True).filter(ticket=ticket).order_by("pk")
    for clock in clocks:
        known = find(clock.rule_code)
        if known is None or not known.outlives:
            cancel(clock, at=at, reason=reason)


def take_earlier_start(target: Ticket, source: Ticket, *, at: datetime | None = None) -> None:
    """A merged ticket's running clocks count from the earlier of the two reports (ambiguity A-41). Both locked.

    Only first cycles and durations move: what a return or a rework started anew belongs to the one ticket, an agreed
    moment stays agreed. A clock that comes to lie in the past is breached at its new due by the next sweep.
    """
    starts = dict(
        SlaClock.objects.filter(ticket=source, cycle_no=1)
        .values("rule_code")
        .annotate(first=Min("started_at"))
        .values_list("rule_code", "first")
    )
    running = SlaClock.objects.select_for_update(of=("self",), no_key=True).filter(
        ticket=target, cycle_no=1, state=ClockState.RUNNING, consumed=0
    )
    for clock in running.select_related("rule").order_by("pk"):
        earlier, d = starts.get(clock.rule_code), find(clock.rule_code)
        if earlier is None or earlier >= clock.started_at or d is None or d.due is not None:
            continue
        old_due = clock.due_at
        clock.started_at = clock.running_since = earlier
        _aim(clock, target, d)
        schedule(clock, clock.rule)
        clock.version += 1
        clock.save()
        moment = at or scope_now()
        _note(clock, "clock_moved", at=moment, really=moment, old_due=old_due, new_due=clock.due_at, reason="merged")


def _reached(
    d: Definition,
    kinds: Sequence[str],
    live: dict[tuple[str, str], SlaClock],
    ticket: Ticket,
    event: TicketEvent,
) -> Iterable[SlaClock]:
    """The live clocks of a definition that the event's scopes name."""
    if event.kind not in kinds:
        return
    scopes = (d.stop_scopes or d.scopes)(ticket, event)
    for (code, scope), clock in list(live.items()):
        if code == d.code and (scope in scopes or "*" in scopes):
            yield clock


def _stop_moment(d: Definition, ticket: Ticket, event: TicketEvent) -> datetime:
    return (d.stop_at(ticket, event) if d.stop_at else None) or event.occurred_at


# Starting


def _start(
    starting: list[Definition],
    ticket: Ticket,
    event: TicketEvent,
    *,
    live: dict[tuple[str, str], SlaClock],
    seen: list[SlaClock],
) -> None:
    if not starting:
        return
    rules = rules_for(ticket.project_id, [d.code for d in starting])
    new: list[SlaClock] = []
    for d in starting:
        rule = rules.get(d.code)
        if rule is None or not rule.is_enabled:
            continue
        for scope in d.scopes(ticket, event):
            running = live.get((d.code, scope))
            if running is not None:
                if not d.restarts:
                    continue
                cancel(running, at=event.entered_at, reason=gettext_noop("重新计时"))
            started_at = (d.anchor(ticket, event) if d.anchor else event.occurred_at) or event.occurred_at
            clock = arm(d, rule, ticket, scope=scope, started_at=started_at, event=event)
            if clock is None:
                continue
            clock.cycle_no = 1 + sum(1 for old in seen if (old.rule_code, old.scope) == (d.code, scope))
            new.append(clock)
    if not new:
        return
    late = [clock for clock in new if not _met_at_once(clock, ticket, event)]
    SlaClock.objects.bulk_create(new)
    for clock in late:
        _stop(clock, at=_stop_moment(definition(clock.rule_code), ticket, event), event=event)


def _met_at_once(clock: SlaClock, ticket: Ticket, event: TicketEvent) -> bool:
    """Judge an unsaved clock that the fact which starts it also stops: the entry of a repair is both (rule REP-11).

    False when that stop is late; then its record needs the clock's id.
    """
    d = definition(clock.rule_code)
    if event.kind not in d.stops or clock.scope not in (d.stop_scopes or d.scopes)(ticket, event):
        return True
    if not d.stops_when(ticket, event):
        return True
    at = _stop_moment(d, ticket, event)
    if at > clock.due_at:
        return False
    _freeze(clock, at=at)
    clock.state = ClockState.MET
    return True


_CURRENT = """
SELECT DISTINCT ON (code) * FROM tickets_slarule
 WHERE code = ANY(%(codes)s) AND retired_at IS NULL AND (project_id = %(project)s OR project_id IS NULL)
 ORDER BY code, project_id
"""


def rules_for(project_id: int, codes: Sequence[str]) -> dict[str, SlaRule]:
    """The current rule version per code; one of the project wins over the company's."""
    return {rule.code: rule for rule in SlaRule.objects.raw(_CURRENT, {"codes": list(codes), "project": project_id})}


def arm(
    d: Definition, rule: SlaRule, ticket: Ticket, *, scope: str, started_at: datetime, event: TicketEvent
) -> SlaClock | None:
    """An unsaved running clock with its due, amber and ladder moments; None when there is no due moment."""
    moment = d.due(ticket, event) if d.due else None
    if d.due is not None and moment is None:
        return None
    clock = SlaClock(
        company_id=ticket.company_id,
        project_id=ticket.project_id,
        ticket=ticket,
        rule=rule,
        rule_code=d.code,
        scope=scope,
        lane=d.lane,
        is_advisory=d.is_advisory,
        basis=rule.basis,
        value=rule.value,
        started_at=started_at,
        running_since=started_at,
    )
    if moment is not None:
        clock.due_at = moment
    else:
        _aim(clock, ticket, d)
    clock.original_due_at = clock.due_at
    schedule(clock, rule)
    return clock


def _aim(clock: SlaClock, ticket: Ticket, d: Definition) -> None:
    """Write the due moment that the clock's value gives from its start, and what it was computed on."""
    basis = Basis(clock.basis)
    table = _table(clock, on_calendar=basis in ON_CALENDAR)
    shift_end = _shift_end(ticket, d, clock.started_at) if basis is Basis.EOS else None
    found = due(basis, clock.value, clock.started_at, zone=ticket.project.zone, table=table, shift_end=shift_end)
    clock.due_at, clock.is_provisional = found.at, found.provisional


def schedule(clock: SlaClock, rule: SlaRule) -> None:
    """Write the moments that follow from `started_at` and `due_at`: amber, every ladder step, the next to fire.

    Steps already fired in this epoch stay behind `next_step` and never fire again.
    """
    basis = Basis(clock.basis)
    table = _pinned(clock)
    # Without the pauses: what was used before the last one, and what is left since.
    total = max(
        clock.consumed + elapsed(basis, clock.running_since or clock.started_at, clock.due_at, table=table), 0.0
    )
    amber = rule.amber_seconds if rule.amber_seconds is not None else total * DEFAULT_AMBER_SHARE
    distances = (-min(amber, total), *(step_offset(row, total) for row in rule.ladder))
    clock.amber_at, *moments = offsets(basis, clock.due_at, distances, table=table)
    # A rung never comes before the one below it, or the cursor would pass it by.
    clock.step_at = list(accumulate(moments, max))
    rearm(clock)


def rearm(clock: SlaClock) -> None:
    """The next moment to fire: that of the first rung not fired in this epoch, None when all have been."""
    clock.next_fire_at = clock.step_at[clock.next_step] if clock.next_step < len(clock.step_at) else None


def _table(clock: SlaClock, *, on_calendar: bool) -> DayTable | None:
    """The published hours behind a working-time clock, pinned on the clock; None for the other bases."""
    if not on_calendar:
        return None
    hours = published_hours(clock.project_id)
    clock.calendar_id, clock.calendar_revision = hours.calendar_id, hours.table.revision
    return hours.table


def _pinned(clock: SlaClock) -> DayTable | None:
    """The hours the clock was computed on; None for a clock that needs none."""
    if clock.calendar_id is None:
        return None
    return load_table(clock.calendar_id, clock.calendar_revision)


def step_offset(row: dict[str, Any], total: float) -> float:
    """Seconds from due to a ladder step of a clock that runs `total` seconds; negative before due (rule GEN-07)."""
    share = float(row["share"])
    size = max(abs(share) * total, float(row["at_least"]))
    if row["at_most"] is not None:
        size = min(size, float(row["at_most"]))
    return -min(size, total) if share < 0 else size if share > 0 else 0.0


def _shift_end(ticket: Ticket, d: Definition, at: datetime) -> datetime | None:
    """When the responsible person's running shift ends by the roster; None without one, which makes EOS an EOD."""
    staff_id = ticket.assignee_id if d.responsible == "technician" else ticket.owner_id
    if staff_id is None:
        return None
    return (
        DutyShift.objects.filter(staff_id=staff_id, started_at__lte=at, ends_at__gt=at, ended_at=None)
        .order_by("-started_at")
        .values_list("ends_at", flat=True)
        .first()
    )


# Stopping


def is_late(clock: SlaClock, at: datetime) -> bool:
    """Whether a step at that moment misses the clock. While it is paused its time stands still and nothing is late."""
    return clock.state != ClockState.PAUSED and at > clock.due_at


def _stop(clock: SlaClock, *, at: datetime, event: TicketEvent) -> None:
    """Judge, freeze and store. `at` is when the step really happened, `event.entered_at` when it was typed in."""
    _judge(clock, at=at, event=event)
    _store([clock])


def _judge(clock: SlaClock, *, at: datetime, event: TicketEvent) -> None:
    late = is_late(clock, at)
    if clock.is_advisory:
        clock.state = ClockState.EXCLUDED if late else ClockState.MET
        clock.reason = gettext_noop("仅预警，不计超时") if late else ""
    elif not late and clock.breached_at is None:
        clock.state = ClockState.MET
    elif not late:
        clock.state = ClockState.CLOSED_BREACHED
        _correct(clock, at=event.entered_at, really=at)
    else:
        _breach(clock, until=at, at=event.entered_at)
        clock.state = ClockState.CLOSED_BREACHED
    _freeze(clock, at=at)


JUDGED = {
    "state": "varchar",
    "reason": "varchar",
    "consumed": "bigint",
    "running_since": "timestamptz",
    "stopped_at": "timestamptz",
    "breached_at": "timestamptz",
    "detected_by": "varchar",
    "detected_at": "timestamptz",
    "corrected_at": "timestamptz",
    "next_step": "smallint",
    "next_fire_at": "timestamptz",
    "version": "integer",
}
"""The columns that judging a clock may change, with their types."""


def _store(clocks: list[SlaClock]) -> None:
    """Write judged clocks: one statement for all that an act ends, of the columns that change and not the thirty."""
    if not clocks:
        return
    columns = ", ".join(f"{name} = v.{name}" for name in JUDGED)
    arrays = ", ".join(f"%s::{kind}[]" for kind in JUDGED.values())
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE tickets_slaclock AS c SET {columns} "  # noqa: S608 - our own column names
            f"FROM unnest(%s::bigint[], {arrays}) AS v(id, {', '.join(JUDGED)}) WHERE c.id = v.id",
            [[c.pk for c in clocks], *([getattr(c, name) for c in clocks] for name in JUDGED)],
        )


def _freeze(clock: SlaClock, *, at: datetime) -> None:
    """Stop the time for good: what was used stays as it was, no rung fires any more."""
    clock.consumed = elapsed_seconds(clock, at=at) if clock.consumed or clock.running_since is None else _run(clock, at)
    clock.running_since = None
    clock.stopped_at = at
    clock.next_fire_at = None
    clock.version += 1


def correct(clock: SlaClock, *, at: datetime, really: datetime) -> None:
    """The step of a closed breach was in time after all: it counts as met, breach and firings stay (rule GEN-02).

    `really` is when the step happened, `at` the moment of entry. Safe to repeat.
    """
    if clock.state != ClockState.CLOSED_BREACHED or clock.corrected_at is not None or is_late(clock, really):
        return
    _correct(clock, at=at, really=really)
    clock.version += 1
    clock.save()


def _correct(clock: SlaClock, *, at: datetime, really: datetime) -> None:
    clock.corrected_at = at
    clock.reason = gettext_noop("实际按时完成，登记较晚")
    _note(clock, "clock_corrected", at=at, really=really)


def breach_now(clock: SlaClock, *, at: datetime, by: str = "stop", reason: str = "") -> None:
    """Record the breach of an overdue clock that the sweep has not reached yet; it stays open. Safe to repeat.

    `by` says what found it: stop, or calendar or rule when a change has put due into the past; `reason` names it.
    """
    if clock.breached_at is not None or clock.is_advisory or not is_late(clock, at):
        return
    _breach(clock, until=at, at=at, by=by)
    clock.state = ClockState.BREACHED_OPEN
    clock.reason = reason[:120] or clock.reason
    rearm(clock)
    clock.version += 1
    clock.save()


def _breach(clock: SlaClock, *, until: datetime, at: datetime, by: str = "stop") -> None:
    """What the sweep would have written had it come by before `until`: one breach, dated at due, found by the stop.

    Of a breach the sweep has seen, the rungs whose moment fell between its last run and the stop. Rungs of the last two
    minutes fire as the sweep would have fired them; of older ones only the highest does, and a warning whose hour has
    passed never does. `at` is the moment of entry.
    """
    if clock.breached_at is None:
        clock.breached_at, clock.detected_by, clock.detected_at = clock.due_at, by, at
        _note(clock, "breached", at=at, really=clock.due_at, detected_by=by)
    missed = [(no, moment) for no, moment in enumerate(clock.step_at) if no >= clock.next_step and moment < until]
    if not missed:
        return
    last = missed[-1][0]
    speaks = {no for no, moment in missed if no == last or (moment >= clock.due_at and at - moment <= STALE_RUNG)}
    outcomes = SlaFiring.Outcome
    SlaFiring.objects.bulk_create(
        [
            SlaFiring(
                company_id=clock.company_id,
                clock=clock,
                epoch=clock.epoch,
                step_no=no,
                scheduled_for=moment,
                fired_at=at,
                outcome=outcomes.FIRED if no in speaks else outcomes.COLLAPSED,
            )
            for no, moment in missed
        ],
        ignore_conflicts=True,
    )
    clock.next_step = last + 1
    effects = {no: str(row.get("effect") or "") for no, row in enumerate(clock.rule.ladder)}
    cause: dict[str, Any] = {"clock": clock.pk, "rule": clock.rule_id, "epoch": clock.epoch}
    rows = [(firing_key(clock.pk, clock.epoch, no), "escalation", {**cause, "step": no}) for no in sorted(speaks)]
    # An act on the ticket is due whether or not its rung speaks, exactly as in the sweep.
    rows += [
        (f"effect/{clock.pk}/{clock.epoch}/{no}", "effect", {**cause, "step": no, "effect": effects[no]})
        for no, _moment in missed
        if effects.get(no)
    ]
    Outbox.objects.bulk_create(
        [
            Outbox(
                company_id=clock.company_id, dedup_key=key, topic=topic, payload=payload, created_at=at, not_before=at
            )
            for key, topic, payload in rows
        ],
        ignore_conflicts=True,
    )


def firing_key(clock_id: int, epoch: int, step_no: int) -> str:
    """The outbox key of a firing; the sweep builds the same in SQL."""
    return f"firing/{clock_id}/{epoch}/{step_no}"


def cancel(clock: SlaClock, *, at: datetime, reason: str) -> None:
    """End without a result. A breach already on record, or due before the end, stays a breach (rule GEN-02)."""
    if not clock.is_advisory and is_late(clock, at):
        _breach(clock, until=at, at=at)
    clock.state = ClockState.CLOSED_BREACHED if clock.breached_at else ClockState.CANCELLED
    clock.reason = reason[:120]
    _freeze(clock, at=at)
    clock.save()


def _run(clock: SlaClock, until: datetime) -> int:
    """Seconds since the clock last began to run, in its own time: open hours for a clock that counts those."""
    if clock.running_since is None or until <= clock.running_since:
        return 0
    return int(elapsed(Basis(clock.basis), clock.running_since, until, table=_pinned(clock)))


# Moving, pausing


def _move(d: Definition, clock: SlaClock, ticket: Ticket, event: TicketEvent) -> bool:
    """Re-anchor to a newly agreed moment, only before the old one has passed (rule GEN-02).

    False when the old moment had passed: that clock ends as the breach it is, and a new one may start.
    """
    moment = d.due(ticket, event) if d.due else None
    if moment is None:
        return True
    if clock.breached_at is not None or is_late(clock, event.entered_at):
        _stop(clock, at=event.entered_at, event=event)
        return False
    _note(clock, "clock_moved", at=event.entered_at, really=event.entered_at, old_due=clock.due_at, new_due=moment)
    clock.due_at = moment
    # Another moment was agreed: its ladder begins anew, and a warning of the old one says nothing about it.
    clock.epoch, clock.next_step = clock.epoch + 1, 0
    schedule(clock, clock.rule)
    clock.version += 1
    clock.save()
    return True


def pause(clock: SlaClock, *, event: TicketEvent, reason: str) -> None:
    """Stop the time. Pausing a paused clock changes nothing; one already past due is judged first."""
    at = event.occurred_at
    if clock.state != ClockState.RUNNING:
        return
    if is_late(clock, at):
        breach_now(clock, at=event.entered_at)
        return
    clock.consumed += _run(clock, at)
    clock.running_since = None
    clock.next_fire_at = None
    clock.state = ClockState.PAUSED
    clock.version += 1
    clock.save()
    _interval(clock, is_running=False, at=at, event=event, reason=reason)


def resume(clock: SlaClock, *, event: TicketEvent) -> None:
    """Let the time run on: due moves by what is left, on the clock's own calendar. Safe to repeat."""
    if clock.state != ClockState.PAUSED:
        return
    since = SlaClockInterval.objects.filter(clock=clock, is_running=False).latest("began_at").began_at
    at = max(event.occurred_at, since)
    basis, ticket, d = Basis(clock.basis), event.ticket, definition(clock.rule_code)
    table = _table(clock, on_calendar=basis in ON_CALENDAR)
    shift_end = _shift_end(ticket, d, at) if basis is Basis.EOS else None
    found = extend(basis, clock.due_at, since, at, zone=ticket.project.zone, table=table, shift_end=shift_end)
    clock.due_at, clock.is_provisional = found.at, found.provisional
    clock.running_since = at
    clock.state = ClockState.RUNNING
    schedule(clock, clock.rule)
    clock.version += 1
    clock.save()
    _interval(clock, is_running=True, at=at, event=event, reason="")


def _interval(clock: SlaClock, *, is_running: bool, at: datetime, event: TicketEvent, reason: str) -> None:
    last = SlaClockInterval.objects.filter(clock=clock).aggregate(last=Max("began_at"))["last"] or clock.started_at
    # Two changes at one instant: the second comes after the first.
    at = max(at, last + timedelta(microseconds=1))
    SlaClockInterval.objects.create(
        company_id=clock.company_id, clock=clock, is_running=is_running, began_at=at, reason=reason[:120], event=event
    )


def elapsed_seconds(clock: SlaClock, *, at: datetime) -> int:
    """Seconds used until `at` in the clock's own time, replayed from the intervals; `consumed` only caches this."""
    changes = SlaClockInterval.objects.filter(clock=clock).order_by("began_at").values_list("began_at", "is_running")
    rows = [(clock.started_at, True), *changes]
    end = min(at, clock.stopped_at) if clock.stopped_at else at
    basis, table = Basis(clock.basis), _pinned(clock)
    used = 0.0
    for (began_at, is_running), following in zip(rows, [*rows[1:], None], strict=True):
        until = min(following[0], end) if following else end
        if is_running and until > began_at:
            used += elapsed(basis, began_at, until, table=table)
    # A pause and its resume may lie a microsecond apart for the table's sake.
    return round(used)


def _note(clock: SlaClock, kind: str, *, at: datetime, really: datetime, **data: Any) -> None:
    """An event about the clock itself; it moves no clock, so it is not folded."""
    if clock.ticket_id is None:
        return
    zone = ZoneInfo("UTC")
    facts = {k: v.astimezone(zone).isoformat() if isinstance(v, datetime) else v for k, v in data.items()}
    TicketEvent.objects.create(
        company_id=clock.company_id,
        ticket_id=clock.ticket_id,
        kind=kind,
        occurred_at=really,
        entered_at=at,
        actor_label="system",
        data={"rule": clock.rule_code, "clock": clock.pk, "due": clock.due_at.astimezone(zone).isoformat(), **facts},
    )
