"""The accounts that the sign-in page of the demo offers."""

from __future__ import annotations

from typing import NamedTuple

from residents.models import Company
from residents.roles import Role
from servicedesk.demo.estates import COMPANIES
from servicedesk.demo.roster import DEMO_PASSWORD, EMPLOYEES

# The four who take a repair from the call to the archive first; then everybody else, once each.
_FIRST = (Role.FRONT_DESK, Role.TECHNICIAN, Role.SPECIALIST, Role.CENTRE_HEAD, Role.SUPERVISOR)


class DemoAccount(NamedTuple):
    """One line of the sign-in page. `number` is what is typed there: yunxi/0107."""

    company: str
    code: str
    number: str
    name: str
    role: str
    password: str


def demo_accounts() -> list[DemoAccount]:
    """One account of every role in each demo company that is there. Empty when the demo has not been made."""
    there = set(
        Company.objects.filter(code__in=[plan.code for plan in COMPANIES], is_demo=True, is_active=True).values_list(
            "code", flat=True
        )
    )
    order = [*_FIRST, *(role for role in Role if role not in _FIRST)]
    found: list[DemoAccount] = []
    for plan in COMPANIES:
        if plan.code not in there:
            continue
        for role in order:
            first = next(employee for employee in EMPLOYEES[plan.code] if employee.role == role)
            found.append(
                DemoAccount(
                    plan.name, plan.code, f"{plan.code}/{first.number}", first.name, str(role.label), DEMO_PASSWORD
                )
            )
    return found
