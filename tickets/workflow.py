"""One table per kind says which step leads where; one function takes every step.

`step` locks the ticket, checks who, whether and under which gates, lets the caller change the kind's record, then moves
the state, writes the event and folds it into the clocks: all in one transaction or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from residents.errors import GateClosed, NotAllowed, StaleVersion
from residents.policies import Policy, require
from residents.tenancy import one_act
from tickets.errors import IllegalTransition, TicketClosed
from tickets.facts import moments, record
from tickets.models import Ticket, TicketEvent
from tickets.sla import engine

if TYPE_CHECKING:
    from django.utils.functional import Promise as Text

    from residents.models import Staff


class Stage(models.TextChoices):
    """What an open matter of any kind waits for, as the desk counts it."""

    DISPATCH = "dispatch", gettext_lazy("待派单")
    ARRIVAL = "arrival", gettext_lazy("未到场")
    WORK = "work", gettext_lazy("施工中")
    ACCEPTANCE = "acceptance", gettext_lazy("待验收")
    CALLBACK = "callback", gettext_lazy("待回访")


@dataclass(frozen=True)
class State:
    """A state of a workflow: its code, its word on screen, its progress icon; `is_end` closes the ticket.

    `stage`: which of the desk's counters counts it, None for none.
    """

    code: str
    label: Text | str
    icon: str = "dashed"
    is_end: bool = False
    stage: Stage | None = None


@dataclass(frozen=True)
class Gate:
    """A condition that a rule makes impossible to skip. `holds` sees the step; `sentence` says what is missing."""

    rule: str
    sentence: Text | str
    holds: Callable[[Step], bool]


@dataclass(frozen=True, kw_only=True)
class Transition:
    """One line of the rulebook's table (c).

    `sources`: states it may start from. `target`: state it leads to, None for an event without a transition.
    `policy`: who may; None for the system alone. `system_may`: taken by the system too.
    """

    action: str
    label: Text | str
    sources: tuple[str, ...]
    target: str | None
    event: str
    policy: Policy | None
    gates: tuple[Gate, ...] = ()
    system_may: bool = False
    audience: str = TicketEvent.Audience.INTERNAL
    key: str = ""
    is_primary: bool = False


@dataclass(frozen=True)
class Workflow:
    """The state machine of a kind."""

    initial: str
    states: Sequence[State]
    transitions: Sequence[Transition]
    _by_action: dict[str, list[Transition]] = field(init=False, repr=False, compare=False)
    _by_state: dict[str, State] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_action: dict[str, list[Transition]] = {}
        for transition_ in self.transitions:
            by_action.setdefault(transition_.action, []).append(transition_)
        object.__setattr__(self, "_by_action", by_action)
        object.__setattr__(self, "_by_state", {state.code: state for state in self.states})

    def state(self, code: str) -> State:
        return self._by_state[code]

    def find(self, action: str, source: str) -> Transition | None:
        """The transition an action takes from a state, or None when the table has no such line."""
        return next((t for t in self._by_action[action] if source in t.sources), None)

    def from_state(self, code: str) -> list[Transition]:
        """Every transition the table lists for a state, in its order."""
        return [t for t in self.transitions if code in t.sources]


@dataclass
class Step:
    """A step being taken: the locked ticket, who, when, and what the event will say."""

    ticket: Ticket
    transition: Transition
    by: Staff | None
    entered_at: datetime
    occurred_at: datetime
    data: dict[str, Any]
    event: TicketEvent | None = None
    actor_label: str = ""

    def say(self, **facts: Any) -> None:
        """Add to what the event records."""
        self.data.update(facts)


@contextmanager
def step(
    ticket_id: int,
    action: str,
    *,
    by: Staff | None,
    at: datetime | None = None,
    occurred_at: datetime | None = None,
    version: int | None = None,
    data: dict[str, Any] | None = None,
    actor_label: str = "",
    locked: Ticket | None = None,
) -> Iterator[Step]:
    """Take one step of a ticket; the body changes the kind's record, leaving it completes the step.

    `by` None is the system (or the owner, with `actor_label`). `version`: the version the page showed; None skips the
    check. `locked`: the ticket itself, from a caller that has locked it and changed nothing since. Raises NotAllowed,
    StaleVersion, IllegalTransition, TicketClosed, GateClosed or InvalidInput, and then nothing is stored.
    """
    from tickets.kinds import kind_of

    with one_act():
        ticket = locked or Ticket.objects.select_related("project").lock(ticket_id)
        workflow = kind_of(ticket).workflow
        candidate = workflow.find(action, ticket.state)
        allowed = workflow._by_action[action][0] if candidate is None else candidate
        _check_person(allowed, by, ticket, actor_label)
        if version is not None and version != ticket.version:
            raise StaleVersion
        if candidate is None:
            raise _refusal(ticket, allowed, workflow)
        entered, occurred = moments(ticket, at=at, occurred_at=occurred_at, by_person=by is not None)
        taken = Step(ticket, candidate, by, entered, occurred, dict(data or {}), actor_label=actor_label)
        for gate in candidate.gates:
            if not gate.holds(taken):
                raise GateClosed(gate.sentence, rule=gate.rule)
        if by is not None and candidate.policy and candidate.policy.as_deputy(by, project_id=ticket.project_id):
            taken.say(as_deputy=True)
        yield taken
        _complete(taken, workflow)


def check_open(ticket: Ticket, transition_: Transition) -> None:
    """Raise what `step` would raise for a ticket that is not in a state of this line."""
    from tickets.kinds import kind_of

    if ticket.state not in transition_.sources:
        raise _refusal(ticket, transition_, kind_of(ticket).workflow)


def _refusal(ticket: Ticket, transition_: Transition, workflow: Workflow) -> TicketClosed | IllegalTransition:
    if ticket.closed_at is not None:
        return TicketClosed()
    return IllegalTransition(
        _("工单现在是“%(state)s”，不能%(action)s。")
        % {"state": workflow.state(ticket.state).label, "action": transition_.label}
    )


def _check_person(transition_: Transition, by: Staff | None, ticket: Ticket, actor_label: str) -> None:
    if by is None:
        if not (transition_.system_may or transition_.policy is None or actor_label):
            raise NotAllowed
        return
    if transition_.policy is None:
        raise NotAllowed
    require(by, transition_.policy, project_id=ticket.project_id)


def _complete(taken: Step, workflow: Workflow) -> None:
    ticket, target = taken.ticket, taken.transition.target
    before = ticket.state
    if target is not None:
        ticket.state = target
    ticket.version += 1
    if taken.by is not None:
        ticket.last_step_at = max(ticket.last_step_at, taken.occurred_at)
    is_end = target is not None and workflow.state(target).is_end
    if is_end:
        ticket.closed_at = taken.occurred_at
        ticket.is_pooled = False
    ticket.save_changes()
    facts = dict(taken.data)
    if target is not None and target != before:
        facts.update({"from": before, "to": target})
    taken.event = record(
        ticket,
        taken.transition.event,
        by=taken.by,
        entered_at=taken.entered_at,
        occurred_at=taken.occurred_at,
        data=facts,
        audience=taken.transition.audience,
        actor_label=taken.actor_label,
    )
    if is_end:
        engine.end_all(ticket, at=taken.entered_at, reason=taken.transition.event)
