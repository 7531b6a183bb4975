"""Clocks without the detour over a whole repair, for tests of the engine itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import connections

from residents.tenancy import company_scope
from tests.worlds import World
from tickets.models import (
    SlaClock,
    SlaFiring,
    SlaRule,
    Ticket,
    TicketEvent,
)
from tickets.sla import engine
from tickets.sla.definitions import definition

EVERYBODY = ["default", "owner", "sweeper"]


def make_ticket(world: World, number: str = "GD-20250314-900", *, at: datetime, **fields: Any) -> Ticket:
    """A bare ticket, reported at that moment."""
    return Ticket.objects.create(
        company_id=world.company.pk,
        project=world.project,
        number=number,
        kind="repair",
        state="reported",
        title="厨房漏水",
        place=world.unit.label,
        unit=world.unit,
        reported_at=at,
        entered_at=at,
        last_step_at=at,
        **fields,
    )


def make_event(ticket: Ticket, kind: str, *, at: datetime, entered: datetime | None = None, **data: Any) -> TicketEvent:
    """An event that is recorded but moves no clock."""
    return TicketEvent.objects.create(
        company_id=ticket.company_id,
        ticket=ticket,
        kind=kind,
        occurred_at=at,
        entered_at=entered or at,
        data=data,
    )


def make_clock(ticket: Ticket, code: str, *, at: datetime, scope: str = "", **rule: Any) -> SlaClock:
    """A running clock of a rule, started at that moment; `rule` overrides its value, basis or ladder in a version."""
    current = SlaRule.objects.get(code=code, project=None, retired_at=None)
    if rule:
        SlaRule.objects.filter(pk=current.pk).update(retired_at=at)
        fields = {"basis": current.basis, "value": current.value, "ladder": current.ladder, **rule}
        current = SlaRule.objects.create(
            company_id=ticket.company_id, code=code, version=current.version + 1, created_at=at, **fields
        )
    event = make_event(ticket, "test_started", at=at)
    clock = engine.arm(
        definition(code), current, ticket, scope=scope or f"ticket:{ticket.pk}", started_at=at, event=event
    )
    assert clock is not None
    clock.save(force_insert=True)
    return clock


def flood(world: World, count: int, *, due_at: datetime, code: str = "REP-09", lane: int = 0, prefix: str = "") -> None:
    """So many clocks without a ticket, one minute long and due at that moment, written in one statement."""
    with company_scope(world.company.pk), connections["default"].cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO tickets_slaclock (company_id, project_id, ticket_id, rule_id, rule_code, scope, cycle_no,
                state, lane, is_advisory, basis, value, started_at, running_since, consumed, original_due_at, due_at,
                amber_at, detected_by, reason, calendar_revision, is_provisional, epoch, step_at, next_step,
                next_fire_at, attempts, version)
            SELECT r.company_id, %(project)s, NULL, r.id, r.code, %(prefix)s || 'flood:' || n, 1,
                'running', %(lane)s, false, r.basis, 60, d.at - interval '60 s', d.at - interval '60 s', 0, d.at, d.at,
                d.at, '', '', 0, false, 1, ARRAY[d.at, d.at + interval '1 day'], 0, d.at, 0, 1
              FROM tickets_slarule r, generate_series(1, %(count)s) n, (SELECT %(due)s::timestamptz AS at) d
             WHERE r.code = %(code)s AND r.project_id IS NULL AND r.retired_at IS NULL
            """,
            {
                "project": world.project.pk,
                "prefix": prefix,
                "count": count,
                "due": due_at,
                "code": code,
                "lane": lane,
            },
        )


def ledger(clock: SlaClock) -> list[tuple[int, str]]:
    """The rungs that have fired, in order, each with what became of it."""
    return list(SlaFiring.objects.filter(clock=clock).order_by("epoch", "step_no").values_list("step_no", "outcome"))


def just_before(moment: datetime) -> datetime:
    return moment - timedelta(microseconds=1)


def just_after(moment: datetime) -> datetime:
    return moment + timedelta(microseconds=1)
