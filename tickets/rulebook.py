"""The rules of every ticket as the product implements them, in one sentence each; clocks and gates are in the code."""

from __future__ import annotations

RULES: dict[str, str] = {
    "GEN-01": (
        "Every step stores when it really happened and when it was typed in. A time in the future or "
        "before the last human step is refused; entry more than two hours late is shown with the event and told to "
        "the supervisor."
    ),
    "GEN-02": (
        "A missed clock is recorded once, dated at its due moment, and never erased. A step that happened "
        "in time but was entered late keeps the record and counts as met. A due moment can be moved only "
        "before it has passed."
    ),
    "GEN-03": (
        "A customer gets one of three answers: now, later with a promised time, or cannot with an "
        "explanation. Anything less cannot be saved."
    ),
    "GEN-04": (
        "Every promised time is a clock without grace, with a warning at 80 % or 30 minutes before, "
        "whichever is later; contacting the customer before it passes replaces it by a new promise. A time agreed for "
        "the next call is one, kept by the call."
    ),
    "GEN-06": (
        "A matter beyond one's own power goes up the line with a reason, and a decision comes back; ending a repair "
        "as not serviceable needs an explanation and the head of the service centre."
    ),
    "GEN-07": (
        "A missed clock climbs: 80 % responsible person; due + customer-service supervisor; due + 50 % (5 "
        "min to 4 h) head of the centre and estate manager; due + 100 % (15 min to 24 h) company. Clocks "
        "of at most five minutes tell the second level at once. Each level fires once; people are chosen "
        "when it fires, by duty, then role, then line."
    ),
    "GEN-08": (
        "Projects do not mix: a person sees the projects of his memberships, lists one at a time unless his role is "
        "company-wide, and where he is only a technician his own and pooled jobs; durations and ladders are versions "
        "per company or project, and a running clock keeps the version it started with."
    ),
    "GEN-09": (
        "A slip has its own number for each round of the work and two parts, one of them the stub; printed again it "
        "says so on the paper and in the log."
    ),
    "GEN-10": "Corrections keep the old value, the new one, the author and the reason.",
    "CBK-02": "Nothing moves to review without a callback since the work was last finished.",
    "CBK-04": "Acceptance by the specialist or the owner, then review by the head of the centre, then archive.",
    "CBK-05": "The receiver signs for the slip; the stub stays.",
    "CBK-06": (
        "Archive only with the slip back, the completion entered, the signature, the fee settled and, in "
        "public areas, every reporter answered."
    ),
    "CBK-10": (
        "A callback has time, caller, method, person reached, solved or not, satisfaction, words and "
        "demand; every failed attempt is a row too."
    ),
    "CBK-11": "A written message stands in for the call only after three attempts at least 30 minutes apart.",
    "CBK-12": "A negative callback reopens the work, counts as rework and is told to the supervisor.",
    "ROLE-10": "Relief of fees needs the estate manager's yes, beyond the limit of the project the company's.",
    "ROLE-19": (
        "While the head of the centre or the estate manager is not on duty, the deputy signs, decides on relief and "
        "ends what cannot be done, as himself."
    ),
    "ROLE-18": "The doer does not accept, the acceptor does not review, nobody approves his own request.",
}
