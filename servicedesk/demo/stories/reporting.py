"""The call, and the ends that come before anybody sets out."""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime, timedelta

from repairs import actions as repairs
from repairs.actions import RepairIntake
from repairs.warranty import warranty_of
from residents.night import is_on_night_duty
from residents.roles import Role
from servicedesk.demo.simulation import Story
from servicedesk.demo.stories.dispatching import Dispatching
from servicedesk.demo.stories.turns import Turn
from tickets import actions


class Reporting(Dispatching):
    """The chapter of the intake."""

    def _be_reported(self) -> Story:
        estate, rng = self.estate, self.estate.rng
        desk = estate.desk(self.at)
        on_patrol = self.home is None and rng.random() < 0.4
        by = desk
        if on_patrol:
            by = (estate.roster.on_duty(Role.KEEPER, at=self.at) or [desk])[0]
        contact = self.home.contact if self.home else None
        on = estate.local(self.at).date()
        self.is_paid = not warranty_of(self.category, self.home.unit if self.home else None, on=on).covered
        occurred = self.at
        if self.takes(Turn.LATE_ENTRY):
            occurred -= timedelta(minutes=rng.choice((25, 50, 100, 150)))
        neighbour = None if contact or on_patrol else rng.choice(estate.households)
        if neighbour is not None:
            contact = neighbour.contact
        at_night = is_on_night_duty(by, estate.project, at=self.at)
        cannot = self.takes(Turn.UNSERVABLE)
        ticket = repairs.report_repair(
            RepairIntake(
                category=self.category,
                when="cannot" if cannot else "appointment" if self.window else "now",
                explanation="开发商质保纠纷已进入鉴定，物业先做临时防护，已说明办理途径。" if cannot else "",
                unit=self.home.unit if self.home else None,
                place=self.place,
                description=self.words or rng.choice(estate.fault(self.fault).words),
                window_from=self.window[0] if self.window else None,
                window_to=self.window[1] if self.window else None,
                reporter=contact,
                contact_name=contact.name if contact else "",
                contact_phone=contact.phone if contact else "",
                channel="patrol" if on_patrol else rng.choice(("phone", "phone", "phone", "visit")),
                contact_ended_at=self.at - timedelta(seconds=rng.randint(2, 6)) if occurred == self.at else None,
                price_told=self.is_paid,
                told_next_day=at_night,
                not_duplicate=True,
            ),
            project=estate.project,
            by=by,
            at=self.at,
            occurred_at=occurred,
        )
        self.ticket_id = ticket.pk
        if self.home is None and self.takes(Turn.DUPLICATE):
            yield from self._be_reported_twice()
        if self.home is None and self.takes(Turn.MORE_REPORTERS):
            for _ in range(rng.randint(1, 2)):
                other = rng.choice(estate.households)
                yield from self.wait("reporter", 4, 9)
                actions.add_reporter(
                    self.ticket_id,
                    by=desk,
                    name=other.contact.name,
                    phone=other.contact.phone,
                    unit=other.unit,
                    person=other.contact,
                    at=self.at,
                )

    def _be_reported_twice(self) -> Story:
        """A second clerk takes the same fault down; it is merged into this one (rule REP-10)."""
        estate = self.estate
        other = estate.rng.choice(estate.households)
        yield from self.wait("second report", 4, 8)
        desk = estate.desk(self.at)
        second = repairs.report_repair(
            RepairIntake(
                category=self.category,
                when="now",
                place=self.place,
                description=estate.fault(self.fault).words[-1],
                reporter=other.contact,
                contact_name=other.contact.name,
                contact_phone=other.contact.phone,
                not_duplicate=True,
            ),
            project=estate.project,
            by=desk,
            at=self.at,
        )
        yield from self.wait("merge", 6, 12)
        actions.merge_tickets(second.pk, into_id=self.ticket_id, by=desk, at=self.at)

    def _be_refused(self) -> Story:
        yield from self.wait("refuse", 25, 45)
        repairs.close_unservable(
            self.ticket_id,
            by=self.estate.one(Role.CENTRE_HEAD),
            explanation="开发商质保纠纷已进入鉴定，已向业主说明并留下联系方式。",
            at=self.at,
        )

    def _be_cancelled_in_time(self) -> Generator[datetime, None, bool]:
        if not self.takes(Turn.CANCELLED):
            return False
        yield from self._dispatch()
        yield from self.wait("cancel", 15, 50)
        repairs.cancel_repair(
            self.ticket_id,
            by=self.estate.desk(self.at),
            reason=self.estate.rng.choice(("业主自行处理好了", "报错房号", "业主要求改日再报")),
            withdrawn_by=self.home.contact.name if self.home else "巡查人员",
            at=self.at,
        )
        return True
