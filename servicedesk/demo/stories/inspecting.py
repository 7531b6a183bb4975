"""Inspection, paper, money."""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime, timedelta

from repairs import actions as repairs
from repairs.models import RepairOrder
from repairs.workflow import has_signature
from residents.roles import Role
from servicedesk.demo.simulation import Story
from servicedesk.demo.stories.telling import Telling
from servicedesk.demo.stories.turns import MINUTE, Turn
from tickets import actions, closing
from tickets.models import Attachment, TicketReporter


class Inspecting(Telling):
    """The chapter of the specialist and the slip."""

    def _be_inspected(self) -> Generator[datetime, None, bool]:
        """Good or not, by the specialist on duty or by the owner."""
        estate, rng = self.estate, self.estate.rng
        if self._once(Turn.SLOW_INSPECTION):
            yield from self.wait("inspect", 11 * MINUTE, 26 * MINUTE)
        else:
            yield from self.wait("inspect", 80, 440)
        specialist = estate.specialist(self.at)
        if specialist is None and self.home is None:
            # Nobody inspects at night, but people are told the same day.
            yield from self._answer_reporters()
            yield from self.until(estate.next_at(self.at, hour=8, minute=rng.randint(5, 50)))
            specialist = estate.specialist(self.at)
        if specialist is not None and self._once(Turn.REJECTED):
            reason = rng.choice(("接口仍有渗水", "试用两次后复发", "面板没有装平"))
            closing.reject_result(self.ticket_id, by=specialist, reason=reason, at=self.at)
            self.window = None
            return False
        if specialist is None or (self.home is not None and self.takes(Turn.OWNER_ACCEPTS)):
            closing.accept_result(self.ticket_id, by=None, by_owner=True, method="phone", at=self.at)
        else:
            method = rng.choice(("on_site", "on_site", "phone", "evidence") if self.home else ("on_site", "evidence"))
            closing.accept_result(self.ticket_id, by=specialist, method=method, at=self.at)
        if self.home is None:
            yield from self._answer_reporters()
        return True

    def _answer_reporters(self) -> Story:
        """Everybody who reported a public fault hears that it is fixed (rule REP-02)."""
        waiting = list(TicketReporter.objects.filter(ticket_id=self.ticket_id, replied_at=None).order_by("pk"))
        for reporter in waiting:
            yield from self.wait("reply", MINUTE, 4 * MINUTE)
            actions.reply_to_reporter(
                reporter.pk, by=self.estate.desk(self.at), words="已修好，感谢您告诉我们。", at=self.at
            )

    def _be_papered(self) -> Story:
        """The slip comes back before the technician goes home, with the receipt of what was paid."""
        estate, rng = self.estate, self.estate.rng
        shift_ends_at = estate.roster.shift_ends_at(at=self.finished_at)
        if self._once(Turn.LATE_SLIP):
            yield from self.until(estate.next_at(shift_ends_at, hour=8, minute=rng.randint(10, 50)))
        else:
            wanted = self.at + timedelta(minutes=self.pace.get("slip", rng.uniform(8, 40) * MINUTE) / MINUTE)
            last = shift_ends_at - timedelta(minutes=rng.uniform(2, 9))
            yield from self.until(max(min(wanted, last), self.at + timedelta(seconds=40)))
        desk = estate.desk(self.at)
        order = RepairOrder.objects.select_related("ticket").get(ticket_id=self.ticket_id)
        if self.home is not None and not has_signature(order.ticket):
            self._attach(Attachment.Purpose.SLIP, by=desk)
        repairs.return_slip(self.ticket_id, by=desk, at=self.at)
        if order.completion_entered_at is None:
            yield from self.wait("enter", 4 * MINUTE, 50 * MINUTE)
            repairs.enter_completion(self.ticket_id, by=estate.desk(self.at), at=self.at)
        if order.owed_fen:
            yield from self._be_paid(order.owed_fen)

    def _be_paid(self, owed_fen: int) -> Story:
        estate, rng = self.estate, self.estate.rng
        if self.home is not None and self.home.contact.is_key_customer and self._once(Turn.FEE_RELIEF):
            desk = estate.desk(self.at)
            asked = actions.ask_approval(
                self.ticket_id,
                by=desk,
                subject="fee_relief",
                reason="关键客户，三个月内第二次报修",
                amount_fen=owed_fen // 2,
                at=self.at,
            )
            yield from self.wait("approve", 10 * MINUTE, 70 * MINUTE)
            manager = estate.one(Role.ESTATE_MANAGER)
            actions.decide_approval(asked.pk, by=manager, granted=True, note="同意减半", at=self.at)
            yield from self.wait("waive", MINUTE, 5 * MINUTE)
            repairs.waive_fee(self.ticket_id, by=desk, amount_fen=owed_fen // 2, at=self.at)
        yield from self.wait("pay", 20, 200)
        receipt = f"SJ{estate.local(self.at):%y%m%d}{rng.randint(100, 999)}"
        repairs.take_fee(self.ticket_id, by=estate.desk(self.at), receipt_number=receipt, at=self.at)
