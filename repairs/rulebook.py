"""The rules of repairs as the product implements them, in one sentence each; clocks and gates are in the code."""

from __future__ import annotations

RULES: dict[str, str] = {
    "REP-01": (
        "Several reports of one public fault are one order with all reporters; the specialist verifies the result."
    ),
    "REP-02": "Each reporter of a public fault is told the same day that it is fixed.",
    "REP-03": ("A repair in a home is taken for now or for an agreed window; without one of them it is not saved."),
    "REP-05": (
        "The category's guarantee and the unit's hand-over day decide between work order (free) and "
        "repair order (paid); engineering may correct it with a reason, after the work only until a receipt is given."
    ),
    "REP-06": (
        "Engineering is told within a minute of the report: the earlier of saved and contact ended, for a public fault "
        "of the order being filled."
    ),
    "REP-07": "A paid job is dispatched only after a tariff item or an amount was told and somebody agreed.",
    "REP-09": (
        "Dispatched within a minute of saving, unless the answer was 'cannot'; a returned or reopened job starts the "
        "minute again."
    ),
    "REP-10": (
        "An open repair of the same category in the same unit or place must be joined or declined before saving."
    ),
    "REP-11": "Typed in within two hours of the report.",
    "REP-12": "The slip is printed or on the technician's phone within five minutes, unless the answer was 'cannot'.",
    "REP-15": (
        "Accepted within a minute of dispatch; then the system accepts, which is the breach, and the "
        "engineering duty manager is told once."
    ),
    "REP-16": "On site within five minutes of acceptance, for homes without an appointment.",
    "REP-17": "Work starts within 30 minutes of acceptance, or of the end of the agreed window.",
    "REP-18": "Leaving before the work is finished is refused.",
    "REP-19": "Leaving early needs the owner's written consent and the next appointment, both.",
    "REP-20": (
        "Arrival by the end of the agreed window; missed, an apology and a new time within 15 minutes. A "
        "second miss goes to the estate manager."
    ),
    "REP-21": "The slip is back before the technician's shift ends; without a shift, by the end of the day.",
    "REP-22": "A slip without result, part (or 'none') or, in a home, signature is not taken back.",
    "REP-23": "Finished means tried out by the customer, cleaned and, in a home, signed.",
    "REP-24": (
        "Completion is typed in within two hours of the slip's return; finishing on the phone has done it already."
    ),
    "REP-25": (
        "The specialist accepts or calls within ten minutes of the desk hearing of completion; in public "
        "areas the ten minutes only warn (REP-41)."
    ),
    "REP-26": "Called back within 24 hours of the work being finished.",
    "REP-27": "An important need is called back a second time within a month, past the archive if need be.",
    "REP-28": "Relief of fees is at most what the estate manager granted.",
    "REP-29": "Repairs in time: arrival, start and completion commitments all met / repairs due, per month.",
    "REP-30": "Callback rate: called back within 24 h / completed, per month; messages are counted apart.",
    "REP-33": "At night a repair is done now, or told 'next day' with an appointment.",
    "REP-36": "Every round charged is paid, and has its receipt number, before the archive.",
    "REP-41": "A public-area repair is finished only with the specialist's verification.",
}
