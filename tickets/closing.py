"""The tail every kind shares, from the finished work to the archive: acceptance, callback, review, archive (CBK).

Kinds append `TAIL_STATES` and `tail()` to their workflow. Two gates in order, and nobody passes a gate he stands on
both sides of: the doer does not accept, the acceptor does not review (rules CBK-04, ROLE-18).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from residents.errors import GateClosed, InvalidInput
from residents.models import Staff
from residents.roles import Role
from residents.tenancy import one_act
from residents.words import in_clauses
from tickets import policies
from tickets.actions.promises import keep_calls, promise
from tickets.models import Callback, Ticket, TicketReporter
from tickets.notices import notify
from tickets.sla.ladder import holders
from tickets.texts import checked
from tickets.workflow import Gate, Stage, State, Step, Transition, step

ATTEMPTS_BEFORE_MESSAGE = 3
ATTEMPTS_APART = timedelta(minutes=30)
SATISFIED = 4
"""The top two of five steps count as satisfied (ambiguity A-24)."""
WORK = ("arrived", "work_started", "suspended", "work_finished")
"""Events of the work itself; their `technician` is who did it, whoever typed it in."""
REOPENED = ("result_rejected", "callback_negative", "review_returned")
"""Events by which finished work goes back to be done again."""
ON_SITE, BY_PHONE, BY_EVIDENCE = "on_site", "phone", "evidence"

FollowUp = Callable[[Ticket, Staff | None, str, datetime], Ticket]
_follow_ups: dict[str, FollowUp] = {}


def register_follow_up(kind: str, open_follow_up: FollowUp) -> None:
    """What opens the next ticket for a dissatisfied customer of one past reopening, from (ticket, by, words, at)."""
    _follow_ups[kind] = open_follow_up


TAIL_STATES = (
    State("completion_reported", _("待验收"), "dot", stage=Stage.ACCEPTANCE),
    State("accepted_ok", _("待回访"), "ring-tick", stage=Stage.CALLBACK),
    State("rework", _("返修"), "dashed", stage=Stage.DISPATCH),
    State("called_back", _("待审核"), "ring-tick"),
    State("reviewed", _("待归档"), "ring-tick"),
    State("archived", _("已归档"), "tick", is_end=True),
)


def did_the_work(ticket: Ticket, staff: Staff | None) -> bool:
    """Whether the person holds the job or did any part of the work, in this round or an earlier one."""
    if staff is None:
        return False
    if ticket.assignee_id == staff.pk:
        return True
    return ticket.events.filter(kind__in=WORK, data__technician=staff.pk).exists()


def _acceptor_is_not_doer(taken: Step) -> bool:
    return not did_the_work(taken.ticket, taken.by)


def _reviewer_is_not_acceptor(taken: Step) -> bool:
    return taken.by is None or taken.by.pk != taken.ticket.accepted_by_id


def _has_callback(taken: Step) -> bool:
    return has_callback(taken.ticket)


def has_callback(ticket: Ticket) -> bool:
    """A customer reached, or after three tries a written message, since the work was last finished (CBK-02, CBK-11)."""
    done = ticket.callbacks.filter(outcome__in=(Callback.Outcome.REACHED, Callback.Outcome.MESSAGE_SENT))
    if ticket.handled_at is not None:
        done = done.filter(called_at__gte=ticket.handled_at)
    return done.exists()


def _promises_kept(taken: Step) -> bool:
    return not any(promise.is_open for promise in taken.ticket.promises.all())


DOER_IS_NOT_ACCEPTOR = Gate("CBK-04", _("做这项工作的人不能自己验收，请由客服专员或业主验收。"), _acceptor_is_not_doer)
ACCEPTOR_IS_NOT_REVIEWER = Gate(
    "ROLE-18", _("验收人不能审核同一张工单，请由另一位负责人审核。"), _reviewer_is_not_acceptor
)
DOER_IS_NOT_REVIEWER = Gate("ROLE-18", _("做这项工作的人不能审核它。"), _acceptor_is_not_doer)
CALLED_BACK = Gate("CBK-02", _("还没有回访记录，先完成电话回访再审核。"), _has_callback)
PROMISES_KEPT = Gate("GEN-04", _("还有没兑现的承诺：先兑现，或联系业主改约。"), _promises_kept)
"""Belongs to the archive gates of every kind: the archive ends the clock of a promise, which must not just vanish."""


def tail(*, archive_gates: tuple[Gate, ...], accept_gates: tuple[Gate, ...] = ()) -> tuple[Transition, ...]:
    """The transitions from acceptance to archive; `archive_gates` are the kind's own papers (rule CBK-06)."""
    return (
        Transition(
            action="accept_result",
            label=_("验收合格"),
            sources=("completion_reported",),
            target="accepted_ok",
            event="result_accepted",
            policy=policies.ACCEPT_RESULT,
            gates=(DOER_IS_NOT_ACCEPTOR, *accept_gates),
            is_primary=True,
        ),
        Transition(
            action="reject_result",
            label=_("验收不合格"),
            sources=("completion_reported",),
            target="rework",
            event="result_rejected",
            policy=policies.ACCEPT_RESULT,
        ),
        Transition(
            action="call_back",
            label=_("登记回访"),
            sources=("accepted_ok",),
            target="called_back",
            event="callback_done",
            policy=policies.CALL_BACK,
            is_primary=True,
        ),
        Transition(
            action="call_back_negative",
            label=_("回访不满意"),
            sources=("accepted_ok", "called_back"),
            target="rework",
            event="callback_negative",
            policy=policies.CALL_BACK,
        ),
        Transition(
            action="try_callback",
            label=_("登记未接通"),
            sources=("accepted_ok", "called_back", "reviewed", "archived"),
            target=None,
            event="callback_attempted",
            policy=policies.CALL_BACK,
        ),
        Transition(
            action="second_callback",
            label=_("登记二次回访"),
            sources=("called_back", "reviewed", "archived"),
            target=None,
            event="second_callback_done",
            policy=policies.CALL_BACK,
        ),
        Transition(
            action="review",
            label=_("审核通过"),
            sources=("called_back",),
            target="reviewed",
            event="reviewed",
            policy=policies.REVIEW,
            gates=(CALLED_BACK, ACCEPTOR_IS_NOT_REVIEWER, DOER_IS_NOT_REVIEWER),
            is_primary=True,
        ),
        Transition(
            action="return_from_review",
            label=_("退回返修"),
            sources=("called_back",),
            target="rework",
            event="review_returned",
            policy=policies.REVIEW,
        ),
        Transition(
            action="archive",
            label=_("归档"),
            sources=("reviewed",),
            target="archived",
            event="archived",
            policy=policies.ARCHIVE,
            gates=archive_gates,
            key="",
            is_primary=True,
        ),
    )


