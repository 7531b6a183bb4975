"""What every ticket obeys: real and entry time, breaches that stay, three answers, promises, going up (rulebook 0)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from repairs import actions
from repairs.clocks import CLOCKS as REPAIR_CLOCKS
from residents.errors import GateClosed, InvalidInput, NotAllowed, StaleVersion
from residents.models import Staff
from residents.roles import Role
from residents.tenancy import company_scope, scope_now
from tests.repairs.paths import call_back, clock, lamp, on_duty, refused, repair_in, report, stored
from tests.residents.factories import MembershipFactory, ProjectFactory, StaffFactory
from tests.worlds import T, World
from tickets.actions import (
    add_comment,
    answer_report,
    edit_ticket,
    keep_promise,
    make_promise,
    next_number,
    replace_promise,
    reply_to_reporter,
    report_up,
    urge,
)
from tickets.closing import review_ticket
from tickets.errors import IllegalTransition, TicketClosed
from tickets.models import Notice, SlaClock, SlaFiring, Ticket, TicketEvent
from tickets.outbox import drain
from tickets.sla.sweep import sweep_all

ENGINE = pytest.mark.django_db(transaction=True, databases=["default", "owner", "sweeper"])

# GEN-01: every step says when it happened, when it was typed in, and who


@pytest.mark.rule("GEN-01")
def test_a_step_keeps_both_times_and_the_person(garden: World) -> None:
    ticket = repair_in(garden, "accepted")

    actions.arrive(ticket.pk, by=garden.front_desk, method="phone", at=T("10:20"), occurred_at=T("10:05"))

    event = TicketEvent.objects.get(ticket=ticket, kind="arrived")
    assert (event.occurred_at, event.entered_at, event.actor_id) == (T("10:05"), T("10:20"), garden.front_desk.pk)
    assert (event.data["from"], event.data["to"], event.data["technician"]) == (
        "accepted",
        "on_site",
        garden.technician.pk,
    )


@pytest.mark.rule("GEN-01")
def test_what_ends_a_clock_beside_the_workflow_is_not_dated_before_the_last_step_of_a_person(garden: World) -> None:
    ticket, made = _promised(garden)
    actions.arrive(ticket.pk, by=garden.technician, at=T("15:30"))
    public = repair_in(garden, "finished", intake=lamp(garden))
    actions.report_completion(public.pk, by=garden.technician, at=T("10:51"))

    with refused(InvalidInput, "GEN-01", field="occurred_at"):
        keep_promise(made.pk, by=garden.front_desk, at=T("18:00"), occurred_at=T("14:59"))
    with refused(InvalidInput, "GEN-01", field="occurred_at"):
        reply_to_reporter(public.reporters.get().pk, by=garden.front_desk, at=T("18:00"), occurred_at=T("10:50:30"))

    keep_promise(made.pk, by=garden.front_desk, at=T("18:00"), occurred_at=T("15:30"))
    assert clock(ticket, "GEN-04").breached_at == T("15:00")


@pytest.mark.rule("GEN-01")
def test_an_act_that_had_to_wait_for_another_happens_after_it(garden: World) -> None:
    """The moment of a transaction is when it began, which may be before the step that it waited for."""
    began = scope_now()
    ticket = report(garden, began)
    actions.dispatch_repair(
        ticket.pk, by=garden.front_desk, technician=None, oral=True, at=began + timedelta(seconds=2)
    )

    actions.print_slip(ticket.pk, by=garden.front_desk)

    event = TicketEvent.objects.get(ticket=ticket, kind="slip_printed")
    assert (event.occurred_at, event.entered_at) == (began + timedelta(seconds=2), began + timedelta(seconds=2))


@pytest.mark.rule("GEN-01, GEN-02")
def test_the_database_refuses_an_event_from_the_future_and_any_change_of_one(garden: World) -> None:
    ticket = repair_in(garden, "reported")
    event = TicketEvent.objects.get(ticket=ticket)

    with pytest.raises(IntegrityError, match="not_from_the_future"), transaction.atomic():
        TicketEvent.objects.create(ticket=ticket, kind="x", occurred_at=T("10:01"), entered_at=T("10:00"))
    with pytest.raises(DatabaseError), transaction.atomic():
        TicketEvent.objects.filter(pk=event.pk).update(kind="y")
    with pytest.raises(DatabaseError), transaction.atomic():
        event.delete()


# GEN-02: a breach is never erased


@pytest.mark.rule("GEN-02")
@ENGINE
def test_a_breach_stays_when_the_work_is_done_late_and_is_written_once(committed_garden: World) -> None:
    world = committed_garden
    with company_scope(world.company.pk):
        ticket = repair_in(world, "reported")
    for second in (1, 5, 20):
        sweep_all(at=T("10:01:00") + timedelta(seconds=second))

    with company_scope(world.company.pk):
        actions.dispatch_repair(ticket.pk, by=world.front_desk, technician=world.technician, at=T("10:01:25"))

        late = clock(ticket, "REP-09")
        assert (late.state, late.breached_at, late.stopped_at) == ("closed_breached", T("10:01"), T("10:01:25"))
        assert (late.detected_by, late.detected_at) == ("sweep", T("10:01:01"))
        rows = TicketEvent.objects.filter(ticket=ticket, kind="breached", data__rule="REP-09")
        assert [row.occurred_at for row in rows] == [T("10:01")]
        assert SlaFiring.objects.filter(clock=late, scheduled_for=late.due_at, outcome="fired").count() == 2


@pytest.mark.rule("GEN-02")
def test_the_database_refuses_to_take_a_breach_back(garden: World) -> None:
    ticket = repair_in(garden, "reported")
    actions.dispatch_repair(ticket.pk, by=garden.front_desk, technician=garden.technician, at=T("10:01:01"))
    late = SlaClock.objects.filter(pk=clock(ticket, "REP-09").pk)

    with pytest.raises(IntegrityError, match="breach_stays"), transaction.atomic():
        late.update(state="met")
    for row in (SlaFiring.objects.filter(clock=late.get()), TicketEvent.objects.filter(kind="breached")):
        with pytest.raises(DatabaseError), transaction.atomic():
            row.delete()


@pytest.mark.rule("GEN-02")
@ENGINE
def test_what_was_done_in_time_but_entered_late_keeps_its_breach_and_counts_as_met(committed_garden: World) -> None:
    world = committed_garden
    with company_scope(world.company.pk):
        ticket = repair_in(world, "accepted")
    sweep_all(at=T("10:06:01"))

    with company_scope(world.company.pk):
        actions.arrive(ticket.pk, by=world.technician, at=T("10:20"), occurred_at=T("10:05:59"))

        corrected = clock(ticket, "REP-16")
        assert (corrected.state, corrected.breached_at, corrected.corrected_at) == (
            "closed_breached",
            T("10:06:00"),
            T("10:20"),
        )
        assert corrected.counts_as_met
        event = TicketEvent.objects.get(ticket=ticket, kind="clock_corrected")
        assert (event.data["rule"], event.occurred_at) == ("REP-16", T("10:05:59"))
        assert SlaFiring.objects.filter(clock=corrected, outcome="fired").exists()


@pytest.mark.rule("GEN-02")
def test_one_second_too_late_is_not_corrected_however_it_is_entered(garden: World) -> None:
    ticket = repair_in(garden, "accepted")

    actions.arrive(ticket.pk, by=garden.technician, at=T("10:20"), occurred_at=T("10:06:01"))

    late = clock(ticket, "REP-16")
    assert (late.state, late.breached_at, late.corrected_at) == ("closed_breached", T("10:06:00"), None)


# GEN-03: three answers


@pytest.mark.rule("GEN-03")
def test_cannot_is_not_savable_without_the_explanation_and_later_not_without_a_time(garden: World) -> None:
    with refused(InvalidInput, "GEN-03", field="explanation"):
        report(garden, when="cannot")
    with refused(InvalidInput, "GEN-03", field="explanation"):
        report(garden, when="cannot", explanation="  ")
    with refused(InvalidInput, "REP-03", field="window_to"):
        report(garden, when="appointment")

    cannot = report(garden, when="cannot", explanation="属开发商保修，已说明")
    later = report(garden, when="appointment", window_from=T("15:00"), window_to=T("16:00"), not_duplicate=True)
    now = report(garden, when="now", not_duplicate=True)
    assert [t.response for t in (cannot, later, now)] == ["cannot", "later", "now"]
    assert cannot.explanation == "属开发商保修，已说明"


@pytest.mark.rule("GEN-03")
def test_the_database_refuses_cannot_without_an_explanation_and_the_review_does_too(garden: World) -> None:
    ticket = repair_in(garden, "called_back")

    with pytest.raises(IntegrityError, match="cannot_is_explained"), transaction.atomic():
        Ticket.objects.filter(pk=ticket.pk).update(response="cannot")

    Ticket.objects.filter(pk=ticket.pk).update(response="cannot", explanation="已说明")
    review_ticket(ticket.pk, by=garden.centre_head, at=T("12:00"))


# GEN-04: promises


def _promised(world: World) -> tuple[Ticket, Any]:
    ticket = repair_in(world, "accepted")
    made = make_promise(ticket.pk, by=world.front_desk, subject="下午回电", promised_at=T("15:00"), at=T("11:00"))
    return ticket, made


@pytest.mark.rule("GEN-04")
def test_a_promise_replaced_before_its_time_ends_well_and_the_new_time_runs(garden: World) -> None:
    ticket, made = _promised(garden)

    new = replace_promise(made.pk, by=garden.front_desk, promised_at=T("17:00"), progress="配件在路上", at=T("15:00"))

    made.refresh_from_db()
    first, second = ticket.clocks.filter(rule_code="GEN-04").order_by("pk")
    assert made.replaced_by_id == new.pk
    assert (first.state, first.breached_at) == ("met", None)
    assert (second.state, second.due_at) == ("running", T("17:00"))
    event = TicketEvent.objects.get(ticket=ticket, kind="promise_replaced")
    assert (event.data["progress"], event.data["replaces"]) == ("配件在路上", made.pk)


@pytest.mark.rule("GEN-04, GEN-02")
def test_a_promise_replaced_a_second_too_late_stays_broken(garden: World) -> None:
    ticket, made = _promised(garden)

    replace_promise(made.pk, by=garden.front_desk, promised_at=T("17:00"), progress="抱歉", at=T("15:00:01"))

    first, second = ticket.clocks.filter(rule_code="GEN-04").order_by("pk")
    assert (first.state, first.breached_at) == ("closed_breached", T("15:00"))
    assert second.state == "running"


@pytest.mark.rule("GEN-04")
@pytest.mark.parametrize(
    ("facts", "field"),
    [({"progress": " "}, "progress"), ({"promised_at": T("11:30")}, "promised_at")],
)
def test_a_new_time_is_agreed_with_progress_told_and_lies_ahead(
    garden: World, facts: dict[str, Any], field: str
) -> None:
    _ticket, made = _promised(garden)
    new: dict[str, Any] = {"promised_at": T("17:00"), "progress": "配件在路上", "at": T("11:30"), **facts}

    with refused(InvalidInput, "GEN-04", field=field):
        replace_promise(made.pk, by=garden.front_desk, **new)


@pytest.mark.rule("GEN-04")
def test_a_promise_is_kept_or_replaced_once_and_not_kept_before_it_was_made(garden: World) -> None:
    _ticket, made = _promised(garden)

    with refused(InvalidInput, "GEN-01", field="occurred_at"):
        keep_promise(made.pk, by=garden.front_desk, at=T("12:00"), occurred_at=T("10:59:59"))
    replace_promise(made.pk, by=garden.front_desk, promised_at=T("17:00"), progress="配件在路上", at=T("12:00"))
    with refused(IllegalTransition):
        keep_promise(made.pk, by=garden.front_desk, at=T("12:01"))
    with refused(IllegalTransition):
        replace_promise(made.pk, by=garden.front_desk, promised_at=T("18:00"), progress="再等等", at=T("12:01"))


@pytest.mark.rule("GEN-04")
def test_keeping_a_kept_promise_again_changes_nothing(garden: World) -> None:
    _ticket, made = _promised(garden)
    keep_promise(made.pk, by=garden.front_desk, at=T("12:00"))
    before = stored()

    keep_promise(made.pk, by=garden.front_desk, at=T("12:05"))

    assert stored() == before


@pytest.mark.rule("GEN-04")
def test_nothing_is_promised_for_the_past_or_on_a_closed_ticket(garden: World) -> None:
    ticket = repair_in(garden, "accepted")
    closed = repair_in(garden, "cancelled", not_duplicate=True)

    with refused(InvalidInput, "GEN-04", field="promised_at"):
        make_promise(ticket.pk, by=garden.front_desk, subject="回电", promised_at=T("11:00"), at=T("11:00"))
    with refused(InvalidInput, "GEN-04", field="subject"):
        make_promise(ticket.pk, by=garden.front_desk, subject=" ", promised_at=T("12:00"), at=T("11:00"))
    with refused(TicketClosed):
        make_promise(closed.pk, by=garden.front_desk, subject="回电", promised_at=T("12:00"), at=T("11:00"))


# GEN-06: up, before it grows


@pytest.mark.rule("GEN-06")
def test_what_the_desk_cannot_solve_goes_to_the_line_above_with_its_reason(garden: World) -> None:
    ticket = repair_in(garden, "reported")

    with refused(InvalidInput, "GEN-06", field="reason"):
        report_up(ticket.pk, by=garden.front_desk, reason=" ", at=T("10:05"))

    event = report_up(ticket.pk, by=garden.front_desk, reason="业主要求赔偿", at=T("10:05"))
    assert event.data["to"] == [f"{garden.supervisor.name} {garden.supervisor.number}"]
    told = Notice.objects.get(ticket=ticket, kind="reported_up")
    assert told.staff_id == garden.supervisor.pk
    assert "业主要求赔偿" in told.sentence


ABOVE: dict[str, set[str]] = {
    "front_desk": {"supervisor"},
    "specialist": {"supervisor"},
    "keeper": {"supervisor"},
    "supervisor": {"centre_head", "estate_manager"},
    "centre_head": {"estate_manager"},
    "estate_manager": {"company"},
    "quality": {"estate_manager"},
    "trade_supervisor": {"estate_manager"},
    "engineering_duty": {"trade_supervisor", "estate_manager"},
    "security_duty": {"estate_manager"},
    "technician": {"engineering_duty", "trade_supervisor"},
    "night_duty": {"engineering_duty", "trade_supervisor"},
    "guard": {"security_duty"},
    "finance": {"estate_manager"},
    "administration": {"estate_manager"},
    "company": {"admin"},
    "admin": {"company"},
}


@pytest.mark.rule("GEN-06")
@pytest.mark.parametrize("role", list(Role))
def test_everybody_has_somebody_above(garden: World, role: str) -> None:
    ticket = repair_in(garden, "reported")

    event = report_up(ticket.pk, by=garden.staff[role], reason="请支援", at=T("10:05"))

    people = set(Notice.objects.filter(ticket=ticket, kind="reported_up").values_list("staff_id", flat=True))
    assert people == {garden.staff[code].pk for code in ABOVE[role]}
    assert len(event.data["to"]) == len(people)


@pytest.mark.rule("GEN-06")
def test_who_fills_the_place_above_himself_reports_to_the_one_above_that(garden: World) -> None:
    ticket = repair_in(garden, "reported")
    garden.also("centre_head", "estate_manager")
    garden.estate_manager.memberships.all().delete()

    report_up(ticket.pk, by=garden.centre_head, reason="请支援", at=T("10:05"))

    told = Notice.objects.filter(ticket=ticket, kind="reported_up")
    assert [notice.staff_id for notice in told] == [garden.staff["company"].pk]


@pytest.mark.rule("GEN-06")
def test_what_nobody_can_be_told_is_not_said_to_have_been_passed_up(garden: World) -> None:
    ticket = repair_in(garden, "reported")
    Staff.objects.exclude(pk=garden.front_desk.pk).update(is_active=False)

    with refused(GateClosed, "GEN-06"):
        report_up(ticket.pk, by=garden.front_desk, reason="请支援", at=T("10:05"))


@pytest.mark.rule("GEN-06")
def test_the_superior_decides_once_and_who_asked_is_told(garden: World) -> None:
    ticket = repair_in(garden, "reported")
    asked = report_up(ticket.pk, by=garden.front_desk, reason="业主要求赔偿", at=T("10:05"))

    with refused(InvalidInput, "GEN-06", field="decision"):
        answer_report(asked.pk, by=garden.supervisor, decision=" ", at=T("10:10"))
    with refused(NotAllowed, "GEN-06"):
        answer_report(asked.pk, by=garden.technician, decision="照办", at=T("10:10"))
    event = answer_report(asked.pk, by=garden.supervisor, decision="由工程主管上门定损", at=T("10:10"))

    assert event.data == {"report": asked.pk, "decision": "由工程主管上门定损"}
    told = Notice.objects.get(ticket=ticket, kind="report_answered")
    assert told.staff_id == garden.front_desk.pk
    assert "由工程主管上门定损" in told.sentence
    with refused(IllegalTransition):
        answer_report(asked.pk, by=garden.centre_head, decision="再说", at=T("10:11"))


@pytest.mark.rule("GEN-06, ROLE-18")
def test_nobody_decides_what_he_passed_up_himself(garden: World) -> None:
    ticket = repair_in(garden, "reported")
    asked = report_up(ticket.pk, by=garden.supervisor, reason="请支援", at=T("10:05"))

    with refused(GateClosed, "ROLE-18"):
        answer_report(asked.pk, by=garden.supervisor, decision="照办", at=T("10:10"))


# GEN-07: the ladder


@pytest.mark.rule("GEN-07")
def test_every_clock_that_may_breach_tells_somebody_at_due(garden: World) -> None:
    for d in REPAIR_CLOCKS:
        at_due = [rung for rung in d.ladder if rung.share == 0]
        assert d.is_advisory or any(rung.level >= 1 and rung.audience for rung in at_due), d.code


@pytest.mark.rule("GEN-07")
@ENGINE
@pytest.mark.parametrize("fate", ["nobody assigned", "returned", "transferred"])
def test_a_ticket_that_everybody_leaves_alone_climbs_to_the_company(committed_garden: World, fate: str) -> None:
    world = committed_garden
    with company_scope(world.company.pk):
        ticket = repair_in(world, "reported" if fate == "nobody assigned" else "accepted")
        if fate == "returned":
            actions.return_repair(ticket.pk, by=world.technician, reason="缺工具", at=T("10:01:30"))
        if fate == "transferred":
            actions.dispatch_repair(
                ticket.pk,
                by=world.front_desk,
                technician=world.technician_2,
                override_reason="就近",
                at=T("10:01:30"),
            )
    for quarter_minutes in range(260):
        at = T("10:00:30") + timedelta(seconds=15 * quarter_minutes)
        sweep_all(at=at)
        drain(at=at)

    with company_scope(world.company.pk):
        code = "REP-09" if fate != "transferred" else "REP-17"
        told = _told(world, clock(ticket, code))
        assert set(told) == {0, 1, 2, 3}
        assert told[2] == {"centre_head", "estate_manager"}
        assert told[3] == {"company"}
        if fate == "transferred":
            assert told[1] == {"technician_2", "engineering_duty", "supervisor"}
        if fate == "returned":
            assert _told(world, clock(ticket, "REP-16"))[3] == {"company"}


def _told(world: World, running: SlaClock) -> dict[int, set[str]]:
    roles = {person.pk: str(role) for role, person in world.staff.items()}
    told: dict[int, set[str]] = {}
    for notice in Notice.objects.filter(clock=running):
        told.setdefault(notice.level, set()).add(roles[notice.staff_id])
    return told


# GEN-08, GEN-09: numbers of a project


@pytest.mark.rule("GEN-09")
def test_numbers_count_up_by_project_and_day(garden: World) -> None:
    other = ProjectFactory(code="002")

    numbers = [
        next_number(garden.project, "GD", at=T("10:00")),
        next_number(garden.project, "GD", at=T("23:59:59")),
        next_number(other, "GD", at=T("10:00")),
        next_number(garden.project, "GD", at=T("00:00", date(2025, 3, 15))),
    ]

    assert numbers == ["GD-20250314-001", "GD-20250314-002", "GD-20250314-001", "GD-20250315-001"]


@pytest.mark.rule("GEN-08, PRIV-02")
def test_who_is_more_than_a_technician_elsewhere_sees_here_only_own_and_pooled_tickets(garden: World) -> None:
    elsewhere = ProjectFactory(code="002")
    garden.also("technician", "keeper", project=elsewhere)
    own, strange = repair_in(garden, "dispatched"), report(garden, not_duplicate=True)
    pooled = report(garden, not_duplicate=True)
    actions.dispatch_repair(pooled.pk, by=garden.front_desk, at=T("10:00:30"))
    there = Ticket.objects.create(
        project=elsewhere,
        number="GD-20250314-900",
        kind="repair",
        state="reported",
        title="漏水",
        place="某处",
        reported_at=T("10:00"),
        entered_at=T("10:00"),
        last_step_at=T("10:00"),
    )

    seen = set(Ticket.objects.visible_to(garden.technician))

    assert seen == {own, pooled, there}
    assert strange in Ticket.objects.visible_to(garden.keeper)


@pytest.mark.rule("PRIV-02")
def test_a_pooled_job_that_has_ended_is_no_longer_shown_to_every_technician(garden: World) -> None:
    ticket = report(garden)
    on_duty(garden)
    actions.dispatch_repair(ticket.pk, by=garden.front_desk, at=T("10:00:30"))

    actions.cancel_repair(ticket.pk, by=garden.front_desk, reason="自己修好了", withdrawn_by="业主", at=T("10:00:40"))

    ticket.refresh_from_db()
    assert ticket.is_pooled is False
    assert ticket not in Ticket.objects.visible_to(garden.technician)


@pytest.mark.rule("GEN-08")
def test_nobody_acts_in_a_project_that_is_not_his(garden: World) -> None:
    ticket = repair_in(garden, "dispatched")
    elsewhere = StaffFactory()
    for role in ("front_desk", "specialist", "centre_head", "technician"):
        MembershipFactory(staff=elsewhere, project=ProjectFactory(), role=role)
    acts = {
        "comment": lambda: add_comment(ticket.pk, by=elsewhere, text="看看", at=T("10:05")),
        "urge": lambda: urge(ticket.pk, by=elsewhere, at=T("10:05")),
        "cancel": lambda: actions.cancel_repair(
            ticket.pk, by=elsewhere, reason="不修", withdrawn_by="业主", at=T("10:05")
        ),
        "promise": lambda: make_promise(ticket.pk, by=elsewhere, subject="回电", promised_at=T("12:00"), at=T("10:05")),
    }

    for act in acts.values():
        before = stored()
        with pytest.raises(NotAllowed):
            act()
        assert stored() == before


# GEN-10: no blanks, corrections keep what was there


@pytest.mark.rule("GEN-10")
@pytest.mark.parametrize(
    ("changes", "reason", "field"),
    [
        ({"title": "阳台漏水"}, " ", "reason"),
        ({"title": " "}, "听错了", "title"),
        ({"number": "GD-1"}, "听错了", ""),
        ({"state": "archived"}, "听错了", ""),
        ({"description": "长" * 5001}, "听错了", "description"),
    ],
)
def test_a_correction_has_a_reason_and_leaves_no_blank(
    garden: World, changes: dict[str, Any], reason: str, field: str
) -> None:
    ticket = repair_in(garden, "reported")

    with refused(InvalidInput, "GEN-10", field=field):
        edit_ticket(
            ticket.pk, by=garden.front_desk, changes=changes, reason=reason, version=ticket.version, at=T("10:05")
        )


@pytest.mark.rule("GEN-10")
def test_a_correction_keeps_the_old_words_with_author_and_reason(garden: World) -> None:
    ticket = repair_in(garden, "reported")

    edit_ticket(
        ticket.pk,
        by=garden.supervisor,
        changes={"title": "阳台漏水", "contact_phone": ""},
        reason="听错了",
        version=ticket.version,
        at=T("10:05"),
    )

    event = TicketEvent.objects.get(ticket=ticket, kind="edited")
    assert (event.actor_id, event.data) == (
        garden.supervisor.pk,
        {"old": {"title": "厨房漏水"}, "new": {"title": "阳台漏水"}, "reason": "听错了"},
    )
    with refused(StaleVersion):
        edit_ticket(
            ticket.pk,
            by=garden.front_desk,
            changes={"title": "又一处"},
            reason="听错了",
            version=ticket.version,
            at=T("10:06"),
        )


@pytest.mark.rule("GEN-10")
def test_a_correction_that_changes_nothing_writes_nothing(garden: World) -> None:
    ticket = repair_in(garden, "reported")
    before = stored()

    edit_ticket(
        ticket.pk,
        by=garden.front_desk,
        changes={"title": ticket.title},
        reason="没变",
        version=ticket.version,
        at=T("10:05"),
    )

    assert stored() == before


@pytest.mark.rule("CBK-10")
def test_a_callback_is_never_changed_afterwards(garden: World) -> None:
    ticket = repair_in(garden, "accepted_ok")
    row = call_back(garden, ticket, "11:30")

    with pytest.raises(DatabaseError), transaction.atomic():
        type(row).objects.filter(pk=row.pk).update(satisfaction=1)
