"""One repair from the first keystroke to the archive, with the clocks of the worked examples."""

from __future__ import annotations

import pytest

from repairs import actions
from repairs.actions import RepairIntake
from tests.worlds import T, World
from tickets import closing
from tickets.models import SlaClock, Ticket


def take(world: World, **changes: object) -> RepairIntake:
    """An in-home leak, now, reported by its owner."""
    fields: dict[str, object] = {
        "category": world.leak,
        "unit": world.unit,
        "when": "now",
        "reporter": world.owner,
        "contact_name": world.owner.name,
    }
    return RepairIntake(**{**fields, **changes})  # type: ignore[arg-type]


def clock(ticket: Ticket, code: str) -> SlaClock:
    return SlaClock.objects.filter(ticket=ticket, rule_code=code).latest("pk")


@pytest.mark.rule("REP-06, REP-09, REP-16, REP-17, REP-25, REP-26, CBK-02, CBK-04, CBK-06")
def test_a_repair_goes_from_the_call_to_the_archive_through_four_roles(garden: World) -> None:
    garden.on_duty("front_desk", "technician", "specialist")
    ticket = actions.report_repair(take(garden), project=garden.project, by=garden.front_desk, at=T("10:00:30"))
    actions.dispatch_repair(ticket.pk, by=garden.front_desk, technician=garden.technician, at=T("10:01:00"))
    actions.accept_repair(ticket.pk, by=garden.technician, at=T("10:01:40"))
    assert clock(ticket, "REP-16").due_at == T("10:06:40")
    assert clock(ticket, "REP-17").due_at == T("10:31:40")
    actions.arrive(ticket.pk, by=garden.technician, at=T("10:05:00"))
    actions.start_work(ticket.pk, by=garden.technician, at=T("10:10:00"))
    actions.finish_work(
        ticket.pk,
        by=garden.technician,
        result="更换软管",
        is_tested=True,
        is_cleaned=True,
        signed_on_paper=True,
        at=T("10:50:00"),
    )
    assert clock(ticket, "REP-25").due_at == T("11:00:00")
    assert clock(ticket, "REP-21").due_at == T("17:30:00")
    closing.accept_result(ticket.pk, by=garden.specialist, at=T("10:58:00"))
    closing.register_callback(
        ticket.pk,
        by=garden.front_desk,
        outcome="reached",
        person_reached="业主",
        is_solved=True,
        satisfaction=5,
        at=T("14:00:00"),
    )
    ticket.refresh_from_db()
    assert ticket.state == "called_back"
    states = dict(SlaClock.objects.filter(ticket=ticket).values_list("rule_code", "state"))
    assert states == {
        "REP-06": "met",
        "REP-09": "met",
        "REP-11": "met",
        "REP-12": "met",
        "REP-15": "met",
        "REP-16": "met",
        "REP-17": "met",
        "REP-21": "running",
        "REP-25": "met",
        "REP-26": "met",
    }
