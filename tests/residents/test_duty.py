"""Shifts: which may be begun when, and where they count."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from residents.duty import carry_shift, set_away, start_shift
from residents.errors import InvalidInput
from residents.models import DutyShift, Project, Staff
from residents.tenancy import scope_now
from tests.browsing import client_of
from tests.repairs.paths import clock, repair_in
from tests.residents.factories import DutyShiftFactory, ProjectFactory
from tests.worlds import DAY, T, World
from tickets.sla.ladder import holders, people_for

TOMORROW = DAY + timedelta(days=1)


@pytest.mark.rule("SHF-06")
@pytest.mark.parametrize(
    ("code", "at", "ends"),
    [
        ("early", T("07:00"), T("17:00")),
        ("early", T("16:59"), T("17:00")),
        ("late", T("16:00"), T("00:00", TOMORROW)),
        ("late", T("23:59"), T("00:00", TOMORROW)),
        ("night", T("23:45"), T("08:00", TOMORROW)),
        ("night", T("00:05"), T("08:00")),
        ("", T("17:10"), T("00:00", TOMORROW)),
    ],
)
def test_a_shift_that_runs_or_begins_soon_ends_as_rostered(
    garden: World, code: str, at: datetime, ends: datetime
) -> None:
    shift = start_shift(garden.technician, garden.project, code=code, at=at)

    assert (shift.started_at, shift.ends_at) == (at, ends)


@pytest.mark.rule("SHF-06")
@pytest.mark.parametrize(
    ("code", "at"),
    [("early", T("17:10")), ("early", T("17:00")), ("early", T("06:59")), ("late", T("15:59")), ("night", T("08:05"))],
)
def test_a_shift_that_is_over_or_far_ahead_is_not_begun_for_the_next_day(
    garden: World, code: str, at: datetime
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        start_shift(garden.technician, garden.project, code=code, at=at)

    assert (refusal.value.rule, refusal.value.field) == ("SHF-06", "shift")
    assert not DutyShift.objects.exists()


def test_a_running_shift_is_kept(garden: World) -> None:
    first = start_shift(garden.technician, garden.project, code="early", at=T("08:00"))

    assert start_shift(garden.technician, garden.project, code="late", at=T("16:30")).pk == first.pk


# Several projects


@pytest.fixture
def harbour(garden: World) -> Project:
    """A second project of the company in which the technician works as well."""
    project = ProjectFactory(code="002")
    garden.also("technician", "technician", project=project)
    return project


def _running(staff: Staff) -> set[int]:
    return set(DutyShift.objects.filter(staff=staff, ended_at=None).values_list("project_id", flat=True))


def _sign_in(world: World, staff: Staff, **fields: str) -> Any:
    staff.account.login = f"{world.company.code}/{staff.number}"
    staff.account.save()
    return Client().post("/login/", {"number": staff.account.login, "password": "correct-horse", **fields})


@pytest.mark.rule("GEN-08")
def test_who_works_in_two_projects_is_on_duty_in_both_from_sign_in(garden: World, harbour: Project) -> None:
    answer = _sign_in(garden, garden.technician)

    assert answer.status_code == 302
    assert _running(garden.technician) == {garden.project.pk, harbour.pk}
    assert DutyShift.objects.values("ends_at", "name").distinct().count() == 1


def test_a_shift_of_another_time_is_refused_at_sign_in_with_a_sentence(garden: World) -> None:
    hour = scope_now().astimezone(garden.project.tzinfo).hour
    wrong = "night" if 8 <= hour < 23 else "early" if hour >= 17 else "late"

    answer = _sign_in(garden, garden.technician, shift=wrong)

    assert answer.status_code == 422
    assert "请选正在上的、或一小时内开始的班次" in answer.content.decode()
    assert not DutyShift.objects.exists()


@pytest.mark.rule("GEN-08")
def test_company_people_are_on_duty_where_they_look(garden: World, harbour: Project) -> None:
    boss = garden.staff["company"]
    start_shift(boss, garden.project, code="", at=scope_now())

    client_of(boss).post("/me/project/", {"project": harbour.pk})

    assert _running(boss) == {garden.project.pk, harbour.pk}


def test_without_a_shift_nothing_is_carried_to_another_project(garden: World, harbour: Project) -> None:
    carry_shift(garden.technician, harbour, at=T("10:00"))

    assert _running(garden.technician) == set()


def test_who_is_away_is_away_everywhere(garden: World, harbour: Project) -> None:
    start_shift(garden.technician, garden.project, code="early", at=T("09:00"))
    carry_shift(garden.technician, harbour, at=T("09:00"))

    set_away(garden.technician, is_away=True, at=T("10:00"))

    assert DutyShift.objects.filter(is_away=True).count() == 2


@pytest.mark.rule("GEN-08, GEN-07")
def test_a_shift_in_another_project_does_not_make_anybody_on_duty_here(garden: World, harbour: Project) -> None:
    DutyShiftFactory(staff=garden.technician, project=harbour, role="technician", started_at=T("08:00"))
    garden.on_duty("technician_2")

    people = holders("technician", project_id=garden.project.pk, at=T("10:00"))

    assert people == [garden.technician_2]


@pytest.mark.rule("GEN-08, GEN-07")
def test_who_has_the_job_but_works_elsewhere_today_is_told_with_those_on_duty_here(
    garden: World, harbour: Project
) -> None:
    ticket = repair_in(garden, "accepted")
    DutyShift.objects.filter(staff=garden.technician).update(project=harbour)

    people = people_for("responsible", ticket=ticket, clock=clock(ticket, "REP-16"), at=T("10:05"))

    assert people == [garden.technician, garden.technician_2]
