"""Who sits at the front desk, and who may look over its shoulder."""

from __future__ import annotations

from residents.policies import policy
from tickets.policies import CUSTOMER_SERVICE, LEADERS

SEE_DESK = policy("see_desk", *CUSTOMER_SERVICE, *LEADERS)
TAKE_DOWN = policy("take_down", *CUSTOMER_SERVICE, rule="REP-04")
