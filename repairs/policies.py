"""Who may do what to a repair (rulebook 5 and 25)."""

from __future__ import annotations

from residents.policies import policy
from residents.roles import Role
from tickets.policies import CUSTOMER_SERVICE, DESK

ENGINEERING = (Role.TECHNICIAN, Role.NIGHT_DUTY, Role.ENGINEERING_DUTY, Role.TRADE_SUPERVISOR)

REPORT = policy("report_repair", *CUSTOMER_SERVICE, rule="REP-04")
DISPATCH = policy("dispatch_repair", *DESK, Role.ENGINEERING_DUTY, Role.TRADE_SUPERVISOR, rule="REP-09")
WORK = policy("work_on_repair", *ENGINEERING)
NOTE_WORK = policy("note_work", *ENGINEERING, *DESK)
"""Arrival, start and finish may also be phoned in to the desk."""
RETURN = policy("return_repair", *ENGINEERING)
APPOINT = policy("appoint", *CUSTOMER_SERVICE, *ENGINEERING)
APOLOGISE = policy("apologise", *CUSTOMER_SERVICE, rule="REP-20")
TELL_PRICE = policy("tell_price", *CUSTOMER_SERVICE, *ENGINEERING, rule="REP-07")
CORRECT_WARRANTY = policy("correct_warranty", *DESK, Role.ENGINEERING_DUTY, Role.TRADE_SUPERVISOR, rule="REP-05")
CORRECT_CHARGED = policy("correct_charged", Role.ENGINEERING_DUTY, Role.TRADE_SUPERVISOR, rule="REP-05")
"""Once it is finished the class decides about money: engineering's finding, not the desk's (rule REP-28)."""
SLIP = policy("slip", *DESK, Role.ENGINEERING_DUTY, rule="CBK-05")
MONEY = policy("take_fee", *DESK, Role.FINANCE, Role.TECHNICIAN, rule="REP-36")
CANCEL = policy("cancel_repair", *CUSTOMER_SERVICE)
CLOSE_UNSERVABLE = policy("close_unservable", Role.CENTRE_HEAD, rule="GEN-06", by_deputy=True)
SEE_PHONE_PAGES = policy("see_phone_pages", *ENGINEERING)
