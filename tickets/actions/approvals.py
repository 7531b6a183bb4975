"""Asking a superior, and the answer (rules REP-28, ROLE-10, ROLE-18)."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from residents.errors import GateClosed, InvalidInput
from residents.models import Staff
from residents.roles import Role
from residents.words import yuan
from tickets import policies
from tickets.actions.touching import touch
from tickets.errors import IllegalTransition
from tickets.facts import record
from tickets.models import Approval
from tickets.notices import notify, with_deputies
from tickets.sla.ladder import holders
from tickets.texts import checked

MOST_FEN = 100_000_000
"""A million yuan: more is a slip of the finger."""


def ask_approval(
    ticket_id: int, *, by: Staff, subject: str, reason: str, amount_fen: int = 0, at: datetime | None = None
) -> Approval:
    """Ask for a yes, for example for relief of fees (rules REP-28, ROLE-10). Money in fen.

    The estate manager is told, or the company for more than he may grant.
    """
    reason = checked(reason, field="reason", at_most=500, needed=_("请写明申请原因。"), rule="ROLE-10")
    if not 0 <= amount_fen <= MOST_FEN:
        raise InvalidInput(_("金额不对，请核对。"), field="amount", rule="ROLE-10")
    with touch(ticket_id, policies.ASK_APPROVAL, by=by, at=at) as (ticket, entered, occurred):
        row = Approval.objects.create(
            company_id=ticket.company_id,
            ticket=ticket,
            subject=subject,
            reason=reason,
            amount_fen=amount_fen,
            asked_by=by,
            asked_at=entered,
        )
        record(
            ticket,
            "approval_asked",
            by=by,
            entered_at=entered,
            occurred_at=occurred,
            data={"approval": row.pk, "subject": subject, "amount_fen": amount_fen, "reason": reason},
        )
        decider = Role.COMPANY if _is_beyond_manager(row) else Role.ESTATE_MANAGER
        people = holders(decider, project_id=ticket.project_id, at=entered)
        notify(
            ticket,
            with_deputies(people, project_id=ticket.project_id, at=entered),
            kind="approval",
            text=gettext_noop("待批：%(title)s · %(reason)s"),
            title=ticket.title,
            reason=reason,
            key=f"approval/{row.pk}",
            at=entered,
        )
        return row


def decide_approval(
    approval_id: int, *, by: Staff, granted: bool, note: str = "", at: datetime | None = None
) -> Approval:
    """Say yes or no. Nobody decides what he asked for himself, or beyond his authority (rules ROLE-18, ROLE-10)."""
    note = checked(note, field="note", at_most=500)
    found = Approval.objects.get(pk=approval_id)
    with touch(found.ticket_id, policies.APPROVE_RELIEF, by=by, at=at) as (ticket, entered, occurred):
        row = Approval.objects.select_for_update(of=("self",), no_key=True).get(pk=approval_id)
        row.ticket = ticket
        if row.decision != Approval.Decision.WAITING:
            raise IllegalTransition(_("已经批过了。"))
        if row.asked_by_id == by.pk:
            raise GateClosed(_("不能审批自己的申请。"), rule="ROLE-18")
        if _is_beyond_manager(row) and not policies.APPROVE_MORE.allows(by, project_id=ticket.project_id):
            raise GateClosed(
                _("超过项目经理的减免权限（%(most)s），由公司审批。") % {"most": yuan(ticket.project.relief_limit_fen)},
                rule="ROLE-10",
            )
        row.decision = Approval.Decision.GRANTED if granted else Approval.Decision.REFUSED
        row.decided_by, row.decided_at, row.note = by, entered, note
        row.save()
        record(
            ticket,
            "approval_decided",
            by=by,
            entered_at=entered,
            occurred_at=occurred,
            data={
                "approval": row.pk,
                "granted": granted,
                "note": note,
                "limit_fen": ticket.project.relief_limit_fen,
                "as_deputy": policies.APPROVE_RELIEF.as_deputy(by, project_id=ticket.project_id),
            },
        )
        return row


def _is_beyond_manager(row: Approval) -> bool:
    limit: int = row.ticket.project.relief_limit_fen
    return row.amount_fen > limit