def accept_result(
    ticket_id: int,
    *,
    by: Staff | None,
    method: str = "on_site",
    note: str = "",
    by_owner: bool = False,
    at: datetime | None = None,
    occurred_at: datetime | None = None,
    version: int | None = None,
) -> Ticket:
    """The specialist, or the owner, accepts the work as good (rules CBK-04, REP-25, REP-41).

    `method`: on_site, phone or evidence. Raises GateClosed when the person did the work himself.
    """
    if method not in (ON_SITE, BY_PHONE, BY_EVIDENCE):
        raise InvalidInput(_t("请选择验收方式。"), field="method", rule="CBK-04")
    note = checked(note, field="note", at_most=500)
    with step(
        ticket_id,
        "accept_result",
        by=by,
        at=at,
        occurred_at=occurred_at,
        version=version,
        data={"method": method, "note": note, "by_owner": by_owner},
        actor_label="owner" if by_owner else "",
    ) as taken:
        taken.ticket.accepted_by = by
        taken.ticket.accepted_by_owner = by_owner
        taken.ticket.accepted_at = taken.occurred_at
    return taken.ticket


def reject_result(
    ticket_id: int,
    *,
    by: Staff | None,
    reason: str,
    at: datetime | None = None,
    occurred_at: datetime | None = None,
    version: int | None = None,
) -> Ticket:
    """Not accepted: back to handling, counted as rework. A reason is required (rule CBK-04)."""
    reason = checked(reason, field="reason", at_most=500, needed=_t("请写明不合格的原因。"), rule="CBK-04")
    with step(ticket_id, "reject_result", by=by, at=at, occurred_at=occurred_at, version=version) as taken:
        _back_to_work(taken, reason)
    return taken.ticket


