"""What people do to any ticket beside its workflow: comments, files, promises, urging, merging, approvals.

The verbs of every module, for those who call them. Inside this package a module imports from the one that owns.
"""

from tickets.actions.approvals import MOST_FEN, ask_approval, decide_approval
from tickets.actions.correcting import EDITABLE, edit_ticket
from tickets.actions.files import attach
from tickets.actions.merging import merge_tickets
from tickets.actions.opening import Reported, existing_for, next_number, open_ticket
from tickets.actions.promises import keep_promise, make_promise, promise, replace_promise
from tickets.actions.reporters import add_reporter, reply_to_reporter
from tickets.actions.talking import add_comment, answer_report, open_reports, report_up, urge
from tickets.notices import acknowledge, notify, withdraw

__all__ = [
    "EDITABLE",
    "MOST_FEN",
    "Reported",
    "acknowledge",
    "add_comment",
    "add_reporter",
    "answer_report",
    "ask_approval",
    "attach",
    "decide_approval",
    "edit_ticket",
    "existing_for",
    "keep_promise",
    "make_promise",
    "merge_tickets",
    "next_number",
    "notify",
    "open_reports",
    "open_ticket",
    "promise",
    "replace_promise",
    "reply_to_reporter",
    "report_up",
    "urge",
    "withdraw",
]
