"""Who should go: the technicians of a project, best first, and why somebody cannot be sent now (rule REP-09)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from repairs.availability import on_shift, why_not, workers_of
from residents.models import Project, Staff, Unit
from residents.models.staff import Trade
from tickets.models import Ticket

ON_THE_WAY, IN_HAND = ("dispatched", "accepted"), ("on_site", "in_work")


@dataclass(frozen=True)
class Candidate:
    """A technician as the desk sees them. `reason` is empty when they can be sent; `load` counts open jobs."""

    staff: Staff
    load: int
    note: str
    trade: str
    reason: str = ""


@dataclass(frozen=True)
class Ranking:
    """Whom to offer, best first, and how many technicians are on duty at all."""

    candidates: Sequence[Candidate]
    on_duty: int

    @property
    def first(self) -> Candidate | None:
        """Who goes when the desk does not choose: the best who can be sent."""
        return next((c for c in self.candidates if not c.reason), None)


def rank_technicians(project: Project, *, trade: str, unit: Unit | None, at: datetime, limit: int = 3) -> Ranking:
    """On duty and not away, of the trade, least loaded, already in the building. Three statements.

    The open jobs are those dispatched or in hand. Somebody who cannot be sent is offered, with the reason, only when
    nobody else can; off-shift people last.
    """
    people = list(workers_of(project.pk))
    shifts = on_shift(project.pk, at=at)
    jobs: dict[int, list[tuple[str, str, int | None]]] = {}
    open_jobs = Ticket.objects.open().filter(
        project=project, assignee__in=[p.pk for p in people if p.pk in shifts], state__in=(*ON_THE_WAY, *IN_HAND)
    )
    for staff_id, state, place, building in open_jobs.order_by("pk").values_list(
        "assignee_id", "state", "place", "unit__building_id"
    ):
        jobs.setdefault(staff_id, []).append((state, place, building))
    ranked: list[tuple[tuple[object, ...], Candidate]] = []
    for person in people:
        own = jobs.get(person.pk, [])
        candidate = Candidate(
            person,
            load=len(own),
            note=_where(own),
            trade=_trade_shown(person, trade),
            reason=why_not(person, trade, shifts),
        )
        near = unit is not None and any(building == unit.building_id for _state, _place, building in own)
        order = (
            bool(candidate.reason),
            person.pk not in shifts,
            trade not in person.trades,
            candidate.load,
            not near,
            person.number,
        )
        ranked.append((order, candidate))
    ranked.sort(key=lambda pair: pair[0])
    offered = [candidate for _order, candidate in ranked]
    sendable = [candidate for candidate in offered if not candidate.reason]
    return Ranking((sendable or offered)[:limit], sum(1 for person in people if person.pk in shifts))


def _where(own: list[tuple[str, str, int | None]]) -> str:
    if not own:
        return _("空闲")
    in_hand = next((place for state, place, _building in own if state in IN_HAND), None)
    if in_hand is not None:
        return _("%(n)d 单 · 在 %(place)s") % {"n": len(own), "place": in_hand}
    return _("%(n)d 单 · 前往 %(place)s") % {"n": len(own), "place": own[0][1]}


def _trade_shown(person: Staff, trade: str) -> str:
    """The trade that matters for the job, else the first of the person's own."""
    code = trade if trade in person.trades else next(iter(person.trades), "")
    return str(Trade(code).label) if code in Trade.values else ""
