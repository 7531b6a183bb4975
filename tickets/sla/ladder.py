"""Climbing the ladder: who is told at a step, decided when the step fires (rule GEN-07)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import translation
from django.utils.translation import gettext_noop

from residents.models import Staff
from residents.roles import LINE_ABOVE, Role
from tickets.live import publish_on_commit
from tickets.models import CAUGHT_UP, ClockState, Notice, SlaClock, SlaFiring, SlaRule, Ticket, TicketEvent
from tickets.sla.definitions import find

RESPONSIBLE_ROLE = {
    "front_desk": Role.FRONT_DESK,
    "technician": Role.TECHNICIAN,
    "engineering": Role.ENGINEERING_DUTY,
    "specialist": Role.SPECIALIST,
    "supervisor": Role.SUPERVISOR,
}

SOON, LATE = gettext_noop("%(label)s 快到时限：%(what)s"), gettext_noop("%(label)s 超时：%(what)s")


def people_for(code: str, *, ticket: Ticket | None, clock: SlaClock, at: datetime) -> list[Staff]:
    """Whom a word of the ladder means at that moment: those on duty, else who holds the role, else the line above."""
    if code == "responsible":
        return _responsible(ticket, clock, at=at)
    return holders(code, project_id=clock.project_id, at=at)


def _responsible(ticket: Ticket | None, clock: SlaClock, *, at: datetime) -> list[Staff]:
    known = find(clock.rule_code)
    side = known.responsible if known else "owner"
    named = None
    if ticket is not None:
        named = ticket.assignee if side == "technician" else ticket.owner if side in {"owner", "front_desk"} else None
    role = RESPONSIBLE_ROLE.get(side, Role.FRONT_DESK)
    if named is None or not named.is_active:
        # Nobody is assigned, or the person has gone: the promise is still somebody's.
        return holders(role, project_id=clock.project_id, at=at)
    # Somebody who is off duty may not see it in time; those on duty in the role can act.
    here = Staff.objects.on_duty(project_id=clock.project_id, at=at)
    on_duty = list(here.holding(role, project_id=clock.project_id).order_by("pk"))
    is_here = here.filter(pk=named.pk).exists()
    return [named] if is_here else [named, *(person for person in on_duty if person != named)]


def holders(role: str, *, project_id: int, at: datetime) -> list[Staff]:
    """Who answers for a role now. Walks up the line until somebody is found; empty only when nobody is left at all."""
    seen: set[str] = set()
    line = [role]
    while line:
        current = line.pop(0)
        if current in seen:
            continue
        seen.add(current)
        candidates = Staff.objects.holding(current, project_id=project_id)
        found = list(candidates.on_duty(project_id=project_id, at=at).order_by("pk")) or list(candidates.order_by("pk"))
        if found:
            return found
        line.extend(LINE_ABOVE.get(current, (Role.COMPANY, Role.ADMIN)))
    return []


def escalate(payload: dict[str, Any]) -> None:
    """Tell the people of one fired step and write down whom: the outbox handler of topic `escalation`. Safe to repeat.

    A warning of a clock that has been stopped or re-anchored meanwhile is dropped, with a line saying so; a breach is
    told all the same. An estate that is closed for business is told nothing. After an outage a person is alarmed once,
    not for every clock.
    """
    clock = SlaClock.objects.select_related("project", "company").get(pk=payload["clock"])
    # The ladder of the version that fired, which need not be the one the clock has now.
    ladder = SlaRule.objects.get(pk=payload["rule"]).ladder
    row = ladder[payload["step"]]
    firing = SlaFiring.objects.get(clock=clock, epoch=payload["epoch"], step_no=payload["step"])
    ticket = None
    if clock.ticket_id is not None:
        ticket = Ticket.objects.select_related("assignee", "owner", "project").get(pk=clock.ticket_id)
    key = f"firing/{clock.pk}/{payload['epoch']}/{payload['step']}"
    over = clock.epoch != payload["epoch"] or clock.state in (
        ClockState.MET,
        ClockState.CANCELLED,
        ClockState.EXCLUDED,
    )
    dropped = (over and row["level"] == 0) or not (clock.project.is_active and clock.company.is_active)
    people: dict[int, Staff] = {}
    if not dropped:
        for code in _audience(ladder, firing):
            for person in people_for(code, ticket=ticket, clock=clock, at=firing.fired_at):
                people[person.pk] = person
        if not people:
            people = {
                person.pk: person for person in holders(Role.ADMIN, project_id=clock.project_id, at=firing.fired_at)
            }
    facts = notice_facts(clock, ticket)
    caught_up = bool(payload.get("catch_up"))
    alarmed = {*people}
    if caught_up:
        piled_up = Notice.objects.filter(staff__in=people, kind=CAUGHT_UP, acknowledged_at=None)
        alarmed -= {*piled_up.values_list("staff_id", flat=True)}
    Notice.objects.bulk_create(
        [
            Notice(
                company_id=clock.company_id,
                project_id=clock.project_id,
                staff=person,
                ticket=ticket,
                clock=clock,
                epoch=payload["epoch"],
                step_no=payload["step"],
                level=row["level"],
                kind=CAUGHT_UP if caught_up else "clock",
                text=LATE if row["level"] else SOON,
                facts=facts,
                dedup_key=key,
                created_at=firing.fired_at,
            )
            for person in people.values()
        ],
        ignore_conflicts=True,
    )
    if ticket is not None:
        TicketEvent.objects.create(
            company_id=clock.company_id,
            ticket=ticket,
            kind="escalated",
            occurred_at=firing.fired_at,
            entered_at=firing.fired_at,
            actor_label="system",
            data={
                "rule": clock.rule_code,
                "clock": clock.pk,
                "level": row["level"],
                "step": payload["step"],
                "to": [f"{person.name} {person.number}" for person in people.values()],
                "dropped": dropped,
            },
        )
        for event, whom in (("alert", alarmed), ("notice", {*people} - alarmed)):
            if whom:
                publish_on_commit(ticket, event, staff=sorted(whom))


def _audience(ladder: list[dict[str, Any]], firing: SlaFiring) -> list[str]:
    """Whom a fired step speaks to: its own people, and those of the breach steps passed over since the last that spoke.

    After an outage one message goes out per clock, and everybody whose level has been reached is among its readers. The
    highest come first, the responsible person last: the board names the first.
    """
    steps = [firing.step_no]
    before = SlaFiring.objects.filter(clock=firing.clock_id, epoch=firing.epoch, step_no__lt=firing.step_no)
    for no, outcome in before.order_by("-step_no").values_list("step_no", "outcome"):
        if outcome != SlaFiring.Outcome.COLLAPSED:
            break
        if ladder[no]["level"] > 0:
            steps.append(no)
    codes = dict.fromkeys(code for no in steps for code in ladder[no]["audience"])
    return sorted(codes, key=lambda code: code == "responsible")


def notice_facts(clock: SlaClock, ticket: Ticket | None) -> dict[str, str]:
    """Which clock, by its name in the source, and of which matter, where."""
    known = find(clock.rule_code)
    with translation.override(None):
        label = str(known.label) if known else clock.rule_code
    return {"label": label, "what": f"{ticket.title} · {ticket.place}" if ticket else clock.scope}
