"""Times promised to the customer (rule GEN-04)."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from residents.errors import InvalidInput
from residents.models import Staff
from residents.policies import require
from residents.tenancy import one_act
from tickets import policies
from tickets.actions.touching import touch
from tickets.errors import IllegalTransition, TicketClosed
from tickets.facts import moments, record
from tickets.models import Promise, Ticket
from tickets.texts import checked


def make_promise(
    ticket_id: int, *, by: Staff | None, subject: str, promised_at: datetime, at: datetime | None = None
) -> Promise:
    """Record a time promised to the customer; its clock runs without grace (rule GEN-04)."""
    with one_act():
        ticket = Ticket.objects.select_related("project").lock(ticket_id)
        if by is not None:
            require(by, policies.PROMISE, project_id=ticket.project_id)
        if ticket.closed_at is not None:
            raise TicketClosed
        entered, _occurred = moments(ticket, at=at, occurred_at=None, by_person=False)
        return promise(ticket, by=by, subject=subject, promised_at=promised_at, at=entered)


def promise(
    ticket: Ticket, *, by: Staff | None, subject: str, promised_at: datetime, at: datetime, is_call: bool = False
) -> Promise:
    """The same for a ticket that is already locked. `is_call`: the next call to the customer keeps it."""
    subject = checked(subject, field="subject", at_most=80, needed=_("请写明承诺了什么。"), rule="GEN-04")
    if promised_at <= at:
        raise InvalidInput(_("承诺时间要晚于现在。"), rule="GEN-04", field="promised_at")
    made = Promise.objects.create(
        company_id=ticket.company_id,
        ticket=ticket,
        subject=subject,
        promised_at=promised_at,
        made_by=by,
        made_at=at,
        is_call=is_call,
    )
    record(
        ticket,
        "promise_made",
        by=by,
        entered_at=at,
        occurred_at=at,
        data={"promise": made.pk, "subject": subject, "promised_at": promised_at.isoformat()},
    )
    return made


def keep_promise(
    promise_id: int, *, by: Staff, at: datetime | None = None, occurred_at: datetime | None = None
) -> Promise:
    """What was promised has been done. Keeping a kept promise changes nothing."""
    found = Promise.objects.get(pk=promise_id)
    with touch(found.ticket_id, policies.PROMISE, by=by, at=at, occurred_at=occurred_at, in_order=True) as (
        ticket,
        entered,
        occurred,
    ):
        row = Promise.objects.select_for_update(of=("self",), no_key=True).get(pk=promise_id)
        if row.replaced_by_id is not None:
            raise IllegalTransition(_("这个承诺已经改约，请登记新的承诺。"))
        if occurred < row.made_at:
            raise InvalidInput(_("兑现时间早于承诺的时间，请核对。"), rule="GEN-01", field="occurred_at")
        if row.kept_at is None:
            _keep(ticket, row, by=by, entered_at=entered, occurred_at=occurred)
        return row


def keep_calls(ticket: Ticket, *, by: Staff | None, entered_at: datetime, occurred_at: datetime) -> None:
    """The customer of a locked ticket was called, as promised, whether or not somebody answered (rule GEN-04)."""
    for row in ticket.promises.filter(is_call=True, kept_at=None, replaced_by=None).order_by("pk"):
        _keep(ticket, row, by=by, entered_at=entered_at, occurred_at=occurred_at)


def _keep(ticket: Ticket, row: Promise, *, by: Staff | None, entered_at: datetime, occurred_at: datetime) -> None:
    row.kept_at = occurred_at
    row.save(update_fields=("kept_at",))
    record(ticket, "promise_kept", by=by, entered_at=entered_at, occurred_at=occurred_at, data={"promise": row.pk})


def replace_promise(
    promise_id: int, *, by: Staff, promised_at: datetime, progress: str, at: datetime | None = None
) -> Promise:
    """Tell the customer before the time passes that it cannot be kept, and agree a new time (rule GEN-04).

    `progress` is what the customer was told. After the old time has passed the old breach stays (rule GEN-02).
    """
    progress = checked(progress, field="progress", at_most=500, needed=_("请写明联系业主时告知的进展。"), rule="GEN-04")
    found = Promise.objects.get(pk=promise_id)
    with touch(found.ticket_id, policies.PROMISE, by=by, at=at) as (ticket, entered, occurred):
        old = Promise.objects.select_for_update(of=("self",), no_key=True).get(pk=promise_id)
        if old.kept_at is not None or old.replaced_by_id is not None:
            raise IllegalTransition(_("这个承诺已经兑现或改过。"))
        if promised_at <= entered:
            raise InvalidInput(_("承诺时间要晚于现在。"), rule="GEN-04", field="promised_at")
        new = Promise.objects.create(
            company_id=ticket.company_id,
            ticket=ticket,
            subject=old.subject,
            promised_at=promised_at,
            made_by=by,
            made_at=entered,
            is_call=old.is_call,
        )
        old.replaced_by = new
        old.save(update_fields=("replaced_by",))
        record(
            ticket,
            "promise_replaced",
            by=by,
            entered_at=entered,
            occurred_at=occurred,
            data={
                "promise": new.pk,
                "replaces": old.pk,
                "promised_at": promised_at.isoformat(),
                "progress": progress,
            },
        )
        return new
