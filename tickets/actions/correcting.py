"""Correcting what was taken down (rule GEN-10)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from residents.errors import InvalidInput
from residents.models import Staff
from tickets import policies
from tickets.actions.touching import touch
from tickets.facts import record
from tickets.models import Ticket
from tickets.texts import checked

EDITABLE = {"title": 80, "place": 80, "description": 5000, "contact_name": 40, "contact_phone": 20, "is_important": 0}
"""What may be corrected, and how long each text may be. The place of a matter in a home is the home."""


def edit_ticket(
    ticket_id: int, *, by: Staff, changes: dict[str, Any], reason: str, version: int, at: datetime | None = None
) -> Ticket:
    """Correct what was taken down. Old and new values stay on the timeline with the reason (rule GEN-10)."""
    if set(changes) - set(EDITABLE):
        raise InvalidInput(_("这些内容不能在这里改。"), rule="GEN-10")
    reason = checked(reason, field="reason", at_most=500, needed=_("请写明更正原因。"), rule="GEN-10")
    needed = {"title": _("事项不能为空。"), "place": _("位置不能为空。")}
    changes = {
        name: bool(value)
        if name == "is_important"
        else checked(
            str(value),
            field=name,
            at_most=EDITABLE[name],
            needed=needed.get(name, ""),
            rule="GEN-10",
        )
        for name, value in changes.items()
    }
    with touch(ticket_id, policies.EDIT, by=by, at=at, version=version) as (ticket, entered, occurred):
        old = {name: getattr(ticket, name) for name in changes if getattr(ticket, name) != changes[name]}
        if not old:
            return ticket
        if "place" in old and not ticket.is_public_area:
            raise InvalidInput(_("户内的位置就是房号，不能在这里改。"), rule="GEN-10", field="place")
        for name in old:
            setattr(ticket, name, changes[name])
        ticket.version += 1
        ticket.save()
        record(
            ticket,
            "edited",
            by=by,
            entered_at=entered,
            occurred_at=occurred,
            data={"old": old, "new": {name: changes[name] for name in old}, "reason": reason},
        )
        return ticket
