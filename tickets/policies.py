"""Who may do what to any ticket, whatever its kind (rulebook 25)."""

from __future__ import annotations

from residents.policies import policy
from residents.roles import LINE_ABOVE, Role

DESK = (Role.FRONT_DESK, Role.NIGHT_DUTY, Role.SUPERVISOR)
LEADERS = (Role.SUPERVISOR, Role.CENTRE_HEAD, Role.ESTATE_MANAGER)
CUSTOMER_SERVICE = (*DESK, Role.SPECIALIST, Role.KEEPER, Role.CENTRE_HEAD)
EVERYBODY = tuple(Role)

LIST_TICKETS = policy("list_tickets", *EVERYBODY)
COMMENT = policy("comment", *EVERYBODY)
COMMENT_TO_OWNER = policy("comment_to_owner", *CUSTOMER_SERVICE)
ATTACH = policy("attach", *EVERYBODY)
URGE = policy("urge", *CUSTOMER_SERVICE, Role.ESTATE_MANAGER, Role.ENGINEERING_DUTY)
EDIT = policy("edit", *CUSTOMER_SERVICE)
PROMISE = policy("promise", *CUSTOMER_SERVICE)
ACCEPT_RESULT = policy("accept_result", Role.SPECIALIST, rule="CBK-04")
CALL_BACK = policy("call_back", *CUSTOMER_SERVICE, rule="CBK-02")
REVIEW = policy("review", Role.CENTRE_HEAD, rule="ROLE-01", by_deputy=True)
ARCHIVE = policy("archive", *CUSTOMER_SERVICE, rule="CBK-06")
MERGE = policy("merge", *CUSTOMER_SERVICE)
CANCEL = policy("cancel", *CUSTOMER_SERVICE)
ASK_APPROVAL = policy("ask_approval", *CUSTOMER_SERVICE, Role.TECHNICIAN, Role.ENGINEERING_DUTY)
APPROVE_RELIEF = policy("approve_relief", Role.ESTATE_MANAGER, Role.COMPANY, rule="ROLE-10", by_deputy=True)
APPROVE_MORE = policy("approve_more", Role.COMPANY, rule="ROLE-10", by_deputy=True)
"""Beyond the estate manager's own authority."""
REPORT_UP = policy("report_up", *EVERYBODY)
ANSWER_REPORT = policy("answer_report", *{above for line in LINE_ABOVE.values() for above in line}, rule="GEN-06")
SEE_LEADER_PAGES = policy("see_leader_pages", *LEADERS)
CHANGE_RULES = policy("change_rules", Role.ADMIN, Role.COMPANY, Role.ESTATE_MANAGER)
