"""GATES of a repair until somebody goes: refused by their rule with nothing stored, kept by the database too."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import translation

from repairs import actions
from repairs.errors import DuplicateSuspected
from repairs.models import RepairOrder
from repairs.warranty import basis_of
from repairs.workflow import order_of
from residents.duty import start_shift
from residents.errors import GateClosed, InvalidInput
from tests.repairs.paths import (
    clock,
    finish,
    lamp,
    on_duty,
    refused,
    refused_by_the_database,
    repair_in,
    report,
    take,
)
from tests.residents.factories import DutyShiftFactory, MembershipFactory, ProjectFactory, UnitFactory
from tests.worlds import T, World
from tickets import closing
from tickets.actions import (
    add_reporter,
    edit_ticket,
    merge_tickets,
    reply_to_reporter,
)
from tickets.models import Notice, Ticket, TicketEvent, TicketReporter

# REP-01, REP-41: public areas


@pytest.mark.rule("REP-01, REP-41")
@pytest.mark.parametrize(
    ("who", "how"),
    [
        ({"by": None, "by_owner": True}, "on_site"),
        ({"by": "specialist", "by_owner": True}, "on_site"),
        ({"by": "specialist"}, "phone"),
    ],
    ids=["the owner in the portal", "the owner through the specialist", "the specialist by phone"],
)
def test_a_public_repair_is_accepted_by_the_specialist_who_has_looked_at_it(
    garden: World, who: dict[str, Any], how: str
) -> None:
    ticket = repair_in(garden, "completion_reported", intake=lamp(garden))
    person = {**who, "by": garden.specialist if who["by"] else None}

    with refused(GateClosed, "REP-41"):
        closing.accept_result(ticket.pk, **person, method=how, at=T("10:55"))

    closing.accept_result(ticket.pk, by=garden.specialist, method="evidence", at=T("10:55"))
    ticket.refresh_from_db()
    assert (ticket.state, ticket.accepted_by_id) == ("accepted_ok", garden.specialist.pk)


@pytest.mark.rule("REP-01")
def test_a_public_fault_is_a_work_order_of_the_centre_with_its_reporter(garden: World) -> None:
    ticket = report(garden, intake=lamp(garden, contact_name="路人", contact_phone="13900000000"))

    assert ticket.repair.form == "work_order"
    assert (ticket.unit_id, ticket.place, ticket.is_public_area) == (None, "1号门路灯", True)
    assert list(ticket.reporters.values_list("name", "phone")) == [("路人", "13900000000")]


@pytest.mark.rule("REP-02")
def test_somebody_who_left_only_a_number_is_owed_a_reply_too(garden: World) -> None:
    intake = lamp(garden, reporter=None, contact_name="", contact_phone="13900006688")
    ticket = repair_in(garden, "finished", intake=intake)

    reporter = ticket.reporters.get()
    assert (reporter.name, reporter.phone, str(reporter)) == ("", "13900006688", "未留姓名（尾号 6688）")
    assert clock(ticket, "REP-02").scope.endswith(f"/reporter:{reporter.pk}")


@pytest.mark.rule("REP-10")
def test_the_number_of_a_duplicate_without_a_name_is_handed_over(garden: World) -> None:
    first = report(garden, "09:00:00")
    second = report(garden, "09:10:00", reporter=None, contact_name="", contact_phone="13900006688", not_duplicate=True)

    merge_tickets(second.pk, into_id=first.pk, by=garden.front_desk, at=T("09:11:00"))

    assert TicketReporter.objects.get(ticket=first).phone == "13900006688"


@pytest.mark.rule("REP-01, REP-10")
def test_several_reports_of_one_public_fault_become_one_order_with_every_reporter(garden: World) -> None:
    first = report(garden, "09:00:00", intake=lamp(garden, contact_name="甲"))
    second = report(garden, "09:30:00", intake=lamp(garden, contact_name="乙", not_duplicate=True))

    merge_tickets(second.pk, into_id=first.pk, by=garden.front_desk, at=T("09:31:00"))

    second.refresh_from_db()
    assert (second.state, second.merged_into_id, second.is_open) == ("duplicate", first.pk, False)
    assert list(first.reporters.order_by("pk").values_list("name", "came_from_id")) == [("甲", None), ("乙", second.pk)]
    assert not second.clocks.live().exists()


@pytest.mark.rule("REP-37")
def test_a_fault_found_on_patrol_has_nobody_who_waits_for_a_reply(garden: World) -> None:
    ticket = report(garden, intake=lamp(garden, reporter=None, contact_name="楼管员", channel="patrol"))

    assert not ticket.reporters.exists()


@pytest.mark.rule("REP-02")
def test_nobody_is_told_it_is_fixed_before_it_is(garden: World) -> None:
    ticket = repair_in(garden, "in_work", intake=lamp(garden))
    waiting = ticket.reporters.get()

    with refused(GateClosed, "REP-02"):
        reply_to_reporter(waiting.pk, by=garden.front_desk, at=T("10:40"))

    finish(garden, ticket, "10:50")
    with refused(InvalidInput, "GEN-01", field="occurred_at"):
        reply_to_reporter(waiting.pk, by=garden.front_desk, at=T("11:00"), occurred_at=T("10:49"))
    reply_to_reporter(waiting.pk, by=garden.front_desk, at=T("11:00"))
    waiting.refresh_from_db()
    assert waiting.replied_at == T("11:00")


@pytest.mark.rule("REP-02, CBK-06")
def test_a_public_repair_is_not_archived_while_a_reporter_waits(garden: World) -> None:
    ticket = repair_in(garden, "reviewed", intake=lamp(garden))

    with refused(GateClosed, "REP-02"):
        closing.archive_ticket(ticket.pk, by=garden.front_desk, at=T("12:10"))

    reply_to_reporter(ticket.reporters.get().pk, by=garden.front_desk, at=T("12:05"))
    closing.archive_ticket(ticket.pk, by=garden.front_desk, at=T("12:10"))
    ticket.refresh_from_db()
    assert ticket.state == "archived"


@pytest.mark.rule("REP-02, CBK-12")
def test_a_reopened_public_repair_owes_every_reporter_a_new_reply(garden: World) -> None:
    ticket = repair_in(garden, "finished", intake=lamp(garden))
    reply_to_reporter(ticket.reporters.get().pk, by=garden.front_desk, at=T("10:51"))
    actions.report_completion(ticket.pk, by=garden.technician, at=T("10:52"))

    closing.reject_result(ticket.pk, by=garden.specialist, reason="还是不亮", at=T("10:55"))

    assert ticket.reporters.get().replied_at is None


# REP-03: now or an appointment


@pytest.mark.rule("REP-03")
@pytest.mark.parametrize(
    ("when", "field"),
    [
        ({"when": ""}, "when"),
        ({"when": "soon"}, "when"),
        ({"when": "appointment"}, "window_to"),
        ({"when": "appointment", "window_from": T("15:00")}, "window_to"),
        ({"when": "appointment", "window_to": T("15:00")}, "window_to"),
        ({"when": "appointment", "window_from": T("16:00"), "window_to": T("15:00")}, "window_to"),
        ({"when": "appointment", "window_from": T("09:00"), "window_to": T("10:00")}, "window_to"),
        ({"when": "now", "window_from": T("15:00"), "window_to": T("16:00")}, "window_to"),
        ({"when": "now", "window_from": T("15:00")}, "window_to"),
    ],
)
def test_an_in_home_repair_is_not_savable_without_now_or_a_time_to_come(
    garden: World, when: dict[str, Any], field: str
) -> None:
    with refused(InvalidInput, "REP-03", field=field):
        report(garden, **when)
    assert not Ticket.objects.exists()


@pytest.mark.rule("REP-03")
def test_now_and_an_appointment_are_both_savable(garden: World) -> None:
    now = report(garden, when="now")
    later = report(garden, when="appointment", window_from=T("15:00"), window_to=T("16:00"), not_duplicate=True)

    assert (now.response, now.visits.get().window_to) == ("now", None)
    assert (later.response, later.visits.get().window_to) == ("later", T("16:00"))


@pytest.mark.rule("REP-04")
@pytest.mark.parametrize(
    ("intake", "field"), [({"unit": None}, "unit"), ({"category": "lamp", "unit": None, "place": " "}, "place")]
)
def test_a_repair_says_where_it_is(garden: World, intake: dict[str, Any], field: str) -> None:
    if intake.get("category") == "lamp":
        intake = {**intake, "category": garden.lamp}

    with refused(InvalidInput, "REP-04", field=field):
        report(garden, **intake)


# REP-05: warranty decides the form


@pytest.mark.rule("REP-05")
@pytest.mark.parametrize(
    ("handed_over", "form", "covered"),
    [("2023-03-14", "work_order", True), ("2023-03-13", "repair_order", False), (None, "repair_order", False)],
)
def test_the_last_day_of_the_guarantee_decides_between_work_order_and_repair_order(
    garden: World, handed_over: str | None, form: str, covered: bool
) -> None:
    garden.unit.hand_over_on = handed_over
    garden.unit.save()
    garden.unit.refresh_from_db()

    order = report(garden).repair

    assert (order.form, order.in_warranty) == (form, covered)
    assert order.warranty_basis


@pytest.mark.rule("REP-05")
def test_a_matter_outside_the_guarantee_is_a_repair_order(garden: World) -> None:
    order = report(garden, category=garden.paint).repair

    assert (order.form, order.in_warranty, order.warranty_basis) == (
        "repair_order",
        False,
        "不在质量保证书范围内",
    )


@pytest.mark.rule("REP-05")
def test_the_basis_is_read_in_the_reader_s_language_and_a_person_s_reason_as_it_stands(garden: World) -> None:
    with translation.override("en"):
        ticket = report(garden)
    until = order_of(ticket).warranty_basis.rsplit(" ", 1)[1]
    assert order_of(ticket).warranty_basis == f"给排水 保修至 {until}"
    with translation.override("en"):
        assert basis_of(order_of(ticket), ticket) == f"给排水: warranty to {until}"

    actions.correct_warranty(
        ticket.pk, by=garden.engineering_duty, in_warranty=True, reason="属渗漏返修", at=T("10:00:20")
    )
    with translation.override("en"):
        assert basis_of(RepairOrder.objects.get(ticket=ticket), ticket) == "属渗漏返修"


@pytest.mark.rule("REP-05")
def test_engineering_corrects_the_class_only_with_a_reason(garden: World) -> None:
    ticket = repair_in(garden, "reported", category=garden.paint)

    with refused(InvalidInput, "REP-05", field="reason"):
        actions.correct_warranty(ticket.pk, by=garden.engineering_duty, in_warranty=True, reason=" ", at=T("10:00:20"))

    actions.correct_warranty(
        ticket.pk, by=garden.engineering_duty, in_warranty=True, reason="属渗漏返修", at=T("10:00:20")
    )
    order = RepairOrder.objects.get(ticket=ticket)
    assert (order.in_warranty, order.form, order.warranty_basis) == (True, "work_order", "属渗漏返修")


@pytest.mark.rule("REP-05, REP-07")
def test_a_dispatched_repair_becomes_paid_only_when_the_price_was_told(garden: World) -> None:
    ticket = repair_in(garden, "on_site")
    correction: dict[str, Any] = {"by": garden.engineering_duty, "in_warranty": False, "reason": "人为损坏"}

    with refused(GateClosed, "REP-07"):
        actions.correct_warranty(ticket.pk, **correction, at=T("10:06"))

    actions.tell_price(ticket.pk, by=garden.technician, accepted_by="测试业主", amount_fen=8000, at=T("10:06"))
    actions.correct_warranty(ticket.pk, **correction, at=T("10:07"))
    assert RepairOrder.objects.get(ticket=ticket).form == "repair_order"


@pytest.mark.rule("REP-05")
def test_a_finished_repair_is_never_made_paid_but_may_be_made_free(garden: World) -> None:
    ticket = repair_in(garden, "in_work", category=garden.paint, price_told=True)
    dispatch_price = RepairOrder.objects.get(ticket=ticket).price_told_at
    finish(garden, ticket, labour_fen=3500)

    actions.correct_warranty(ticket.pk, by=garden.engineering_duty, in_warranty=True, reason="属保修", at=T("10:55"))

    order = RepairOrder.objects.get(ticket=ticket)
    assert (order.charge_fen, order.payable_fen, order.form) == (0, 0, "work_order")
    assert dispatch_price == T("10:00")
    with refused(GateClosed, "REP-05"):
        actions.correct_warranty(ticket.pk, by=garden.engineering_duty, in_warranty=False, reason="又改", at=T("10:56"))


@pytest.mark.rule("REP-05")
def test_the_database_refuses_a_form_that_is_not_that_of_the_warranty(garden: World) -> None:
    order = RepairOrder.objects.filter(ticket=report(garden))

    refused_by_the_database("repairs_order_warranty_decides_form", lambda: order.update(form="repair_order"))


# REP-06, REP-09: whoever can take it hears of a job in the pool


def told_of_the_pool(world: World, ticket: Ticket) -> set[str]:
    actions.dispatch_repair(ticket.pk, by=world.front_desk, at=T("10:00:30"))
    return set(Notice.objects.filter(ticket=ticket, kind="dispatched").values_list("staff__name", flat=True))


@pytest.mark.rule("REP-06, REP-09")
def test_a_job_for_the_pool_is_told_to_everybody_on_duty_here_who_can_take_it_the_night_duty_too(
    garden: World,
) -> None:
    elsewhere = ProjectFactory(code="902")
    away = garden.technician_2
    MembershipFactory(staff=away, project=elsewhere, role="technician")
    DutyShiftFactory(staff=away, project=elsewhere, role="technician", started_at=T("08:00"), ends_at=T("17:30"))
    garden.night_duty.trades = ["plumbing"]
    garden.night_duty.save()
    garden.on_duty("technician", "night_duty")

    assert told_of_the_pool(garden, report(garden)) == {garden.technician.name, garden.night_duty.name}


@pytest.mark.rule("REP-06, REP-09")
@pytest.mark.parametrize("why", ["nobody is on duty", "nobody has the trade", "nobody takes work"])
def test_a_job_for_an_empty_pool_is_told_to_the_engineering_duty(garden: World, why: str) -> None:
    if why == "nobody has the trade":
        garden.on_duty("night_duty")
    if why == "nobody takes work":
        garden.on_duty("technician")
        garden.technician.shifts.update(is_away=True)

    assert told_of_the_pool(garden, report(garden)) == {garden.engineering_duty.name}


# REP-07: the price before the dispatch


@pytest.mark.rule("REP-07")
def test_a_paid_repair_is_not_dispatched_before_the_price_was_told_and_agreed(garden: World) -> None:
    on_duty(garden)
    ticket = report(garden, category=garden.paint)

    with refused(GateClosed, "REP-07"):
        actions.dispatch_repair(ticket.pk, by=garden.front_desk, technician=garden.technician, at=T("10:00:30"))
    with refused(InvalidInput, "REP-07", field="accepted_by"):
        actions.tell_price(ticket.pk, by=garden.front_desk, accepted_by=" ", at=T("10:00:30"))

    actions.tell_price(ticket.pk, by=garden.front_desk, accepted_by="测试业主", at=T("10:00:30"))
    actions.dispatch_repair(ticket.pk, by=garden.front_desk, technician=garden.technician, at=T("10:00:40"))
    order = RepairOrder.objects.get(ticket=ticket)
    assert (order.tariff_id, order.price_told_at, order.price_accepted_by) == (
        garden.paint.tariff_id,
        T("10:00:30"),
        "测试业主",
    )
    assert TicketEvent.objects.get(ticket=ticket, kind="price_told").data["price_fen"] == 3500


@pytest.mark.rule("REP-07")
def test_the_price_told_at_the_intake_needs_a_name_that_agreed(garden: World) -> None:
    with refused(InvalidInput, "REP-07", field="price_accepted_by"):
        report(garden, category=garden.paint, price_told=True, reporter=None, contact_name="")

    order = report(garden, category=garden.paint, price_told=True).repair
    assert (order.price_told_at, order.price_accepted_by) == (T("10:00"), "测试业主")


@pytest.mark.rule("REP-07")
def test_a_price_that_is_in_no_list_is_told_as_an_amount(garden: World) -> None:
    garden.paint.tariff = None
    garden.paint.save()
    with refused(InvalidInput, "REP-07", field="price_told"):
        report(garden, category=garden.paint, price_told=True)
    ticket = report(garden, category=garden.paint)
    told: dict[str, Any] = {"by": garden.front_desk, "accepted_by": "测试业主", "at": T("10:00:30")}

    for amount_fen in (None, 0, -1):
        with refused(InvalidInput, "REP-07", field="amount"):
            actions.tell_price(ticket.pk, **told, amount_fen=amount_fen)

    actions.tell_price(ticket.pk, **told, amount_fen=12000)
    assert TicketEvent.objects.get(ticket=ticket, kind="price_told").data["price_fen"] == 12000
    assert RepairOrder.objects.get(ticket=ticket).price_told_at == T("10:00:30")


@pytest.mark.rule("REP-07")
def test_a_repair_under_guarantee_is_dispatched_without_a_price(garden: World) -> None:
    ticket = repair_in(garden, "dispatched")

    assert (ticket.repair.in_warranty, ticket.repair.price_told_at) == (True, None)


@pytest.mark.rule("REP-07")
def test_the_database_refuses_a_paid_dispatch_without_a_price(garden: World) -> None:
    order = RepairOrder.objects.filter(ticket=report(garden, category=garden.paint))

    refused_by_the_database("repairs_order_paid_price_told", lambda: order.update(dispatched_at=T("10:01")))


# REP-10: is it reported already?


@pytest.mark.rule("REP-10")
def test_the_same_fault_of_the_same_home_is_not_taken_down_twice_unless_somebody_says_it_is_another(
    garden: World,
) -> None:
    first = report(garden, "09:00:00")

    with refused(DuplicateSuspected, "REP-10", field="not_duplicate"):
        report(garden, "10:00:00")
    with pytest.raises(DuplicateSuspected) as suspected:
        report(garden, "10:00:00")
    assert suspected.value.candidates == [first]

    second = report(garden, "10:00:00", not_duplicate=True)
    assert second.pk != first.pk
    assert TicketEvent.objects.get(ticket=second, kind="reported").data["not_duplicate"] is True


@pytest.mark.rule("REP-10")
def test_another_matter_another_home_or_a_closed_ticket_is_no_duplicate(garden: World) -> None:
    done = repair_in(garden, "cancelled")
    report(garden, "11:00:00", category=garden.paint, price_told=True)
    report(garden, "11:01:00", unit=UnitFactory(building=garden.building, project=garden.project, room="0101"))
    again = report(garden, "11:02:00")

    assert done.pk != again.pk
    assert Ticket.objects.open().count() == 3


@pytest.mark.rule("REP-10, REP-01")
def test_neighbours_who_report_the_same_lamp_from_their_own_homes_report_one_fault(garden: World) -> None:
    first = report(garden, "09:00:00", intake=lamp(garden, unit=garden.unit))
    other = UnitFactory(building=garden.building, project=garden.project, room="0101")

    with refused(DuplicateSuspected, "REP-10", field="not_duplicate"):
        report(garden, "10:00:00", intake=lamp(garden, unit=other))

    add_reporter(first.pk, by=garden.front_desk, name="邻居", unit=other, at=T("10:00"))
    assert first.reporters.count() == 2
    assert first.place == "1号门路灯"


@pytest.mark.rule("REP-10")
def test_the_reporter_of_an_in_home_duplicate_is_linked_to_the_ticket_that_stays(garden: World) -> None:
    first = report(garden, "09:00:00")
    second = report(garden, "09:10:00", contact_name="租户", contact_phone="13912345678", not_duplicate=True)

    merge_tickets(second.pk, into_id=first.pk, by=garden.front_desk, at=T("09:11:00"))

    linked = TicketReporter.objects.get(ticket=first)
    assert (linked.name, linked.phone, linked.came_from_id) == ("租户", "13912345678", second.pk)


@pytest.mark.rule("REP-10")
@pytest.mark.parametrize("other", ["matter", "home", "a public place"])
def test_a_repair_is_not_merged_into_one_of_another_matter_or_place(garden: World, other: str) -> None:
    next_door = UnitFactory(building=garden.building, project=garden.project, room="0101")
    into = {
        "matter": lambda: report(garden, "09:00:00", category=garden.paint, price_told=True),
        "home": lambda: report(garden, "09:00:00", unit=next_door),
        "a public place": lambda: report(garden, "09:00:00", intake=lamp(garden)),
    }[other]()
    ticket = report(garden, "09:10:00")

    with refused(InvalidInput, "REP-10", field="into", saying=into.place):
        merge_tickets(ticket.pk, into_id=into.pk, by=garden.supervisor, at=T("09:11:00"))


@pytest.mark.rule("REP-01, REP-10, GEN-10")
def test_a_public_place_written_otherwise_is_corrected_before_the_reports_become_one(garden: World) -> None:
    first = report(garden, "09:00:00", intake=lamp(garden))
    second = report(garden, "09:10:00", intake=lamp(garden, place="一号门的路灯", not_duplicate=True))
    with refused(InvalidInput, "REP-10", field="into", saying="先更正位置"):
        merge_tickets(second.pk, into_id=first.pk, by=garden.specialist, at=T("09:11:00"))

    changes, version = {"place": first.place}, second.version
    edit_ticket(second.pk, by=garden.specialist, changes=changes, reason="同一盏灯", version=version, at=T("09:12:00"))
    merge_tickets(second.pk, into_id=first.pk, by=garden.specialist, at=T("09:13:00"))

    assert TicketEvent.objects.get(ticket=second, kind="edited").data["old"] == {"place": "一号门的路灯"}
    assert Ticket.objects.get(pk=second.pk).state == "duplicate"


@pytest.mark.rule("GEN-10")
def test_the_place_of_a_repair_in_a_home_is_the_home(garden: World) -> None:
    ticket = report(garden)

    with refused(InvalidInput, "GEN-10", field="place"):
        edit_ticket(
            ticket.pk,
            by=garden.front_desk,
            changes={"place": "3栋1单元0101"},
            reason="听错了",
            version=ticket.version,
            at=T("10:01"),
        )


@pytest.mark.rule("REP-10")
def test_the_ticket_that_stays_counts_from_the_earlier_of_the_two_reports(garden: World) -> None:
    early = report(garden, "09:00:00", intake=lamp(garden))
    late = report(garden, "09:00:30", intake=lamp(garden, contact_name="乙", not_duplicate=True))

    merge_tickets(early.pk, into_id=late.pk, by=garden.front_desk, at=T("09:00:40"))

    assert clock(late, "REP-09").due_at == T("09:01:00")
    late.refresh_from_db()
    assert late.reported_at == T("09:00:00")


# REP-33: night


NEXT_DAY: dict[str, Any] = {
    "when": "appointment",
    "window_from": T("09:00") + timedelta(days=1),
    "window_to": T("10:00") + timedelta(days=1),
}


@pytest.mark.rule("REP-33")
def test_a_repair_of_the_night_that_waits_is_told_to_be_next_day(garden: World) -> None:
    night = T("23:00")

    with refused(InvalidInput, "REP-33", field="told_next_day"):
        actions.report_repair(take(garden, **NEXT_DAY), project=garden.project, by=garden.night_duty, at=night)

    ticket = actions.report_repair(
        take(garden, **NEXT_DAY, told_next_day=True), project=garden.project, by=garden.night_duty, at=night
    )
    assert (ticket.repair.at_night, ticket.repair.told_next_day) == (True, True)
    assert clock(ticket, "REP-06").due_at == night + timedelta(minutes=1)


@pytest.mark.rule("REP-33")
@pytest.mark.parametrize("role", ["technician", "front_desk"])
@pytest.mark.parametrize(("code", "at"), [("late", T("23:00")), ("night", T("02:00"))])
def test_somebody_with_two_roles_is_on_night_duty_whichever_of_them_the_shift_names(
    garden: World, role: str, code: str, at: datetime
) -> None:
    person = garden.night_duty
    MembershipFactory(staff=person, project=garden.project, role=role)
    start_shift(person, garden.project, code=code, at=at - timedelta(minutes=30))
    assert person.shifts.get().role == role

    with refused(InvalidInput, "REP-33", field="told_next_day"):
        actions.report_repair(take(garden, **NEXT_DAY), project=garden.project, by=person, at=at)


@pytest.mark.rule("REP-33")
def test_a_clerk_of_the_desk_on_the_night_shift_is_on_night_duty(garden: World) -> None:
    start_shift(garden.front_desk, garden.project, code="night", at=T("00:00"))

    with refused(InvalidInput, "REP-33", field="told_next_day"):
        report(garden, "02:00", **NEXT_DAY)

    ticket = report(garden, "02:00", **NEXT_DAY, told_next_day=True)
    assert (ticket.repair.at_night, ticket.repair.told_next_day) == (True, True)


@pytest.mark.rule("REP-33")
@pytest.mark.parametrize(("role", "code", "at"), [("night_duty", "early", "10:00"), ("front_desk", "late", "20:00")])
def test_the_day_and_the_desks_late_shift_are_no_night(garden: World, role: str, code: str, at: str) -> None:
    person = garden.staff[role]
    start_shift(person, garden.project, code=code, at=T(at) - timedelta(hours=1))

    ticket = actions.report_repair(take(garden, **NEXT_DAY), project=garden.project, by=person, at=T(at))

    assert ticket.repair.at_night is False


@pytest.mark.rule("REP-33")
def test_the_night_duty_that_takes_the_job_needs_no_such_word(garden: World) -> None:
    ticket = actions.report_repair(take(garden), project=garden.project, by=garden.night_duty, at=T("23:00"))

    assert (ticket.repair.at_night, ticket.repair.told_next_day) == (True, False)


@pytest.mark.rule("REP-33")
def test_by_day_an_appointment_needs_no_such_word(garden: World) -> None:
    ticket = report(garden, when="appointment", window_from=T("15:00"), window_to=T("16:00"))

    assert ticket.repair.at_night is False
