"""Who a request comes from and where that person works: two statements, read before every page.

Written as SQL because they run before everything else and the ORM would spend more on building them than PostgreSQL
on answering; the policies of the open scope hold for them as for any other query.
"""

from __future__ import annotations

import json

from residents.models import Account, Project, Staff

_WHO = """
SELECT s.*,
       (SELECT coalesce(jsonb_agg(jsonb_build_array(m.project_id, m.role)), '[]')
          FROM residents_membership m WHERE m.staff_id = s.id)::text AS held,
       CASE WHEN %(acting)s THEN set_config('pghistory.context_metadata',
           json_build_object('staff', s.number, 'request', %(request)s::text)::text, true) END AS acting
  FROM residents_staff s JOIN residents_company c ON c.id = s.company_id
 WHERE s.account_id = %(account)s AND s.is_active AND c.is_active
"""
_WHERE = """
SELECT * FROM residents_project
 WHERE is_active AND (%(everywhere)s OR id = ANY(%(projects)s)) ORDER BY code
"""


def staff_of(account: Account, *, acting: bool = False, request_id: str = "") -> Staff | None:
    """The active person of the open scope behind an account, with the roles held; None for somebody who has left.

    `acting` names the person and the request in the history of what is changed until the transaction ends. One
    statement.
    """
    found = Staff.objects.raw(_WHO, {"acting": acting, "request": request_id, "account": account.pk})
    staff = next(iter(found), None)
    if staff is None or not account.is_active:
        return None
    staff.account = account
    staff.hold(json.loads(vars(staff).pop("held")))
    return staff


def projects_of(staff: Staff) -> list[Project]:
    """The active projects a person may see, by code. One statement."""
    seen = staff.project_ids
    return list(Project.objects.raw(_WHERE, {"everywhere": seen is None, "projects": sorted(seen or ())}))
