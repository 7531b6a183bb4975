"""Repairs, from the first keystroke to the finished work (rulebook 5). The tail to the archive is `tickets.closing`.

The verbs of every chapter, for those who call them. Inside this package a module imports from the one that owns.
Every verb takes `at` (moment of entry, default the database's now()) and `occurred_at` (when it really happened,
default `at`), both aware, and `version` (what the page showed; None skips the check). A refusal stores nothing.
"""

from repairs.actions.acceptance import accept_repair, return_repair
from repairs.actions.appointments import apologise, moves_a_promise, reappoint, set_appointment
from repairs.actions.by_rule import auto_accept, effect, miss_visit
from repairs.actions.dispatch import (
    correct_warranty,
    dispatch_repair,
    inform_engineering,
    last_dispatch,
    take_back_dispatch,
    tell_price,
)
from repairs.actions.ending import cancel_repair, close_unservable, follow_up_repair
from repairs.actions.finishing import Material, finish_work, report_completion
from repairs.actions.intake import (
    PATROL,
    WHEN_APPOINTMENT,
    WHEN_CANNOT,
    WHEN_NOW,
    RepairIntake,
    duplicates_of,
    made_by,
    report_repair,
    same_fault,
    take_down,
)
from repairs.actions.money import take_fee, waive_fee
from repairs.actions.on_site import arrive, leave_early, leave_site, start_work
from repairs.actions.paper import enter_completion, print_slip, return_slip, take_slip

__all__ = [
    "PATROL",
    "WHEN_APPOINTMENT",
    "WHEN_CANNOT",
    "WHEN_NOW",
    "Material",
    "RepairIntake",
    "accept_repair",
    "apologise",
    "arrive",
    "auto_accept",
    "cancel_repair",
    "close_unservable",
    "correct_warranty",
    "dispatch_repair",
    "duplicates_of",
    "effect",
    "enter_completion",
    "finish_work",
    "follow_up_repair",
    "inform_engineering",
    "last_dispatch",
    "leave_early",
    "leave_site",
    "made_by",
    "miss_visit",
    "moves_a_promise",
    "print_slip",
    "reappoint",
    "report_completion",
    "report_repair",
    "return_repair",
    "return_slip",
    "same_fault",
    "set_appointment",
    "start_work",
    "take_back_dispatch",
    "take_down",
    "take_fee",
    "take_slip",
    "tell_price",
    "waive_fee",
]
