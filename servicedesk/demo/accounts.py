"""The accounts that the sign-in page of the demo offers."""

from __future__ import annotations

from typing import NamedTuple

from residents.models import Company
from residents.roles import Role
from servicedesk.demo.estates import COMPANIES
from servicedesk.demo.roster import DEMO_PASSWORD, EMPLOYEES

# Those who take a repair from the call to the archive first; then, of the first company, everybody else once.
_FIRST = (Role.FRONT_DESK, Role.TECHNICIAN, Role.SPECIALIST, Role.CENTRE_HEAD, Role.SUPERVISOR)
_OTHERS = tuple(role for role in Role if role not in _FIRST)


class DemoAccount(NamedTuple):
    """One line of the sign-in page. `number` is what is typed there: yunxi/0107."""

    company: str
    code: str
    number: str
    name: str
    role: str
    password: str


def demo_accounts() -> list[DemoAccount]:
    """An account of every role in the first demo company and of the main ones in the others, if they are there."""
    there = set(
        Company.objects.filter(code__in=[plan.code for plan in COMPANIES], is_demo=True, is_active=True).values_list(
            "code", flat=True
        )
    )
    found: list[DemoAccount] = []
    for plan in COMPANIES:
        if plan.code not in there:
            continue
        for role in (*_FIRST, *_OTHERS) if plan is COMPANIES[0] else _FIRST:
            first = next(employee for employee in EMPLOYEES[plan.code] if employee.role == role)
            found.append(
                DemoAccount(
                    plan.name, plan.code, f"{plan.code}/{first.number}", first.name, str(role.label), DEMO_PASSWORD
                )
            )
    return found
