"""What may befall a repair, and how often."""

from __future__ import annotations

from enum import Enum, auto

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


class Turn(Enum):
    """What may befall a repair on its way."""

    LATE_ENTRY = auto()
    SLOW_DISPATCH = auto()
    TO_THE_POOL = auto()
    RETURNED = auto()
    REDISPATCHED = auto()
    ACCEPTED_BY_RULE = auto()
    SLOW_ARRIVAL = auto()
    SLOW_START = auto()
    MISSED_VISIT = auto()
    LATE_VISIT = auto()
    SUSPENDED = auto()
    PHONED_IN = auto()
    ON_PAPER = auto()
    PICTURES = auto()
    OWNER_ACCEPTS = auto()
    SLOW_INSPECTION = auto()
    REJECTED = auto()
    LATE_SLIP = auto()
    NO_ANSWER_ONCE = auto()
    UNREACHABLE = auto()
    LATE_CALLBACK = auto()
    DISSATISFIED = auto()
    RETURNED_FROM_REVIEW = auto()
    PROMISED = auto()
    COMMENTED = auto()
    FEE_RELIEF = auto()
    MORE_REPORTERS = auto()
    DUPLICATE = auto()
    CANCELLED = auto()
    UNSERVABLE = auto()


# In a hundred repairs.
CHANCES: dict[Turn, float] = {
    Turn.LATE_ENTRY: 2,
    Turn.SLOW_DISPATCH: 2.5,
    Turn.TO_THE_POOL: 4,
    Turn.RETURNED: 3,
    Turn.REDISPATCHED: 3,
    Turn.ACCEPTED_BY_RULE: 5,
    Turn.SLOW_ARRIVAL: 5,
    Turn.SLOW_START: 3,
    Turn.MISSED_VISIT: 5,
    Turn.LATE_VISIT: 5,
    Turn.SUSPENDED: 3,
    Turn.PHONED_IN: 7,
    Turn.ON_PAPER: 10,
    Turn.PICTURES: 6,
    Turn.OWNER_ACCEPTS: 8,
    Turn.SLOW_INSPECTION: 4,
    Turn.REJECTED: 2.5,
    Turn.LATE_SLIP: 2,
    Turn.NO_ANSWER_ONCE: 8,
    Turn.UNREACHABLE: 2.5,
    Turn.LATE_CALLBACK: 1.5,
    Turn.DISSATISFIED: 2.5,
    Turn.RETURNED_FROM_REVIEW: 0.8,
    Turn.PROMISED: 4,
    Turn.COMMENTED: 9,
    Turn.FEE_RELIEF: 15,
    Turn.MORE_REPORTERS: 40,
    Turn.DUPLICATE: 10,
    Turn.CANCELLED: 4,
    Turn.UNSERVABLE: 1.5,
}
