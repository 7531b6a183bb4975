"""Warranty or paid: the quality guarantee of the category against the hand-over of the unit (rule REP-05)."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import NamedTuple

from django.utils.translation import gettext as _

from repairs.models import RepairCategory
from residents.models import Unit
from tickets.calendars.bases import Basis, due


class Warranty(NamedTuple):
    """Whether a repair is free for the customer, why, and until when (None in public areas)."""

    covered: bool
    basis: str
    until: date | None


def warranty_of(category: RepairCategory, unit: Unit | None, *, on: date) -> Warranty:
    """Judge a category in a unit on a local day. A unit without a hand-over day is not covered until it has one."""
    if category.is_public_area:
        return Warranty(True, _("公共部位"), None)
    if unit is None or unit.hand_over_on is None:
        return Warranty(False, _("未登记交付日期，按保修期外"), None)
    if category.warranty_months == 0:
        return Warranty(False, _("不在质量保证书范围内"), None)
    handed_over = datetime.combine(unit.hand_over_on, time(12), tzinfo=UTC)
    until = due(Basis.MON, category.warranty_months, handed_over, zone="UTC").at.date()
    covered = on <= until
    sentence = _("%(group)s 保修至 %(until)s") if covered else _("%(group)s 已过保修期（%(until)s）")
    return Warranty(covered, sentence % {"group": category.group, "until": until.isoformat()}, until)