@one_act()
def register_callback(
    ticket_id: int,
    *,
    by: Staff | None,
    outcome: str,
    method: str = Callback.Method.PHONE,
    person_reached: str = "",
    is_solved: bool | None = None,
    satisfaction: int | None = None,
    answers: dict[str, Any] | None = None,
    words: str = "",
    demand: str = "",
    next_try_at: datetime | None = None,
    at: datetime | None = None,
    occurred_at: datetime | None = None,
    version: int | None = None,
) -> Callback:
    """One attempt to call the customer back (rules CBK-02, CBK-10 to CBK-12, REP-26, REP-27).

    Reached and satisfied moves on to the review; reached and not solved, or dissatisfied, reopens the work, or opens a
    follow-up ticket where the old one is past reopening, and the customer-service supervisor is told; not reached is a
    row of its own. A written message counts only after three attempts at different times. On a ticket that has been
    called back already, a reached customer is the second callback. `satisfaction`: 5 very satisfied to 1 very
    dissatisfied. `demand`: what else the customer asks for. `next_try_at`: when to call next, a promise if agreed.
    """
    outcomes = Callback.Outcome
    if outcome not in outcomes.values:
        raise InvalidInput(_t("请选择回访结果。"), field="outcome", rule="CBK-10")
    if method not in Callback.Method.values:
        raise InvalidInput(_t("请选择回访方式。"), field="method", rule="CBK-10")
    if method == Callback.Method.MESSAGE and outcome != outcomes.MESSAGE_SENT:
        # A message reaches nobody: it must not pass for a call (rule CBK-11).
        raise InvalidInput(_t("书面消息请登记为“已留书面消息”。"), field="outcome", rule="CBK-11")
    if outcome == outcomes.REACHED:
        person_reached = checked(
            person_reached, field="person_reached", at_most=40, needed=_t("请填写接电话的人。"), rule="CBK-10"
        )
        if is_solved is None or satisfaction is None:
            raise InvalidInput(_t("请选择问题是否解决和满意度。"), field="satisfaction", rule="CBK-10")
        if not 1 <= satisfaction <= 5:
            raise InvalidInput(_t("满意度为 1 到 5。"), field="satisfaction", rule="CBK-10")
    else:
        person_reached, is_solved, satisfaction = "", None, None
    words = checked(words, field="words", at_most=1000)
    demand = checked(demand, field="demand", at_most=500)
    ticket = Ticket.objects.get(pk=ticket_id)
    negative = outcome == outcomes.REACHED and not (is_solved and (satisfaction or 0) >= SATISFIED)
    again = ticket.state in ("called_back", "reviewed", "archived")
    reopens = negative and ticket.state in ("accepted_ok", "called_back")
    if outcome == outcomes.MESSAGE_SENT:
        method = Callback.Method.MESSAGE
        _three_attempts(ticket, again=again, before=occurred_at or at)
    if outcome in (outcomes.NO_ANSWER, outcomes.LATER):
        action = "try_callback"
    elif reopens:
        action = "call_back_negative"
    else:
        action = "second_callback" if again else "call_back"
    with step(ticket_id, action, by=by, at=at, occurred_at=occurred_at, version=version) as taken:
        _keep_or_make_promise(taken, outcome, next_try_at)
        follow_up = None
        if negative and not reopens and taken.ticket.kind in _follow_ups:
            follow_up = _follow_ups[taken.ticket.kind](taken.ticket, by, words, taken.entered_at)
            taken.say(follow_up=follow_up.number)
        row = Callback.objects.create(
            company_id=taken.ticket.company_id,
            ticket=taken.ticket,
            called_at=taken.occurred_at,
            caller=by,
            method=method,
            outcome=outcome,
            is_second=again,
            person_reached=person_reached,
            is_solved=is_solved,
            satisfaction=satisfaction,
            answers=answers or {},
            words=words,
            demand=demand,
            next_try_at=next_try_at,
            follow_up=follow_up,
        )
        taken.say(callback=row.pk, outcome=outcome, satisfaction=satisfaction, solved=is_solved, second=again)
        if demand:
            taken.say(demand=demand)
        supervisors = []
        if negative:
            supervisors = holders(Role.SUPERVISOR, project_id=taken.ticket.project_id, at=taken.entered_at)
            taken.say(told=[f"{person.name} {person.number}" for person in supervisors])
        if action == "call_back":
            taken.ticket.called_back_at = taken.occurred_at
        elif action == "call_back_negative":
            _back_to_work(taken, words or _t("回访不满意"))
    if negative:
        _tell_of_dissatisfaction(taken, row, supervisors)
    return row


def _keep_or_make_promise(taken: Step, outcome: str, next_try_at: datetime | None) -> None:
    """The call keeps the promise to call; a time agreed for the next one is a promise of its own (rule GEN-04)."""
    ticket, by, entered = taken.ticket, taken.by, taken.entered_at
    keep_calls(ticket, by=by, entered_at=entered, occurred_at=taken.occurred_at)
    if outcome != Callback.Outcome.LATER or next_try_at is None:
        return
    if next_try_at <= entered:
        raise InvalidInput(_t("约好的时间要晚于现在。"), rule="GEN-04", field="next_try_at")
    promise(ticket, by=by, subject=_t("再次回访"), promised_at=next_try_at, at=entered, is_call=True)


