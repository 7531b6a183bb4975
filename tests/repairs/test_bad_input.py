"""What people and pages get wrong: each is refused with a sentence, and nothing is stored or doubled."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest

from repairs import actions
from repairs.errors import TechnicianUnavailable
from residents.errors import InvalidInput, NotAllowed, StaleVersion
from residents.models import DutyShift
from residents.tenancy import company_scope
from tests.repairs.factories import RepairCategoryFactory, TariffItemFactory
from tests.repairs.paths import finish, on_duty, refused, repair_in, report, stored, take
from tests.residents.factories import (
    BuildingFactory,
    MembershipFactory,
    OccupancyFactory,
    PersonFactory,
    ProjectFactory,
    StaffFactory,
    UnitFactory,
)
from tests.worlds import T, World, make_world
from tickets.actions import add_comment, add_reporter, edit_ticket, merge_tickets
from tickets.errors import IllegalTransition, TicketClosed
from tickets.models import Notice, Ticket, TicketEvent

# The same thing twice, or too late


@pytest.mark.rule("REP-10")
def test_the_same_form_submitted_twice_makes_one_ticket(garden: World) -> None:
    key = uuid.uuid4()
    first = report(garden, form_key=key)
    before = stored()

    again = report(garden, "10:00:05", form_key=key)

    assert again.pk == first.pk
    assert stored() == before


@pytest.mark.rule("GEN-08")
def test_the_form_of_another_project_does_not_find_its_ticket(garden: World) -> None:
    key = uuid.uuid4()
    first = report(garden, form_key=key)
    other = ProjectFactory(code="002")
    garden.also("front_desk", "front_desk", project=other)

    with refused(NotAllowed, "GEN-08"):
        actions.report_repair(
            take(garden, form_key=key, category=garden.lamp, unit=None, reporter=None, place="大堂", when=""),
            project=other,
            by=garden.front_desk,
            at=T("10:00:05"),
        )

    assert list(Ticket.objects.values_list("pk", flat=True)) == [first.pk]


@pytest.mark.parametrize("act", ["dispatch", "return", "set_appointment", "cancel", "edit"])
def test_a_page_that_shows_an_older_version_changes_nothing(garden: World, act: str) -> None:
    ticket = repair_in(garden, "dispatched")
    old: dict[str, Any] = {"version": ticket.version - 1, "at": T("10:00:50")}
    acts = {
        "dispatch": lambda: actions.dispatch_repair(
            ticket.pk, by=garden.front_desk, technician=garden.technician_2, override_reason="就近", **old
        ),
        "return": lambda: actions.return_repair(ticket.pk, by=garden.technician, reason="缺工具", **old),
        "set_appointment": lambda: actions.set_appointment(
            ticket.pk, by=garden.front_desk, window_from=T("15:00"), window_to=T("16:00"), **old
        ),
        "cancel": lambda: actions.cancel_repair(
            ticket.pk, by=garden.front_desk, reason="不修了", withdrawn_by="业主", **old
        ),
        "edit": lambda: edit_ticket(
            ticket.pk, by=garden.front_desk, changes={"title": "阳台漏水"}, reason="听错了", **old
        ),
    }

    with refused(StaleVersion):
        acts[act]()


def test_a_technician_who_pressed_accept_on_an_old_page_after_the_automatic_acceptance_is_not_sent_away(
    garden: World,
) -> None:
    ticket = repair_in(garden, "dispatched")
    shown = ticket.version
    actions.auto_accept(ticket.clocks.get(rule_code="REP-15"), at=T("10:01:32"))

    actions.accept_repair(ticket.pk, by=garden.technician, version=shown, at=T("10:01:40"))

    assert TicketEvent.objects.filter(ticket=ticket, kind="accepted_by_hand").count() == 1
    with refused(IllegalTransition):
        actions.accept_repair(ticket.pk, by=garden.technician, at=T("10:01:41"))


def test_an_accepted_order_is_not_accepted_again(garden: World) -> None:
    ticket = repair_in(garden, "accepted")

    with refused(IllegalTransition):
        actions.accept_repair(ticket.pk, by=garden.technician, at=T("10:01:30"))


def test_an_illegal_step_says_where_the_ticket_is_and_a_closed_ticket_that_it_is_closed(garden: World) -> None:
    ticket = repair_in(garden, "reported")
    done = repair_in(garden, "cancelled", not_duplicate=True)

    with refused(IllegalTransition, saying="待派单"):
        actions.start_work(ticket.pk, by=garden.technician, at=T("10:10"))
    with refused(TicketClosed, saying="已经结束"):
        actions.start_work(done.pk, by=garden.technician, at=T("10:10"))


# Times


@pytest.mark.rule("GEN-01")
def test_a_step_in_the_future_is_refused(garden: World) -> None:
    ticket = repair_in(garden, "accepted")

    with refused(InvalidInput, "GEN-01", field="occurred_at", saying="晚于现在"):
        actions.arrive(ticket.pk, by=garden.technician, at=T("10:04:00"), occurred_at=T("10:04:01"))
    with refused(InvalidInput, "GEN-01", field="occurred_at"):
        actions.report_repair(
            take(garden, not_duplicate=True),
            project=garden.project,
            by=garden.front_desk,
            at=T("10:00"),
            occurred_at=T("10:00:01"),
        )


@pytest.mark.rule("GEN-01")
def test_a_step_before_the_previous_step_of_a_person_is_refused(garden: World) -> None:
    ticket = repair_in(garden, "accepted")  # by hand at 10:01:00

    with refused(InvalidInput, "GEN-01", field="occurred_at", saying="03-14 10:01:00"):
        actions.arrive(ticket.pk, by=garden.technician, at=T("10:04:00"), occurred_at=T("10:00:59"))

    actions.arrive(ticket.pk, by=garden.technician, at=T("10:04:00"), occurred_at=T("10:01:00"))
    event = TicketEvent.objects.get(ticket=ticket, kind="arrived")
    assert (event.occurred_at, event.entered_at) == (T("10:01:00"), T("10:04:00"))


@pytest.mark.rule("GEN-01")
def test_a_step_before_one_taken_by_the_system_gives_it_no_way(garden: World) -> None:
    ticket = repair_in(garden, "dispatched")
    actions.auto_accept(ticket.clocks.get(rule_code="REP-15"), at=T("10:01:31"))  # dated 10:01:30

    actions.arrive(ticket.pk, by=garden.technician, at=T("10:03:00"), occurred_at=T("10:01:10"))

    ticket.refresh_from_db()
    assert (ticket.state, ticket.last_step_at) == ("on_site", T("10:01:10"))


# People


@pytest.mark.rule("REP-09")
@pytest.mark.parametrize("why", ["off shift", "shift over", "went home", "away", "another trade"])
def test_a_technician_who_cannot_come_is_not_sent_without_a_reason(garden: World, why: str) -> None:
    garden.on_duty("front_desk")
    ticket = report(garden)
    if why != "off shift":
        garden.on_duty("technician", end=T("09:59") if why == "shift over" else T("17:30"))
    if why == "went home":
        DutyShift.objects.filter(staff=garden.technician).update(ended_at=T("09:30"))
    if why == "away":
        DutyShift.objects.filter(staff=garden.technician).update(is_away=True)
    if why == "another trade":
        garden.technician.trades = ["lift"]
        garden.technician.save()
    send: dict[str, Any] = {"by": garden.front_desk, "technician": garden.technician, "at": T("10:00:30")}

    with refused(TechnicianUnavailable, field="technician", saying=garden.technician.name):
        actions.dispatch_repair(ticket.pk, **send)

    actions.dispatch_repair(ticket.pk, **send, override_reason="业主指定")
    event = TicketEvent.objects.get(ticket=ticket, kind="dispatched")
    assert (event.data["technician"], event.data["override_reason"]) == (garden.technician.pk, "业主指定")


@pytest.mark.rule("REP-09")
def test_an_all_rounder_fits_every_trade_and_every_technician_a_general_job(garden: World) -> None:
    garden.on_duty("front_desk", "technician_2")  # general only; the leak asks for plumbing
    leak, lamp = report(garden), report(garden, category=garden.lamp, unit=None, place="大堂", when="")

    for ticket in (leak, lamp):
        actions.dispatch_repair(ticket.pk, by=garden.front_desk, technician=garden.technician_2, at=T("10:00:30"))
        ticket.refresh_from_db()
        assert ticket.assignee_id == garden.technician_2.pk


@pytest.mark.rule("GEN-08")
@pytest.mark.parametrize("who", ["front_desk", "elsewhere", "dismissed"])
def test_nobody_is_sent_who_is_not_a_technician_of_the_project_whatever_the_reason(garden: World, who: str) -> None:
    on_duty(garden)
    ticket = report(garden)
    person = garden.front_desk
    if who == "elsewhere":
        person = StaffFactory(trades=["plumbing"])
        MembershipFactory(staff=person, project=ProjectFactory(code="002"), role="technician")
    if who == "dismissed":
        person = garden.technician
        person.is_active = False
        person.save()

    with refused(InvalidInput, field="technician"):
        actions.dispatch_repair(
            ticket.pk, by=garden.front_desk, technician=person, override_reason="就近", at=T("10:00:30")
        )


@pytest.mark.rule("REP-15")
@pytest.mark.parametrize("act", ["accept", "return", "arrive", "start", "finish", "leave", "appoint"])
def test_a_technician_does_not_touch_the_job_of_another(garden: World, act: str) -> None:
    state = {
        "accept": "dispatched",
        "return": "accepted",
        "arrive": "accepted",
        "start": "on_site",
        "appoint": "accepted",
    }
    ticket = repair_in(garden, state.get(act, "in_work" if act == "finish" else "finished"))
    other: dict[str, Any] = {"by": garden.technician_2, "at": T("10:00:50") if act == "accept" else T("10:51")}
    acts = {
        "accept": lambda: actions.accept_repair(ticket.pk, **other),
        "return": lambda: actions.return_repair(ticket.pk, reason="抢单", **other),
        "arrive": lambda: actions.arrive(ticket.pk, **other),
        "start": lambda: actions.start_work(ticket.pk, **other),
        "finish": lambda: finish(garden, ticket, "10:51", by=garden.technician_2),
        "leave": lambda: actions.leave_site(ticket.pk, **other),
        "appoint": lambda: actions.set_appointment(ticket.pk, window_from=T("15:00"), window_to=T("16:00"), **other),
    }

    with refused(InvalidInput, "REP-15", field="technician", saying="派给了别人"):
        acts[act]()


@pytest.mark.rule("REP-22, CBK-04")
def test_an_arrival_at_a_job_of_the_pool_that_is_phoned_in_names_who_came(garden: World) -> None:
    on_duty(garden)
    ticket = report(garden)
    actions.dispatch_repair(ticket.pk, by=garden.front_desk, at=T("10:00:30"))
    phoned: dict[str, Any] = {"by": garden.front_desk, "method": "phone", "at": T("10:04")}

    with refused(InvalidInput, "REP-22", field="technician"):
        actions.arrive(ticket.pk, **phoned)
    with refused(InvalidInput, "REP-22", field="technician"):
        actions.arrive(ticket.pk, **phoned, technician=garden.guard)

    actions.arrive(ticket.pk, **phoned, technician=garden.technician)
    ticket.refresh_from_db()
    assert (ticket.assignee_id, ticket.is_pooled) == (garden.technician.pk, False)
    assert ticket.visits.get().technician_id == garden.technician.pk
    assert TicketEvent.objects.get(ticket=ticket, kind="arrived").data["technician"] == garden.technician.pk


@pytest.mark.rule("REP-15")
def test_an_arrival_is_not_phoned_in_for_another_than_who_has_the_job(garden: World) -> None:
    ticket = repair_in(garden, "accepted")

    with refused(InvalidInput, "REP-15", field="technician"):
        actions.arrive(ticket.pk, by=garden.front_desk, technician=garden.technician_2, at=T("10:04"))


@pytest.mark.rule("REP-15")
def test_a_job_in_the_open_pool_goes_to_the_first_technician_who_takes_it(garden: World) -> None:
    on_duty(garden)
    ticket = report(garden)
    actions.dispatch_repair(ticket.pk, by=garden.front_desk, at=T("10:00:30"))
    ticket.refresh_from_db()
    assert (ticket.is_pooled, ticket.assignee_id) == (True, None)

    actions.accept_repair(ticket.pk, by=garden.technician_2, at=T("10:00:40"))

    ticket.refresh_from_db()
    assert (ticket.is_pooled, ticket.assignee_id) == (False, garden.technician_2.pk)
    assert ticket.visits.get().technician_id == garden.technician_2.pk
    with refused(InvalidInput, "REP-15", field="technician"):
        actions.accept_repair(ticket.pk, by=garden.technician, at=T("10:00:41"))


@pytest.mark.rule("REP-09")
def test_the_pool_is_announced_to_technicians_on_duty_of_the_trade_who_are_not_away(garden: World) -> None:
    garden.on_duty("front_desk", "technician")
    away = StaffFactory(trades=["plumbing"])
    lift = StaffFactory(trades=["lift"])
    for person in (away, lift):
        MembershipFactory(staff=person, project=garden.project, role="technician")
        garden.staff[f"technician_{person.pk}"] = person
        DutyShift.objects.create(
            staff=person,
            project=garden.project,
            role="technician",
            started_at=T("08:00"),
            ends_at=T("17:30"),
            is_away=person is away,
        )
    ticket = report(garden)

    actions.dispatch_repair(ticket.pk, by=garden.front_desk, at=T("10:00:30"))

    assert [n.staff_id for n in ticket.notices.filter(kind="dispatched")] == [garden.technician.pk]


@pytest.mark.parametrize("role", ["technician", "guard", "finance", "estate_manager"])
def test_a_repair_is_taken_down_and_dispatched_only_by_the_desk(garden: World, role: str) -> None:
    on_duty(garden)
    ticket = report(garden)

    with refused(NotAllowed, "REP-04"):
        actions.report_repair(
            take(garden, not_duplicate=True), project=garden.project, by=garden.staff[role], at=T("10:00")
        )
    with refused(NotAllowed, "REP-09"):
        actions.dispatch_repair(ticket.pk, by=garden.staff[role], technician=garden.technician, at=T("10:00:30"))


# Projects and companies do not mix


@pytest.mark.rule("GEN-08")
@pytest.mark.parametrize("what", ["unit", "reporter", "rework_of"])
def test_nothing_of_another_project_gets_onto_a_repair(garden: World, what: str) -> None:
    other = ProjectFactory(code="002")
    there = UnitFactory(building=BuildingFactory(project=other, code="01"), project=other, room="0101")
    stranger = PersonFactory()
    OccupancyFactory(unit=there, person=stranger)
    garden.also("front_desk", "front_desk", project=other)
    theirs = actions.report_repair(
        take(garden, unit=there, reporter=stranger), project=other, by=garden.front_desk, at=T("09:00")
    )
    foreign: Any = {"unit": there, "reporter": stranger, "rework_of": theirs}[what]

    with refused(InvalidInput, "GEN-08", field=what):
        report(garden, intake=take(garden, **{what: foreign}))


@pytest.mark.rule("GEN-08")
def test_neither_is_a_reporter_a_price_or_a_duplicate_of_another_project_linked(garden: World) -> None:
    other = ProjectFactory(code="002")
    there = UnitFactory(building=BuildingFactory(project=other, code="01"), project=other, room="0101")
    price = TariffItemFactory(project=other)
    garden.also("front_desk", "front_desk", project=other)
    ours = report(garden)
    theirs = actions.report_repair(
        take(garden, unit=there, reporter=None), project=other, by=garden.front_desk, at=T("09:00")
    )

    with refused(InvalidInput, "GEN-08", field="unit"):
        add_reporter(ours.pk, by=garden.front_desk, name="邻居", unit=there, at=T("10:01"))
    with refused(InvalidInput, "GEN-08", field="tariff"):
        actions.tell_price(ours.pk, by=garden.front_desk, accepted_by="业主", tariff=price, at=T("10:01"))
    with refused(InvalidInput, "REP-10", field="into"):
        merge_tickets(ours.pk, into_id=theirs.pk, by=garden.front_desk, at=T("10:01"))


@pytest.mark.rule("GEN-08")
@pytest.mark.parametrize(
    ("what", "field"), [("unit", "unit"), ("reporter", "reporter"), ("category", "category"), ("by", "")]
)
def test_nothing_of_another_company_gets_onto_a_repair(garden: World, what: str, field: str) -> None:
    stranger = make_world("meadow")
    with company_scope(stranger.company.pk):
        foreign: Any = {
            "unit": stranger.unit,
            "reporter": stranger.owner,
            "category": stranger.leak,
            "by": stranger.front_desk,
        }[what]
        assert stranger.front_desk.roles_in(stranger.project.pk)
    expected = NotAllowed if what == "by" else InvalidInput

    with refused(expected, "REP-04" if what == "by" else "GEN-08", field=field):
        actions.report_repair(
            take(garden, **({} if what == "by" else {what: foreign})),
            project=garden.project,
            by=foreign if what == "by" else garden.front_desk,
            at=T("10:00"),
        )


@pytest.mark.rule("GEN-08")
def test_a_technician_of_another_company_is_not_sent(garden: World) -> None:
    on_duty(garden)
    ticket = report(garden)
    stranger = make_world("meadow").technician

    with refused(InvalidInput, field="technician"):
        actions.dispatch_repair(
            ticket.pk, by=garden.front_desk, technician=stranger, override_reason="就近", at=T("10:00:30")
        )


def test_a_matter_that_is_no_longer_offered_is_not_taken_down(garden: World) -> None:
    with refused(InvalidInput, "REP-04", field="category"):
        report(garden, category=RepairCategoryFactory(is_active=False))


# Texts and numbers


def test_a_description_of_five_thousand_characters_is_kept_and_one_more_is_refused(garden: World) -> None:
    long = "漏" * 5000
    ticket = report(garden, description=long)
    ticket.refresh_from_db()
    assert ticket.description == long

    with refused(InvalidInput, field="description", saying="最多 5000 字，现在 5001 字"):
        report(garden, description=long + "水", not_duplicate=True)


def test_emoji_and_line_breaks_are_kept(garden: World) -> None:
    ticket = report(garden, description="水在流 💧\n请快点 🙏🏽", contact_name="李👩‍🔧")

    ticket.refresh_from_db()
    assert (ticket.description, ticket.contact_name) == ("水在流 💧\n请快点 🙏🏽", "李👩‍🔧")


@pytest.mark.parametrize("text", ["漏\x00水", "\ud83d"], ids=["NUL", "half a surrogate pair"])
@pytest.mark.parametrize("field", ["description", "contact_name", "contact_phone", "explanation"])
def test_a_character_that_cannot_be_stored_is_refused_before_the_database_meets_it(
    garden: World, field: str, text: str
) -> None:
    typed: dict[str, Any] = {field: text}

    with refused(InvalidInput, field=field, saying="无法保存的字符"):
        report(garden, **typed)


@pytest.mark.parametrize(
    ("field", "longest"), [("contact_name", 40), ("contact_phone", 20), ("explanation", 500), ("place", 80)]
)
def test_every_text_of_the_intake_has_a_longest_length(garden: World, field: str, longest: int) -> None:
    place: dict[str, Any] = {"category": garden.lamp, "unit": None, "place": "大堂", "when": ""}

    with refused(InvalidInput, field=field, saying=str(longest)):
        report(garden, **{**place, field: "长" * (longest + 1)})

    report(garden, **{**place, field: "长" * longest})


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"result": "长" * 1001}, "result"),
        ({"result": "好\x00了"}, "result"),
        ({"part_spec": "长" * 201}, "part_spec"),
        ({"labour_fen": -1}, "labour"),
        ({"labour_fen": 100_000_001}, "labour"),
        ({"materials": (actions.Material(name=" "),)}, "materials"),
        ({"materials": (actions.Material(name="软管", quantity=0),)}, "materials"),
        ({"materials": (actions.Material(name="软管", quantity=-1),)}, "materials"),
        ({"materials": (actions.Material(name="软管", quantity=float("nan")),)}, "materials"),
        ({"materials": (actions.Material(name="软管", price_fen=-1),)}, "materials"),
    ],
)
def test_what_was_done_and_used_is_checked_before_it_is_stored(
    garden: World, facts: dict[str, Any], field: str
) -> None:
    ticket = repair_in(garden, "in_work")
    rule = "REP-22" if field in ("result", "materials") else "REP-36" if field == "labour" else ""

    with refused(InvalidInput, rule, field=field):
        finish(garden, ticket, **facts)


@pytest.mark.rule("REP-36")
def test_materials_and_labour_are_charged_only_outside_the_guarantee(garden: World) -> None:
    used = (actions.Material(name="软管", quantity=1.5, price_fen=2000),)
    free, paid = (
        repair_in(garden, "in_work"),
        repair_in(garden, "in_work", category=garden.paint, price_told=True),
    )

    for ticket in (free, paid):
        finish(garden, ticket, materials=used, labour_fen=500)

    charges = [Ticket.objects.get(pk=t.pk).repair.charge_fen for t in (free, paid)]
    assert charges == [0, 3500]
    assert [line.is_warranty for t in (free, paid) for line in t.repair.materials.all()] == [True, False]


def test_a_comment_is_written_and_neither_blank_nor_endless(garden: World) -> None:
    ticket = repair_in(garden, "reported")

    with refused(InvalidInput, field="text"):
        add_comment(ticket.pk, by=garden.front_desk, text=" \n ", at=T("10:01"))
    with refused(InvalidInput, field="text", saying="2001"):
        add_comment(ticket.pk, by=garden.front_desk, text="长" * 2001, at=T("10:01"))
    with refused(InvalidInput, field="text"):
        add_comment(ticket.pk, by=garden.front_desk, text="a\x00b", at=T("10:01"))

    event = add_comment(ticket.pk, by=garden.front_desk, text="长" * 2000, at=T("10:01"))
    assert len(event.data["text"]) == 2000


@pytest.mark.rule("GEN-01")
def test_more_than_two_hours_between_doing_and_typing_is_flagged_for_the_supervisor(garden: World) -> None:
    ticket = repair_in(garden, "accepted")
    later = T("10:04") + timedelta(hours=2)

    actions.arrive(ticket.pk, by=garden.technician, at=later, occurred_at=T("10:04"))
    on_time = TicketEvent.objects.get(ticket=ticket, kind="arrived")
    actions.start_work(ticket.pk, by=garden.technician, at=later + timedelta(seconds=1), occurred_at=T("10:04"))

    late = TicketEvent.objects.get(ticket=ticket, kind="work_started")
    assert "backdated_seconds" not in on_time.data
    assert late.data["backdated_seconds"] == 7201
    told = Notice.objects.get(ticket=ticket, kind="backdated")
    assert (told.staff_id, told.created_at) == (garden.supervisor.pk, later + timedelta(seconds=1))
    assert told.sentence.startswith("晚 2 小时补录")


@pytest.mark.rule("GEN-01, ROLE-18")
def test_an_act_of_several_events_is_flagged_once_and_the_supervisors_own_to_the_line_above(garden: World) -> None:
    ticket = repair_in(garden, "missed_visit")

    # In time after all, which takes the miss back.
    actions.arrive(ticket.pk, by=garden.supervisor, at=T("13:02:30"), occurred_at=T("10:02:30"))

    events = TicketEvent.objects.filter(ticket=ticket, data__backdated_seconds=3 * 3600)
    assert set(events.values_list("kind", flat=True)) == {"miss_withdrawn", "arrived"}
    told = Notice.objects.filter(ticket=ticket, kind="backdated").order_by("staff")
    assert [notice.staff_id for notice in told] == [garden.centre_head.pk, garden.estate_manager.pk]
