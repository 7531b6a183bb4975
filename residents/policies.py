"""Who may do what: a policy is data, a set of roles with a name; `require` is the one check (rulebook 25)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from residents.errors import NotAllowed

if TYPE_CHECKING:
    from residents.models import Staff


@dataclass(frozen=True)
class Policy:
    """The roles that may perform one act. `rule` is shown in the refusal where a rule names the power."""

    name: str
    roles: frozenset[str]
    rule: str = ""

    def allows(self, staff: Staff, *, project_id: int | None) -> bool:
        """Whether a membership for this project, or for the whole company, holds one of the roles."""
        return bool(self.roles & staff.roles_in(project_id))


def policy(name: str, *roles: str, rule: str = "") -> Policy:
    """A policy from role codes, for the tables in each app's `policies.py`."""
    return Policy(name, frozenset(roles), rule)


def require(staff: Staff, allowed: Policy, *, project_id: int | None) -> None:
    """Raise NotAllowed unless the person holds one of the policy's roles in the project."""
    if not allowed.allows(staff, project_id=project_id):
        raise NotAllowed(rule=allowed.rule)
