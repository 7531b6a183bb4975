"""On the way, at the door, at work, done."""

from __future__ import annotations

from datetime import datetime, timedelta

from repairs import actions as repairs
from repairs.actions import Material
from residents.models import Staff
from residents.roles import Role
from servicedesk.demo.simulation import Story
from servicedesk.demo.stories.dispatching import Dispatching
from servicedesk.demo.stories.turns import MINUTE, Turn
from tickets import actions
from tickets.models import Attachment


class Visiting(Dispatching):
    """The chapter of the visit."""

    def _be_visited(self) -> Story:
        """On the way, at the door, at work, done: and again after a leave with the owner's consent."""
        accepted_at = self.at
        if self.window is not None:
            yield from self._arrive_in_window()
        else:
            yield from self._arrive_now()
        yield from self._start(accepted_at)
        rng = self.estate.rng
        if self._once(Turn.SUSPENDED) and self.home is not None:
            yield from self.wait("work", 10 * MINUTE, 25 * MINUTE)
            yield from self._leave_with_consent()
            yield from self._be_visited()
            return
        if self._once(Turn.COMMENTED):
            yield from self.wait("comment", 3 * MINUTE, 8 * MINUTE)
            actions.add_comment(
                self.ticket_id,
                by=self.estate.desk(self.at),
                text=rng.choice(("已电话告知业主师傅在处理。", "业主询问进度，已说明预计时间。", "材料已从仓库领出。")),
                to_owner=rng.random() < 0.5,
                at=self.at,
            )
        promise = None
        if self._once(Turn.PROMISED):
            promise = actions.make_promise(
                self.ticket_id,
                by=self.estate.desk(self.at),
                subject="今天修好",
                promised_at=self.at + timedelta(seconds=self.pace.get("promise", 75 * MINUTE)),
                at=self.at,
            )
        if self.home is None:
            yield from self.wait("work", 12 * MINUTE, 100 * MINUTE)
        else:
            yield from self.wait("work", 9 * MINUTE, 55 * MINUTE)
        yield from self._finish()
        if promise is not None:
            actions.keep_promise(promise.pk, by=self.estate.desk(self.at), at=self.at)

    def _arrive_now(self) -> Story:
        slow = self._once(Turn.SLOW_ARRIVAL)
        if self.home is None:
            yield from self.wait("arrive", 4 * MINUTE, 35 * MINUTE)
        elif slow:
            yield from self.wait("arrive", 320, 900)
        elif self.estate.rng.random() < 0.93:
            yield from self.wait("arrive", 80, 232)
        else:
            yield from self.wait("arrive", 240, 296)
        self._arrive()

    def _arrive_in_window(self) -> Story:
        """Within the agreed time, or too late, or not at all until the desk has apologised (rule REP-20)."""
        assert self.window is not None
        estate, rng = self.estate, self.estate.rng
        begins, ends = self.window
        if begins - timedelta(minutes=90) > self.at:
            yield from self.until(begins - timedelta(minutes=rng.uniform(25, 55)))
            if self.technician not in estate.roster.on_duty(Role.TECHNICIAN, at=begins):
                # Whoever took it down has gone home: today's shift goes.
                yield from self._dispatch(besides=self.technician, note="按预约改派当班技工")
                yield from self._accept()
        if self._once(Turn.MISSED_VISIT):
            yield from self.until(ends + timedelta(seconds=self.pace.get("reappoint", rng.uniform(3, 12) * MINUTE)))
            self.window = self.estate.window_after(self.at + timedelta(hours=rng.uniform(1, 20)))
            repairs.reappoint(
                self.ticket_id,
                by=estate.desk(self.at),
                reason=rng.choice(("上一单超时", "配件未到", "技工记错时间")),
                window_from=self.window[0],
                window_to=self.window[1],
                at=self.at,
            )
            yield from self._arrive_in_window()
            return
        if self._once(Turn.LATE_VISIT):
            yield from self.until(ends + timedelta(minutes=rng.uniform(3, 10)))
            repairs.apologise(self.ticket_id, by=estate.desk(self.at), reason="上一单超时，已致歉", at=self.at)
            yield from self.wait("late", 2 * MINUTE, 9 * MINUTE)
        else:
            length = (ends - begins).total_seconds()
            yield from self.until(begins + timedelta(seconds=rng.uniform(0.02, 0.46) * length))
        self._arrive()

    def _arrive(self) -> None:
        by, occurred_at = self._hand()
        assert self.technician is not None
        repairs.arrive(
            self.ticket_id,
            by=by,
            method="phone" if by != self.technician else "scan" if self.home else "manual",
            at=self.at,
            occurred_at=occurred_at,
        )
        if self.takes(Turn.PICTURES):
            self._attach(Attachment.Purpose.BEFORE, by=self.technician)

    def _start(self, accepted_at: datetime) -> Story:
        slow = self._once(Turn.SLOW_START)
        if slow and self.window is None and self.home is not None:
            yield from self.until(accepted_at + timedelta(minutes=self.estate.rng.uniform(31, 48)))
        else:
            yield from self.wait("start", 60, 420)
        by, occurred_at = self._hand()
        repairs.start_work(self.ticket_id, by=by, at=self.at, occurred_at=occurred_at)

    def _leave_with_consent(self) -> Story:
        estate = self.estate
        assert self.technician is not None
        consent = self._attach(Attachment.Purpose.CONSENT, by=self.technician)
        self.window = estate.window_after(self.at + timedelta(hours=estate.rng.uniform(15, 26)))
        repairs.leave_early(
            self.ticket_id,
            by=self.technician,
            consent=consent,
            window_from=self.window[0],
            window_to=self.window[1],
            reason="需定制配件",
            at=self.at,
        )
        yield from self.wait("leave", 5, 20)

    def _finish(self) -> Story:
        estate, rng = self.estate, self.estate.rng
        fault = estate.fault(self.fault)
        by, occurred_at = self._hand()
        assert self.technician is not None
        on_paper = self.home is not None and (by != self.technician or self.takes(Turn.ON_PAPER))
        if self.home is not None and not on_paper:
            self._attach(Attachment.Purpose.SIGNATURE, by=self.technician)
        if self.takes(Turn.PICTURES):
            self._attach(Attachment.Purpose.AFTER, by=self.technician)
        uses_part = bool(fault.part) and rng.random() < 0.7
        repairs.finish_work(
            self.ticket_id,
            by=by,
            result=fault.result,
            is_tested=True,
            is_cleaned=True,
            part_spec=fault.part if uses_part else "不涉及",
            materials=(Material(name=fault.part, quantity=1, price_fen=fault.part_fen),) if uses_part else (),
            labour_fen=fault.fen,
            signed_on_paper=on_paper,
            at=self.at,
            occurred_at=occurred_at,
        )
        self.finished_at = occurred_at
        estate.free_at[self.technician.pk] = self.at
        yield from self.wait("leave", 20, 60)

    def _hand(self) -> tuple[Staff, datetime]:
        """Who enters what the technician did, and when it really happened."""
        assert self.technician is not None
        if not self.takes(Turn.PHONED_IN):
            return self.technician, self.at
        return self.estate.desk(self.at), self.at - timedelta(seconds=self.estate.rng.randint(10, 45))
