"""Everybody who reported the same fault, and the reply to each (rules REP-01, REP-02)."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.utils.translation import gettext as _

from residents.errors import GateClosed, InvalidInput
from residents.models import Person, Staff, Unit
from tickets import policies
from tickets.actions.opening import Reported, check_belonging
from tickets.actions.touching import touch
from tickets.facts import record
from tickets.models import TicketReporter
from tickets.texts import checked


def add_reporter(
    ticket_id: int,
    *,
    by: Staff,
    name: str,
    phone: str = "",
    unit: Unit | None = None,
    person: Person | None = None,
    form_key: uuid.UUID | None = None,
    at: datetime | None = None,
    occurred_at: datetime | None = None,
) -> TicketReporter:
    """Somebody else reports the same fault: linked to the open ticket instead of a new one (rules REP-01, REP-10).

    The same `form_key` again returns the reporter already added.
    """
    name = checked(name, field="name", at_most=40, needed=_("请填写报事人。"), rule="REP-01")
    phone = checked(phone, field="phone", at_most=20)
    with touch(ticket_id, policies.EDIT, by=by, at=at, occurred_at=occurred_at) as (ticket, entered, occurred):
        check_belonging(Reported(title=name, place="", unit=unit, reporter=person), ticket.project, by)
        key = str(form_key) if form_key else None
        added = ticket.events.filter(kind="reporter_added", data__form_key=key).first() if key else None
        if added is not None:
            return TicketReporter.objects.get(pk=added.data["reporter"])
        row = TicketReporter.objects.create(
            company_id=ticket.company_id,
            ticket=ticket,
            person=person,
            unit=unit,
            name=name,
            phone=phone,
            reported_at=occurred,
        )
        record(
            ticket,
            "reporter_added",
            by=by,
            entered_at=entered,
            occurred_at=occurred,
            data={"reporter": row.pk, "name": name, "form_key": key},
        )
        return row


def reply_to_reporter(
    reporter_id: int, *, by: Staff, words: str = "", at: datetime | None = None, occurred_at: datetime | None = None
) -> TicketReporter:
    """Tell one reporter that the public fault is fixed, not before it is (rule REP-02). Twice changes nothing."""
    words = checked(words, field="words", at_most=500)
    found = TicketReporter.objects.get(pk=reporter_id)
    with touch(
        found.ticket_id, policies.CALL_BACK, by=by, at=at, occurred_at=occurred_at, also_closed=True, in_order=True
    ) as (ticket, entered, occurred):
        if ticket.handled_at is None:
            raise GateClosed(_("修好以后的告知才算回复；进展请写在跟进里。"), rule="REP-02")
        if occurred < ticket.handled_at:
            raise InvalidInput(_("回复时间早于完工时间，请核对。"), rule="GEN-01", field="occurred_at")
        row = TicketReporter.objects.select_for_update(of=("self",), no_key=True).get(pk=reporter_id)
        if row.replied_at is None:
            row.replied_at = occurred
            row.save(update_fields=("replied_at",))
            record(
                ticket,
                "reporter_replied",
                by=by,
                entered_at=entered,
                occurred_at=occurred,
                data={"reporter": row.pk, "words": words},
            )
        return row