def _tell_of_dissatisfaction(taken: Step, row: Callback, supervisors: list[Staff]) -> None:
    """The supervisor answers for what becomes of a negative callback (rule CBK-12)."""
    assert taken.event is not None
    said = in_clauses(part for part in (row.words, row.demand) if part)
    sentence = (
        gettext_noop("回访不满意：%(title)s · %(place)s · %(said)s")
        if said
        else gettext_noop("回访不满意：%(title)s · %(place)s")
    )
    notify(
        row.follow_up or taken.ticket,
        supervisors,
        kind="dissatisfied",
        text=sentence,
        title=taken.ticket.title,
        place=taken.ticket.place,
        said=said,
        key=f"event/{taken.event.pk}",
        at=taken.entered_at,
    )


def _three_attempts(ticket: Ticket, *, again: bool, before: datetime | None) -> None:
    """CBK-11: a message stands in for the call only after three attempts at different times, each round its own."""
    attempts = ticket.callbacks.filter(outcome__in=(Callback.Outcome.NO_ANSWER, Callback.Outcome.LATER))
    since = ticket.called_back_at if again else ticket.handled_at
    if since is not None:
        attempts = attempts.filter(called_at__gte=since)
    if before is not None:
        attempts = attempts.filter(called_at__lte=before)
    counted: list[datetime] = []
    for called_at in attempts.order_by("called_at").values_list("called_at", flat=True):
        if not counted or called_at - counted[-1] >= ATTEMPTS_APART:
            counted.append(called_at)
    if len(counted) < ATTEMPTS_BEFORE_MESSAGE:
        raise GateClosed(
            _t("在不同时间（间隔 30 分钟以上）打过 3 次未接通，才能以书面消息代替；现在是 %(n)d 次。")
            % {"n": len(counted)},
            rule="CBK-11",
        )


def review_ticket(
    ticket_id: int,
    *,
    by: Staff,
    note: str = "",
    at: datetime | None = None,
    occurred_at: datetime | None = None,
    version: int | None = None,
) -> Ticket:
    """The head of the service centre signs; nothing is archived without it (rules CBK-04, ROLE-01)."""
    note = checked(note, field="note", at_most=500)
    with step(ticket_id, "review", by=by, at=at, occurred_at=occurred_at, version=version) as taken:
        taken.ticket.reviewed_by = by
        taken.ticket.reviewed_at = taken.occurred_at
        taken.say(note=note)
    return taken.ticket


def return_from_review(
    ticket_id: int,
    *,
    by: Staff,
    reason: str,
    at: datetime | None = None,
    occurred_at: datetime | None = None,
    version: int | None = None,
) -> Ticket:
    """The head of the centre sends it back to handling, with a reason (rule CBK-04)."""
    reason = checked(reason, field="reason", at_most=500, needed=_t("请写明退回原因。"), rule="CBK-04")
    with step(ticket_id, "return_from_review", by=by, at=at, occurred_at=occurred_at, version=version) as taken:
        _back_to_work(taken, reason)
    return taken.ticket


def archive_ticket(
    ticket_id: int,
    *,
    by: Staff,
    at: datetime | None = None,
    occurred_at: datetime | None = None,
    version: int | None = None,
) -> Ticket:
    """File the form together with its stub when everything on it is done (rule CBK-06)."""
    with step(ticket_id, "archive", by=by, at=at, occurred_at=occurred_at, version=version) as taken:
        taken.ticket.archived_at = taken.occurred_at
        taken.ticket.archive_number = f"A-{taken.ticket.number}"
        taken.say(archive_number=taken.ticket.archive_number)
    return taken.ticket


def _back_to_work(taken: Step, reason: str) -> None:
    """Reopened: the earlier acceptance no longer stands, the count of reworks goes up (rules CBK-12, KPI rework)."""
    ticket = taken.ticket
    ticket.rework_count += 1
    ticket.accepted_by = None
    ticket.accepted_by_owner = False
    ticket.accepted_at = None
    ticket.called_back_at = None
    ticket.handled_at = None
    ticket.is_important = True  # a reworked repair is an important need (ambiguity A-35)
    # What the reporters were told no longer holds; the next completion owes each of them a reply (rule REP-02).
    TicketReporter.objects.filter(ticket=ticket).update(replied_at=None)
    taken.say(reason=reason, rework=ticket.rework_count)
