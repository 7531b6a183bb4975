"""Given to a technician and accepted, by hand or by rule."""

from __future__ import annotations

from datetime import timedelta

from repairs import actions as repairs
from residents.models import Staff
from servicedesk.demo.simulation import Story
from servicedesk.demo.stories.telling import Telling
from servicedesk.demo.stories.turns import Turn


class Dispatching(Telling):
    """The chapter of the desk and the technician who takes the order."""

    def _be_dispatched(self) -> Story:
        """Given to a technician and accepted, by hand or by rule; sometimes given back or to another."""
        yield from self._dispatch()
        if self.technician is not None and self._once(Turn.RETURNED):
            yield from self.wait("return", 14, 40)
            repairs.return_repair(
                self.ticket_id,
                by=self.technician,
                reason=self.estate.rng.choice(("手上一单走不开", "缺专用工具", "工种不对")),
                at=self.at,
            )
            yield from self._dispatch(besides=self.technician)
        yield from self._accept()
        if self._once(Turn.REDISPATCHED):
            yield from self.wait("redispatch", 20, 60)
            yield from self._dispatch(besides=self.technician, note="原技工临时支援抢修")
            yield from self._accept()

    def _dispatch(self, *, besides: Staff | None = None, note: str = "") -> Story:
        rng, estate = self.estate.rng, self.estate
        if self._once(Turn.SLOW_DISPATCH):
            yield from self.wait("dispatch", 75, 260)
        else:
            yield from self.wait("dispatch", 10, 40)
        by = estate.desk(self.at)
        if self._once(Turn.TO_THE_POOL) and besides is None:
            self.technician = None
            repairs.dispatch_repair(self.ticket_id, by=by, at=self.at)
            return
        technician, is_skilled = estate.technician(
            self.category.trade, at=self.at, besides=besides.pk if besides else None, number=self.wanted
        )
        self.technician = technician
        is_oral = rng.random() < 0.05
        repairs.dispatch_repair(
            self.ticket_id,
            by=by,
            technician=technician,
            oral=is_oral,
            note=note,
            override_reason="" if is_skilled else "当班没有该工种，先到场处置",
            at=self.at,
        )
        estate.keep_busy(technician, until=self.at + timedelta(minutes=50))
        if is_oral:
            # What was said is written down as well (rule REP-34), and the technician hears about the customer.
            cautions = self.home.contact.care_note if self.home else ""
            repairs.print_slip(self.ticket_id, by=by, at=self.at)
            repairs.take_slip(self.ticket_id, by=by, receiver=technician, cautions=cautions, at=self.at)

    def _accept(self) -> Story:
        by_rule = self._once(Turn.ACCEPTED_BY_RULE)
        if by_rule:
            yield from self.wait("accept", 66, 110)
            if self.technician is not None and not self.takes(Turn.PHONED_IN) and self.estate.rng.random() < 0.5:
                return  # the rule has accepted it; the technician just goes, and signs for the slip by arriving
        else:
            yield from self.wait("accept", 8, 44)
        if self.technician is None:
            self.technician, _is_skilled = self.estate.technician(self.category.trade, at=self.at)
        repairs.accept_repair(self.ticket_id, by=self.technician, at=self.at)
