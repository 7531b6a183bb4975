"""Warranty or paid: the quality guarantee of the category against the hand-over of the unit (rule REP-05)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import NamedTuple

from django.utils.translation import gettext, gettext_noop

from repairs.models import RepairCategory, RepairOrder
from residents.models import Unit
from tickets.calendars.bases import Basis, due
from tickets.models import Ticket


class Warranty(NamedTuple):
    """Whether a repair is free for the customer, why, and until when (None in public areas)."""

    covered: bool
    sentence: str
    until: date | None
    facts: dict[str, str] | None = None

    @property
    def basis(self) -> str:
        """Why, in the reader's language."""
        return gettext(self.sentence) % self.facts if self.facts else gettext(self.sentence)

    @property
    def source(self) -> str:
        """Why, as it is put on record: in the language of the source, whoever wrote it."""
        return (self.sentence % self.facts if self.facts else self.sentence)[:120]


def warranty_of(category: RepairCategory, unit: Unit | None, *, on: date) -> Warranty:
    """Judge a category in a unit on a local day. A unit without a hand-over day is not covered until it has one."""
    if category.is_public_area:
        return Warranty(True, gettext_noop("公共部位"), None)
    if unit is None or unit.hand_over_on is None:
        return Warranty(False, gettext_noop("未登记交付日期，按保修期外"), None)
    if category.warranty_months == 0:
        return Warranty(False, gettext_noop("不在质量保证书范围内"), None)
    handed_over = datetime.combine(unit.hand_over_on, time(12), tzinfo=UTC)
    until = due(Basis.MON, category.warranty_months, handed_over, zone="UTC").at.date()
    facts = {"group": category.group, "until": until.isoformat()}
    if on <= until:
        return Warranty(True, gettext_noop("%(group)s 保修至 %(until)s"), until, facts)
    return Warranty(False, gettext_noop("%(group)s 已过保修期（%(until)s）"), until, facts)


def basis_of(order: RepairOrder, ticket: Ticket) -> str:
    """The basis on record: in the reader's language if the rule wrote it, as it stands if a person did."""
    judged = warranty_of(order.category, ticket.unit, on=ticket.reported_at.astimezone(ticket.project.tzinfo).date())
    return judged.basis if judged.source == order.warranty_basis else order.warranty_basis
