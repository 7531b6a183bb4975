"""Switch the enforcement of one rule off at a time and see that a test of that rule fails.

    make run ARGS=".venv/bin/python -m tests.mutation.rules"                       all of them, about 20 minutes
    make run ARGS=".venv/bin/python -m tests.mutation.rules --random 15 --seed 7"  fifteen drawn at random
    make run ARGS=".venv/bin/python -m tests.mutation.rules --only REP-16 CBK-04"  those of some rules

Each change is made in a copy of the checkout, on which only the tests marked with its rule are run. A change that all
of them survive is a promise nobody keeps: the exit code is 1. So it is when a text to be changed is no longer there.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", ".state", "__pycache__", "node_modules", ".mypy_cache", ".ruff_cache"
)
TESTS = ("tests/repairs", *(f"tests/tickets/test_{name}.py" for name in ("authority", "closing", "core_rules")))


@dataclass(frozen=True)
class Mutation:
    """`old` stands once in the file and is replaced by `new`; then the rule is not enforced any more."""

    rule: str
    what: str
    file: str
    old: str
    new: str


def _clock_off(code: str) -> Mutation:
    rule = code.split(".")[0]
    return Mutation(
        rule,
        f"no clock {code}",
        "repairs/clocks.py",
        f'code="{code}",\n        kind="repair",',
        f'code="{code}",\n        kind="nothing",',
    )


def _gate_off(rule: str, what: str, file: str, name: str) -> Mutation:
    """The gate is taken out of the only tuple that it stands in."""
    return Mutation(rule, what, file, f"{name}, ", "")


CLOCKS, FLOW, CLOSING = "repairs/clocks.py", "repairs/workflow.py", "tickets/closing.py"
FACTS, POLICIES = "tickets/facts.py", "tickets/policies.py"

MUTATIONS = (
    # Clocks that do not exist
    *map(
        _clock_off,
        (
            "REP-02",
            "REP-06",
            "REP-09",
            "REP-11",
            "REP-12",
            "REP-15",
            "REP-16",
            "REP-17",
            "REP-20.apology",
            "REP-21",
            "REP-24",
            "REP-25",
            "REP-26",
            "REP-27",
        ),
    ),
    Mutation(
        "REP-20", "no appointment clock", CLOCKS, '    _appointment("REP-20", "supervisor", when=_first_time),\n', ""
    ),
    Mutation(
        "REP-20",
        "no clock for the second appointment",
        CLOCKS,
        '    _appointment("REP-20.again", "supervisor", "estate_manager", when=_missed_before),\n',
        "",
    ),
    Mutation("GEN-04", "no promise clock", "tickets/clocks.py", 'kind="*"', 'kind="nothing"'),
    # Clocks that count from elsewhere, for longer, or end otherwise
    Mutation("REP-06", "from saving only", CLOCKS, "_saved_or_contact_ended)", "_entered)"),
    Mutation("REP-17", "from acceptance in spite of an appointment", CLOCKS, "        anchor=_start_due_from,\n", ""),
    Mutation(
        "REP-16",
        "six minutes",
        CLOCKS,
        'value=5 * MINUTE,\n        starts=("accepted"',
        'value=6 * MINUTE,\n        starts=("accepted"',
    ),
    Mutation(
        "REP-16",
        "a return ends the arrival",
        CLOCKS,
        'cancels=("appointment_set", "suspended"),',
        'cancels=("appointment_set", "suspended", "returned"),',
    ),
    Mutation(
        "REP-17",
        "another technician has all the time",
        CLOCKS,
        'cancels=("appointment_set", "suspended", "reappointed"),',
        'cancels=("appointment_set", "suspended", "reappointed", "redispatched"),',
    ),
    Mutation(
        "REP-15",
        "accepted by rule is in time",
        CLOCKS,
        'stops=("accepted",),\n',
        'stops=("accepted", "auto_accepted"),\n',
    ),
    Mutation("REP-15", "nobody accepts by rule", CLOCKS, 'effect="repairs.auto_accept"', 'effect=""'),
    Mutation("REP-20", "nobody misses a visit", CLOCKS, 'effect="repairs.miss_visit"', 'effect=""'),
    Mutation("REP-12", "an oral dispatch needs no slip", CLOCKS, "        stops_when=_slip_left_the_desk,\n", ""),
    Mutation("REP-24", "the slip's return is its entry", CLOCKS, "        stops_when=_already_entered,\n", ""),
    Mutation(
        "REP-26",
        "the callback counts from the slip",
        CLOCKS,
        'value=24 * HOUR,\n        starts=("work_finished",)',
        'value=24 * HOUR,\n        starts=("slip_returned",)',
    ),
    Mutation("REP-27", "not past the archive", CLOCKS, "        outlives=True,\n", ""),
    Mutation(
        "REP-27",
        "not when flagged after the work",
        CLOCKS,
        'starts=("work_finished", "edited")',
        'starts=("work_finished",)',
    ),
    Mutation(
        "REP-02",
        "a later reporter is forgotten",
        CLOCKS,
        'starts=("work_finished", "reporter_added", "merged_in")',
        'starts=("work_finished",)',
    ),
    Mutation("REP-41", "public ten minutes breach", CLOCKS, "        is_advisory=True,\n", ""),
    Mutation(
        "REP-25",
        "the desk knows when it is typed in",
        "repairs/actions/finishing.py",
        "order.completion_reported_at = taken.occurred_at",
        "taken.occurred_at = order.completion_reported_at = taken.entered_at",
    ),
    Mutation(
        "REP-09",
        "a returned order has all the time",
        CLOCKS,
        'starts=("reported", "returned", TAKEN_BACK, *REOPENED)',
        'starts=("reported", TAKEN_BACK, *REOPENED)',
    ),
    # Who is told
    Mutation(
        "REP-06",
        "engineering is not told at due",
        CLOCKS,
        'ladder=gen_07("supervisor", "engineering_duty", seconds=MINUTE)',
        "ladder=gen_07(seconds=MINUTE)",
    ),
    Mutation(
        "REP-16",
        "the front desk is not told to call",
        CLOCKS,
        '"engineering_duty", "supervisor", "front_desk",',
        '"engineering_duty", "supervisor",',
    ),
    Mutation(
        "REP-21",
        "not the engineering supervisor",
        CLOCKS,
        'gen_07("trade_supervisor", seconds=None)',
        "gen_07(seconds=None)",
    ),
    Mutation(
        "REP-20",
        "not the estate manager",
        CLOCKS,
        '"supervisor", "estate_manager", when=_missed_before',
        '"supervisor", when=_missed_before',
    ),
    Mutation(
        "REP-02",
        "the supervisor at midnight",
        CLOCKS,
        'Step(1, 1.0, ("supervisor",), MORNING, MORNING)',
        'Step(1, 0, ("supervisor",))',
    ),
    Mutation(
        "GEN-04",
        "warned at 80 % only",
        "tickets/clocks.py",
        'Step(0, -0.2, ("responsible",), 0, 30 * 60)',
        'Step(0, -0.2, ("responsible",))',
    ),
    # Gates of the workflow
    Mutation(
        "REP-07",
        "dispatch without a price",
        FLOW,
        '            gates=(PRICE_TOLD,),\n            key="p",',
        '            key="p",',
    ),
    Mutation("REP-18", "anybody leaves", FLOW, "            gates=(STAY,),\n", ""),
    Mutation("REP-41", "public work accepted unseen", FLOW, "accept_gates=(VERIFIED,)", "accept_gates=()"),
    *(
        _gate_off(rule, what, FLOW, name)
        for rule, what, name in (
            ("CBK-06", "archived without the slip", "SLIP_BACK"),
            ("CBK-06", "archived without the entry", "COMPLETION_ENTERED"),
            ("CBK-06", "archived without a signature", "SIGNED"),
            ("REP-36", "archived without a receipt", "FEE_SETTLED"),
        )
    ),
    Mutation("GEN-04", "archived before a promise is kept", FLOW, "SIGNED, PROMISES_KEPT, FEE", "SIGNED, FEE"),
    Mutation("CBK-05", "archived unsigned for", FLOW, "(SIGNED_FOR, SLIP_BACK", "(SLIP_BACK"),
    Mutation("REP-02", "archived while a reporter waits", FLOW, "FEE_SETTLED, REPORTERS_ANSWERED)", "FEE_SETTLED)"),
    Mutation("CBK-04", "the doer accepts", CLOSING, "(DOER_IS_NOT_ACCEPTOR, *accept_gates)", "accept_gates"),
    _gate_off("ROLE-18", "the acceptor reviews", CLOSING, "ACCEPTOR_IS_NOT_REVIEWER"),
    Mutation("ROLE-18", "the doer reviews", CLOSING, ", DOER_IS_NOT_REVIEWER)", ")"),
    _gate_off("CBK-02", "reviewed without a callback", CLOSING, "CALLED_BACK"),
    Mutation(
        "CBK-02",
        "a callback of the first completion counts",
        CLOSING,
        "        done = done.filter(called_at__gte=ticket.handled_at)\n",
        "        pass\n",
    ),
    Mutation(
        "CBK-04",
        "earlier doers are forgotten",
        CLOSING,
        "return ticket.events.filter(kind__in=WORK, data__technician=staff.pk).exists()",
        "return False",
    ),
    Mutation("CBK-04", "a rejected work stays accepted", CLOSING, "    ticket.accepted_at = None\n", ""),
    Mutation(
        "ROLE-01",
        "the supervisor reviews",
        POLICIES,
        'policy("review", Role.CENTRE_HEAD,',
        'policy("review", Role.CENTRE_HEAD, Role.SUPERVISOR,',
    ),
    Mutation(
        "CBK-04",
        "the desk accepts",
        POLICIES,
        'policy("accept_result", Role.SPECIALIST,',
        'policy("accept_result", Role.SPECIALIST, Role.FRONT_DESK,',
    ),
    Mutation(
        "GEN-06",
        "the desk closes what it cannot solve",
        "repairs/policies.py",
        'policy("close_unservable", Role.CENTRE_HEAD,',
        'policy("close_unservable", Role.CENTRE_HEAD, Role.FRONT_DESK,',
    ),
    # Gates of the verbs
    Mutation(
        "REP-03",
        "neither now nor a time",
        "repairs/actions/intake.py",
        'when = intake.when or (WHEN_NOW if is_public else "")',
        "when = intake.when or WHEN_NOW",
    ),
    Mutation(
        "REP-03",
        "a window in the past",
        "repairs/actions/visits.py",
        "    if window_to <= entered:\n",
        "    if False:\n",
    ),
    Mutation(
        "REP-05",
        "always a work order",
        "repairs/actions/intake.py",
        "form=RepairOrder.Form.WORK_ORDER if warranty.covered else RepairOrder.Form.REPAIR_ORDER,\n        contact",
        "form=RepairOrder.Form.WORK_ORDER,\n        contact",
    ),
    Mutation(
        "REP-05",
        "a guarantee ends a day late",
        "repairs/warranty.py",
        "if on <= until:",
        "from datetime import timedelta\n\n    if on <= until + timedelta(days=1):",
    ),
    Mutation(
        "REP-05",
        "paid after the work",
        "repairs/actions/dispatch.py",
        "if not in_warranty and order.completed_at is not None:",
        "if False:",
    ),
    Mutation(
        "REP-07",
        "nobody agreed to the price",
        "repairs/actions/intake.py",
        'needed=_("请填写同意收费的人。"),\n            rule',
        "rule",
    ),
    Mutation(
        "REP-10", "no look for the same fault", "repairs/actions/intake.py", "    if candidates:\n", "    if False:\n"
    ),
    Mutation(
        "REP-01",
        "neighbours report two faults",
        "tickets/models/ticket.py",
        "if is_public_area or unit is None else",
        "if unit is None else",
    ),
    Mutation(
        "REP-10",
        "any repair is a duplicate",
        "tickets/actions/merging.py",
        "        if not _same_fault(source_now).filter(pk=into_id).exists():\n",
        "        if False:\n",
    ),
    Mutation(
        "GEN-04",
        "what was promised ends with the duplicate",
        "tickets/actions/merging.py",
        "            _hand_over_promises(taken.ticket, target, by=by, at=taken.entered_at)\n",
        "",
    ),
    Mutation(
        "REP-10",
        "the duplicate's reporter is lost",
        "tickets/actions/merging.py",
        "            _hand_over_reporters(taken.ticket, target)\n",
        "",
    ),
    Mutation(
        "REP-19",
        "no consent",
        "repairs/actions/on_site.py",
        "if consent is None or not _is_consent(consent, taken.ticket):",
        "if False:",
    ),
    Mutation(
        "REP-19",
        "a consent of another visit",
        "repairs/actions/on_site.py",
        "        and file.visit_no in (0, order_of(ticket).visit_no)\n",
        "",
    ),
    Mutation(
        "REP-19",
        "any file is a consent",
        "repairs/actions/on_site.py",
        "        and file.purpose == Attachment.Purpose.CONSENT\n",
        "",
    ),
    Mutation(
        "REP-19",
        "no next appointment",
        "repairs/actions/on_site.py",
        '        if window_from is None or window_to is None:\n            raise GateClosed(_("暂离',
        "        if window_from is None or window_to is None:\n            return taken.ticket\n"
        '            raise GateClosed(_("暂离',
    ),
    Mutation(
        "REP-20",
        "moved after it was missed",
        "repairs/actions/appointments.py",
        "if old.missed_at is not None and old.apologised_at is None:",
        "if False:",
    ),
    Mutation(
        "GEN-04",
        "put off in silence",
        "repairs/actions/appointments.py",
        "        if moves_a_promise(taken.ticket, old):\n",
        "        if False:\n",
    ),
    Mutation(
        "REP-20",
        "a late arrival is no miss",
        "repairs/actions/by_rule.py",
        'ticket=ticket, rule_code__in=("REP-15", "REP-20", "REP-20.again"), due_at__lt=occurred',
        'ticket=ticket, rule_code__in=("REP-15",), due_at__lt=occurred',
    ),
    Mutation(
        "REP-15",
        "a late hand is in time",
        "repairs/actions/by_rule.py",
        'ticket=ticket, rule_code__in=("REP-15", "REP-20", "REP-20.again"), due_at__lt=occurred',
        'ticket=ticket, rule_code__in=("REP-20", "REP-20.again"), due_at__lt=occurred',
    ),
    Mutation(
        "REP-15",
        "anybody works on anybody's job",
        "repairs/actions/people.py",
        '    raise InvalidInput(_("这一单派给了别人。"), rule="REP-15", field="technician")\n\n\ndef worker_of',
        "    return\n\n\ndef worker_of",
    ),
    Mutation(
        "REP-09",
        "off shift is no reason",
        "repairs/availability.py",
        "    if is_away is None:\n",
        "    if False:\n",
    ),
    Mutation(
        "REP-22",
        "a slip without a signature",
        "repairs/actions/paper.py",
        "if not taken.ticket.is_public_area and not has_signature(taken.ticket):",
        "if False:",
    ),
    Mutation(
        "REP-22",
        "a slip without a part",
        "repairs/actions/paper.py",
        "        if not order.part_spec:\n",
        "        if False:\n",
    ),
    Mutation(
        "REP-23", "untested", "repairs/actions/finishing.py", "        if not is_tested:\n", "        if False:\n"
    ),
    Mutation(
        "REP-23", "not cleaned", "repairs/actions/finishing.py", "        if not is_cleaned:\n", "        if False:\n"
    ),
    Mutation(
        "REP-23",
        "unsigned",
        "repairs/actions/finishing.py",
        "if not (ticket.is_public_area or signed_on_paper or has_signature(ticket)):",
        "if False:",
    ),
    Mutation(
        "REP-28",
        "relief without approval",
        "repairs/actions/money.py",
        "        if amount_fen > granted:\n",
        "        if False:\n",
    ),
    Mutation(
        "REP-33",
        "night repairs wait in silence",
        "repairs/actions/intake.py",
        "if at_night and when == WHEN_APPOINTMENT and not intake.told_next_day:",
        "if False:",
    ),
    Mutation(
        "REP-02",
        "told before it is fixed",
        "tickets/actions/reporters.py",
        "        if ticket.handled_at is None:\n",
        "        if False:\n",
    ),
    Mutation(
        "CBK-05",
        "anybody takes the slip",
        "repairs/actions/paper.py",
        "if not set(policies.ENGINEERING) & receiver.roles_in(taken.ticket.project_id):",
        "if False:",
    ),
    Mutation("CBK-10", "nobody was reached", CLOSING, 'needed=_t("请填写接电话的人。"), ', ""),
    Mutation(
        "CBK-11",
        "a message without attempts",
        CLOSING,
        "    if len(counted) < ATTEMPTS_BEFORE_MESSAGE:\n",
        "    if False:\n",
    ),
    Mutation(
        "CBK-11",
        "three attempts in a minute",
        CLOSING,
        "ATTEMPTS_APART = timedelta(minutes=30)",
        "ATTEMPTS_APART = timedelta(seconds=1)",
    ),
    Mutation("CBK-12", "dissatisfied goes on to the review", CLOSING, "    elif reopens:\n", "    elif False:\n"),
    Mutation("CBK-12", "no follow-up after the archive", CLOSING, "if negative and not reopens and", "if False and"),
    Mutation(
        "CBK-06",
        "the rework needs no slip",
        "repairs/actions/dispatch.py",
        "            order.slip_printed_at = order.slip_taken_at = order.slip_returned_at = None\n",
        "",
    ),
    Mutation(
        "ROLE-18",
        "one decides for oneself",
        "tickets/actions/approvals.py",
        "        if row.asked_by_id == by.pk:\n",
        "        if False:\n",
    ),
    # Rules of every ticket
    Mutation("GEN-01", "steps of the future", FACTS, "    if occurred > entered:\n", "    if False:\n"),
    Mutation(
        "GEN-01",
        "steps before the previous one",
        FACTS,
        "    if by_person and ticket is not None and occurred < ticket.last_step_at:\n",
        "    if False:\n",
    ),
    Mutation(
        "GEN-01",
        "back-dating is not flagged",
        FACTS,
        "if by is not None and entered_at - occurred_at > BACKDATING_FLAG:",
        "if False:",
    ),
    Mutation(
        "GEN-02",
        "a withdrawal wipes a breach out",
        "tickets/sla/engine.py",
        "is_late(clock, at):\n        _breach(clock, until=at, at=at)\n    clock.state",
        "is_late(clock, at):\n        pass\n    clock.state",
    ),
    Mutation("GEN-02", "a late entry is no correction", "tickets/sla/engine.py", "    clock.corrected_at = at\n", ""),
    Mutation(
        "GEN-02",
        "a missed appointment is moved away",
        "tickets/sla/engine.py",
        "    if clock.breached_at is not None or is_late(clock, event.entered_at):\n",
        "    if False:\n",
    ),
    Mutation(
        "GEN-04",
        "a promise replaced in time was not kept",
        "tickets/clocks.py",
        'stops=("promise_kept", "promise_replaced"),',
        'stops=("promise_kept",),\n        cancels=("promise_replaced",),',
    ),
    Mutation(
        "GEN-03",
        "cannot without an explanation",
        "tickets/actions/opening.py",
        "    if intake.response == Response.CANNOT and not explanation:\n",
        "    if False:\n",
    ),
    Mutation(
        "GEN-04",
        "promises of the past",
        "tickets/actions/promises.py",
        "    if promised_at <= at:\n",
        "    if False:\n",
    ),
    Mutation(
        "GEN-06", "up without a reason", "tickets/actions/talking.py", 'needed=_("请写明需要上级解决什么。"), ', ""
    ),
    Mutation(
        "GEN-08",
        "homes of another project",
        "tickets/actions/opening.py",
        "    if intake.unit is not None and intake.unit.project_id != project.pk:\n",
        "    if False:\n",
    ),
    Mutation(
        "GEN-08",
        "people of another project",
        "tickets/actions/opening.py",
        "    if person is not None and not person.occupancies.filter(unit__project=project).exists():\n",
        "    if False:\n",
    ),
    Mutation(
        "GEN-08",
        "technicians of another project",
        "repairs/actions/dispatch.py",
        "    if not (is_ours and is_worker(technician, ticket.project_id)):\n",
        "    if False:\n",
    ),
    Mutation(
        "GEN-10",
        "corrections without a reason",
        "tickets/actions/correcting.py",
        'needed=_("请写明更正原因。"), rule="GEN-10")',
        'rule="GEN-10")',
    ),
    Mutation(
        "GEN-10",
        "corrections forget the old words",
        "tickets/actions/correcting.py",
        'data={"old": old, "new"',
        'data={"new"',
    ),
    # Figures
    Mutation(
        "REP-29",
        "the start does not matter",
        "repairs/figures.py",
        "(*ARRIVAL, *START, *COMPLETION)",
        "(*ARRIVAL, *COMPLETION)",
    ),
    Mutation("REP-29", "corrections do not count", "repairs/figures.py", "| Q(corrected_at__isnull=False)", ""),
    Mutation(
        "REP-30",
        "messages count as calls",
        "repairs/figures.py",
        "is_message=Exists(message)",
        "is_message=Exists(message.none())",
    ),
    Mutation(
        "REP-30",
        "what is not due yet counts",
        "repairs/figures.py",
        "due_at__gte=begin, due_at__lt=min(end, at)",
        "due_at__gte=begin, due_at__lt=end",
    ),
)


def outdated() -> list[Mutation]:
    """Those whose text does not stand in its file just once: they would change nothing, or something else."""
    return [m for m in MUTATIONS if (ROOT / m.file).read_text(encoding="utf-8").count(m.old) != 1]


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--random", type=int, metavar="N", help="draw N of them")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", metavar="RULE", help="those of these rules")
    options = parser.parse_args(arguments)
    chosen = [m for m in MUTATIONS if not options.only or m.rule in options.only]
    if options.random:
        chosen = random.Random(options.seed).sample(chosen, min(options.random, len(chosen)))
    missing = outdated()
    for mutation in missing:
        _say(f"text not found once: {mutation.file}: {mutation.rule} {mutation.what}")
    if missing:
        return 1
    with tempfile.TemporaryDirectory(prefix="rules-") as folder:
        copy = Path(folder) / "checkout"
        shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
        (copy / ".venv").symlink_to(ROOT / ".venv")
        (copy / ".state").mkdir()
        rules = sorted({m.rule for m in chosen})
        if not _passes(copy, rules, create=True):
            _say("the tests do not pass as they are")
            return 1
        survivors = [mutation for mutation in chosen if not _is_killed(copy, mutation)]
    _say(f"{len(chosen)} switched off, {len(chosen) - len(survivors)} noticed, {len(survivors)} not")
    return 1 if survivors else 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _is_killed(copy: Path, mutation: Mutation) -> bool:
    path = copy / mutation.file
    before = path.read_text(encoding="utf-8")
    path.write_text(before.replace(mutation.old, mutation.new), encoding="utf-8")
    began = time.monotonic()
    try:
        killed = not _passes(copy, [mutation.rule], create=False)
    finally:
        path.write_text(before, encoding="utf-8")
    word = "noticed" if killed else "SURVIVED"
    _say(f"{word:8} {mutation.rule:8} {mutation.what} ({time.monotonic() - began:.0f} s)")
    return killed


def _passes(copy: Path, rules: Sequence[str], *, create: bool) -> bool:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "--reuse-db", "-p", "tests.mutation.only_rules", *TESTS]
    environment = {**os.environ, "SD_ONLY_RULES": " ".join(rules), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [*command, *(["--create-db"] if create else [])],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return True
    if " failed" not in done.stdout.splitlines()[-1]:
        # A change that only breaks the code proves nothing about its tests.
        raise SystemExit(f"pytest ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    if create:
        _say(done.stdout[-3000:])
    return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
