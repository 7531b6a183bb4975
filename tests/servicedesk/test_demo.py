"""The demo as it stands when it has just been made: a short history, the desk of today, and the accounts."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connections
from django.db.models import Count, F
from django.test import Client
from pytest_django.plugin import DjangoDbBlocker

from repairs.models import RepairCategory, RepairOrder, Visit
from repairs.warranty import warranty_of
from residents.models import Account, Company, DutyShift, Membership, Occupancy, Project, Staff, Unit
from residents.roles import Role
from residents.tenancy import company_scope, scope_now
from servicedesk.demo.accounts import demo_accounts
from servicedesk.demo.estates import COMPANIES
from servicedesk.demo.roster import DEMO_PASSWORD
from servicedesk.demo.seed import UNFINISHED
from servicedesk.demo.wipe import wipe
from tests.residents.factories import CompanyFactory, ProjectFactory, UnitFactory
from tickets.models import ClockState, NationalDay, Notice, Outbox, SlaClock, SweepRun, Ticket, TicketEvent
from tickets.models.engine import LIVE

pytestmark = pytest.mark.django_db(databases=["default", "owner", "sweeper"])
CODES = [plan.code for plan in COMPANIES]
FAILED_RUN = CODES[0] + UNFINISHED


def seed(*options: str) -> str:
    out = StringIO()
    call_command("seed_demo", "--in-turn", "--days=2", "--repairs=16", *options, stdout=out)
    return out.getvalue()


@pytest.fixture(scope="module")
def made(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """Two days of two companies, made after a run that was cut short; what the command said."""
    with django_db_blocker.unblock():
        unfinished = CompanyFactory(code=FAILED_RUN, is_demo=True)
        with company_scope(unfinished.pk):
            UnitFactory(building__project=ProjectFactory(code="001"))
        Account.objects.create(login=f"{CODES[0]}/0107")
        yield seed()
        for company in Company.objects.filter(code__in=CODES):
            wipe(company, logins=f"{company.code}/")
        assert not Account.objects.filter(login__contains="/").exists()
        assert not Company.objects.filter(is_demo=True).exists()
        # What belongs to no company would be there for the tests after this one.
        NationalDay.objects.using("owner").all().delete()
        SweepRun.objects.using("owner").all().delete()
        for alias in ("default", "owner", "sweeper"):
            connections[alias].close()


@pytest.fixture(params=CODES)
def company(request: pytest.FixtureRequest, made: str) -> Iterator[Company]:
    """Each demo company in turn, with its scope open."""
    found = Company.objects.get(code=request.param)
    with company_scope(found.pk):
        yield found


def test_a_run_that_was_cut_short_is_taken_away_before_the_next(made: str) -> None:
    assert "it was not finished" in made
    assert not Company.objects.filter(code=FAILED_RUN).exists()
    assert list(Company.objects.filter(code__in=CODES).values_list("is_demo", flat=True)) == [True, True]


def test_a_second_run_does_nothing_and_says_so(made: str, company: Company) -> None:
    before = TicketEvent.objects.count()

    said = seed()

    assert "nothing done" in said
    assert TicketEvent.objects.count() == before


def test_nothing_is_taken_away_outside_demo_mode(made: str) -> None:
    with pytest.raises(CommandError, match="DEMO=1"):
        seed("--reset")
    assert Company.objects.filter(code__in=CODES).count() == 2


def test_a_company_that_is_no_demo_is_never_taken_away(made: str) -> None:
    with pytest.raises(ValueError, match="not a demo company"):
        wipe(CompanyFactory(), logins="nobody/")


@pytest.mark.rule("OWN-02")
def test_the_home_of_the_guided_tour_is_there_with_its_kitchen_under_warranty(made: str) -> None:
    company = Company.objects.get(code="yunxi")
    with company_scope(company.pk):
        unit = Unit.objects.get(short="3-1-2502", project__name="云溪花园")
        owner = Occupancy.objects.get(unit=unit, role=Occupancy.As.OWNER).person
        leak = RepairCategory.objects.filter(initials__startswith="cfls").order_by("position")[0]

        assert (unit.label, unit.grouped_code) == ("3栋1单元2502", "001-1-03-2502")
        assert (owner.initials, owner.phone_tail) == ("cgd", "6621")
        assert leak.name == "厨房漏水"
        assert warranty_of(leak, unit, on=scope_now().date()).covered
        assert not Ticket.objects.open().filter(unit=unit, category=leak.code).exists()


def test_about_eight_hundred_homes_have_a_code_of_their_own(made: str) -> None:
    homes = 0
    for code in CODES:
        with company_scope(Company.objects.get(code=code).pk):
            homes += Unit.objects.count()
            rooms = Unit.objects.values("building", "room").annotate(n=Count("id"))
            assert not rooms.filter(n__gt=1).exists()
            assert not Unit.objects.exclude(occupancies__role=Occupancy.As.OWNER).exists()

    assert 750 <= homes <= 850


def test_the_sign_in_page_offers_an_account_of_every_role(made: str) -> None:
    offered = demo_accounts()

    assert {account.role for account in offered if account.code == "yunxi"} == {str(role.label) for role in Role}
    assert {account.code for account in offered} == set(CODES)


def test_every_role_is_held_by_somebody_who_can_sign_in(company: Company) -> None:
    held = Membership.objects.order_by("pk").values_list("role", "staff__number")

    assert {role for role, _number in held} == set(Role)
    for number in dict(held).values():
        response = Client().post("/login/", {"number": f"{company.code}/{number}", "password": DEMO_PASSWORD})
        assert response.status_code == 302, number


def test_somebody_is_on_duty_now_at_the_desk_and_with_every_tool(company: Company) -> None:
    now = scope_now()
    for project in Project.objects.all():
        running = DutyShift.objects.filter(project=project, started_at__lte=now, ends_at__gt=now)
        on_duty = set(running.values_list("role", flat=True))

        assert {Role.FRONT_DESK, Role.TECHNICIAN, Role.SPECIALIST, Role.ENGINEERING_DUTY} <= on_duty
        assert running.filter(role=Role.TECHNICIAN).count() == 4


@pytest.mark.rule("GEN-02")
def test_every_state_is_where_its_events_lead(company: Company) -> None:
    moves: dict[int, str] = {}
    for event in TicketEvent.objects.filter(data__has_key="to").order_by("pk"):
        if "from" in event.data:
            assert moves.get(event.ticket_id, "reported") == event.data["from"]
            moves[event.ticket_id] = event.data["to"]

    states = dict(Ticket.objects.values_list("pk", "state"))
    assert states == {pk: moves.get(pk, "reported") for pk in states}
    assert len(states) > 8


def test_nothing_happens_before_it_is_reported_or_after_now(company: Company) -> None:
    now = scope_now()

    assert not TicketEvent.objects.filter(entered_at__gt=now).exists()
    assert not TicketEvent.objects.filter(occurred_at__lt=F("ticket__reported_at")).exists()
    assert not Ticket.objects.filter(closed_at__lt=F("reported_at")).exists()


def test_numbers_count_from_one_in_each_estate_and_day(company: Company) -> None:
    for project in Project.objects.all():
        days: dict[str, list[int]] = {}
        for ticket in Ticket.objects.filter(project=project).order_by("pk"):
            _prefix, day, counter = ticket.number.split("-")
            assert day == f"{ticket.entered_at.astimezone(project.tzinfo):%Y%m%d}"
            days.setdefault(day, []).append(int(counter))
        assert days
        assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in days.values())


@pytest.mark.rule("GEN-02")
def test_every_clock_is_judged_and_every_breach_dated_at_due(company: Company) -> None:
    clocks = SlaClock.objects.all()

    assert not clocks.filter(breached_at__isnull=False).exclude(breached_at=F("due_at")).exists()
    assert not clocks.filter(state__in=LIVE, stopped_at__isnull=False).exists()
    assert not clocks.exclude(state__in=LIVE).filter(stopped_at=None).exists()
    assert not clocks.filter(state=ClockState.MET, stopped_at__gt=F("due_at")).exists()
    assert not clocks.filter(state=ClockState.CLOSED_BREACHED, corrected_at=None, breached_at=None).exists()
    swept_at = SweepRun.objects.latest("finished_at").finished_at
    assert not clocks.overdue(at=swept_at).filter(state=ClockState.RUNNING, is_advisory=False).exists()


@pytest.mark.rule("GEN-07")
def test_everybody_who_had_to_be_told_has_been_told(company: Company) -> None:
    assert not Outbox.objects.filter(sent_at=None).exists()
    assert not Outbox.objects.exclude(last_error="").exists()
    breached = TicketEvent.objects.filter(kind="breached").count()
    escalated = TicketEvent.objects.filter(kind="escalated", data__level__gte=1).count()
    assert escalated >= breached


def test_the_desk_of_the_first_estate_has_work_at_every_stage(made: str) -> None:
    company = Company.objects.get(code="yunxi")
    with company_scope(company.pk):
        garden = Ticket.objects.open().filter(project__name="云溪花园")
        tomorrow = Visit.objects.filter(ticket__in=garden, arrived_at=None, window_to__gt=scope_now())

        assert {
            "reported",
            "accepted",
            "missed_visit",
            "on_site",
            "in_work",
            "completion_reported",
            "accepted_ok",
            "called_back",
        } <= set(garden.values_list("state", flat=True))
        assert tomorrow.exists()
        assert garden.filter(is_pooled=True).exists()
        late = SlaClock.objects.filter(ticket__in=garden, state=ClockState.BREACHED_OPEN, rule_code="REP-16")
        assert late.filter(ticket__title="入户门锁打不开").exists()
        assert Notice.objects.filter(ticket__in=garden, level=2, ticket__title="入户门锁打不开").exists()
        assert RepairOrder.objects.filter(in_warranty=False, price_told_at=None).count() == 0
        assert Staff.objects.get(number="0203").name == "王强"
