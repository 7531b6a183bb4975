"""Whose job it is, and who does the work."""

from __future__ import annotations

from django.utils.translation import gettext as _

from residents.errors import InvalidInput
from residents.roles import Role
from tickets.policies import DESK
from tickets.workflow import Step


def check_own_job(taken: Step) -> None:
    """A technician acts on the own job or one that nobody has; the desk and the engineering leaders on any."""
    assert taken.by is not None
    leaders = {*DESK, Role.ENGINEERING_DUTY, Role.TRADE_SUPERVISOR}
    if taken.ticket.assignee_id in (None, taken.by.pk) or leaders & taken.by.roles_in(taken.ticket.project_id):
        return
    raise InvalidInput(_("这一单派给了别人。"), rule="REP-15", field="technician")


def worker_of(taken: Step) -> int:
    """Who does the work of a step, whoever types it in: the events of the work carry it (rules CBK-04, ROLE-18)."""
    assert taken.by is not None
    return taken.ticket.assignee_id or taken.by.pk
