"""Who may do what: a policy is data, a set of roles with a name; `require` is the one check (rulebook 25)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from residents.errors import NotAllowed

if TYPE_CHECKING:
    from residents.models import Staff


@dataclass(frozen=True)
class Policy:
    """The roles that may perform one act. `rule` is shown in the refusal where a rule names the power.

    `by_deputy`: a decision that others wait for, taken by the deputy of somebody who is absent (rule ROLE-19).
    """

    name: str
    roles: frozenset[str]
    rule: str = ""
    by_deputy: bool = False

    def allows(self, staff: Staff, *, project_id: int | None) -> bool:
        """Whether a membership for this project, or for the whole company, holds one of the roles."""
        return bool(self.roles & staff.roles_in(project_id)) or self.as_deputy(staff, project_id=project_id)

    def as_deputy(self, staff: Staff, *, project_id: int | None) -> bool:
        """Whether the person may, but only in the place of somebody absent."""
        if not self.by_deputy or self.roles & staff.roles_in(project_id):
            return False
        return bool(self.roles & staff.roles_stood_in(project_id))


def policy(name: str, *roles: str, rule: str = "", by_deputy: bool = False) -> Policy:
    """A policy from role codes, for the tables in each app's `policies.py`."""
    return Policy(name, frozenset(roles), rule, by_deputy)


def require(staff: Staff, allowed: Policy, *, project_id: int | None) -> None:
    """Raise NotAllowed unless the person holds one of the policy's roles in the project."""
    if not allowed.allows(staff, project_id=project_id):
        raise NotAllowed(rule=allowed.rule)
