"""Two companies with at least one row in every table of ours, so that 'no row is seen' means something."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.db import transaction
from pytest_django.plugin import DjangoDbBlocker

from repairs.actions import RepairIntake, dispatch_repair, report_repair
from repairs.models import MaterialLine, RepairOrder
from residents.models import IdempotencyKey
from residents.tenancy import company_scope
from tests.residents.factories import MembershipFactory, OccupancyFactory
from tests.worlds import DAY, T, World, make_world
from tickets.actions import ask_approval, make_promise
from tickets.models import (
    Attachment,
    CalendarDay,
    CalendarOverride,
    Callback,
    Outbox,
    SlaClock,
    SlaClockInterval,
    SlaFiring,
    Ticket,
    WorkCalendar,
)


def fill(world: World) -> Ticket:
    """Add what a working company has. Needs the company's scope; returns a dispatched repair."""
    world.on_duty("technician", "front_desk")
    OccupancyFactory(unit=world.unit, person=world.owner, role="family")
    calendar = WorkCalendar.objects.create(project=world.project, name="工作时间")
    CalendarOverride.objects.create(calendar=calendar, day=DAY, working=False, name="停电检修")
    CalendarDay.objects.create(
        calendar=calendar, revision=1, day=DAY, is_workday=True, seconds_before=0, workdays_before=0
    )
    public = report_repair(
        RepairIntake(category=world.lamp, place="3栋单元门口", contact_name="测试业主"),
        project=world.project,
        by=world.front_desk,
        at=T("09:00"),
    )
    ticket = report_repair(
        RepairIntake(category=world.leak, when="now", unit=world.unit, reporter=world.owner, contact_name="测试业主"),
        project=world.project,
        by=world.front_desk,
        at=T("10:00"),
    )
    dispatch_repair(ticket.pk, by=world.front_desk, technician=world.technician, at=T("10:01"))
    make_promise(public.pk, by=world.front_desk, subject="回电", promised_at=T("12:00"), at=T("10:02"))
    ask_approval(ticket.pk, by=world.front_desk, subject="fee_relief", reason="老人", at=T("10:03"))
    Callback.objects.create(ticket=public, called_at=T("10:04"), outcome=Callback.Outcome.NO_ANSWER)
    Attachment.objects.create(
        ticket=ticket, file="x.png", content_type="image/png", name="x.png", size=1, uploaded_at=T("10:04")
    )
    MaterialLine.objects.create(order=RepairOrder.objects.get(ticket=ticket), name="垫片")
    clock = SlaClock.objects.filter(ticket=ticket).order_by("pk").first()
    assert clock is not None
    if not SlaClockInterval.objects.exists():
        SlaClockInterval.objects.create(clock=clock, is_running=True, began_at=T("10:00"))
    SlaFiring.objects.create(
        clock=clock, epoch=9, step_no=1, scheduled_for=T("10:05"), fired_at=T("10:05"), outcome="fired"
    )
    Outbox.objects.create(
        dedup_key=f"test/{ticket.pk}", topic="test", created_at=T("10:05"), not_before=T("10:05") + timedelta(days=9999)
    )
    IdempotencyKey.objects.create(
        staff=world.front_desk, key=uuid.uuid4().hex, fingerprint="0" * 64, status=200, created_at=T("10:05")
    )
    MembershipFactory(staff=world.staff["technician_2"], project=world.project, role="guard").delete()
    ticket.refresh_from_db()
    return ticket


@dataclass
class Neighbours:
    """Two full companies on one installation; no scope is open."""

    garden: World
    rival: World
    tickets: dict[str, Ticket]


def make_neighbours() -> Neighbours:
    worlds = {code: make_world(code) for code in ("garden", "rival")}
    tickets = {}
    for code, world in worlds.items():
        with company_scope(world.company.pk):
            tickets[code] = fill(world)
    return Neighbours(worlds["garden"], worlds["rival"], tickets)


@pytest.fixture(scope="module")
def standing_neighbours(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Neighbours]:
    """Made once for a module; each test runs in a savepoint of the transaction that holds them."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield make_neighbours()
        transaction.set_rollback(True)


@pytest.fixture
def neighbours(standing_neighbours: Neighbours, db: None) -> Neighbours:
    return standing_neighbours


@pytest.fixture
def committed_neighbours(transactional_db: None) -> Neighbours:
    """The same, committed, so that other roles see it on their own connections."""
    return make_neighbours()
