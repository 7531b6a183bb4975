"""How a repair goes: told as a generator that waits, acts through the product's own verbs, and waits again.

Every `yield` is a moment; what follows it happens at that moment, in a transaction of its own. What can go wrong is
drawn before the story begins (`Turns`), so that a story can also be told on purpose.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any

from repairs import actions as repairs
from repairs.actions import Material, RepairIntake
from repairs.models import RepairCategory, RepairOrder
from repairs.warranty import warranty_of
from repairs.workflow import has_signature
from residents.models import Staff
from residents.roles import Role
from servicedesk.demo.estate import Estate
from servicedesk.demo.estates import Household
from servicedesk.demo.simulation import Story
from tickets import actions, closing
from tickets.models import Attachment, Callback, Ticket, TicketReporter

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


class Turn(Enum):
    """What may befall a repair on its way."""

    LATE_ENTRY = auto()
    SLOW_DISPATCH = auto()
    TO_THE_POOL = auto()
    RETURNED = auto()
    REDISPATCHED = auto()
    ACCEPTED_BY_RULE = auto()
    SLOW_ARRIVAL = auto()
    SLOW_START = auto()
    MISSED_VISIT = auto()
    LATE_VISIT = auto()
    SUSPENDED = auto()
    PHONED_IN = auto()
    ON_PAPER = auto()
    PICTURES = auto()
    OWNER_ACCEPTS = auto()
    SLOW_INSPECTION = auto()
    REJECTED = auto()
    LATE_SLIP = auto()
    NO_ANSWER_ONCE = auto()
    UNREACHABLE = auto()
    LATE_CALLBACK = auto()
    DISSATISFIED = auto()
    RETURNED_FROM_REVIEW = auto()
    PROMISED = auto()
    COMMENTED = auto()
    FEE_RELIEF = auto()
    MORE_REPORTERS = auto()
    DUPLICATE = auto()
    CANCELLED = auto()
    UNSERVABLE = auto()


# In a hundred repairs.
CHANCES: dict[Turn, float] = {
    Turn.LATE_ENTRY: 2,
    Turn.SLOW_DISPATCH: 2.5,
    Turn.TO_THE_POOL: 4,
    Turn.RETURNED: 3,
    Turn.REDISPATCHED: 3,
    Turn.ACCEPTED_BY_RULE: 5,
    Turn.SLOW_ARRIVAL: 5,
    Turn.SLOW_START: 3,
    Turn.MISSED_VISIT: 5,
    Turn.LATE_VISIT: 5,
    Turn.SUSPENDED: 3,
    Turn.PHONED_IN: 7,
    Turn.ON_PAPER: 10,
    Turn.PICTURES: 6,
    Turn.OWNER_ACCEPTS: 8,
    Turn.SLOW_INSPECTION: 4,
    Turn.REJECTED: 2.5,
    Turn.LATE_SLIP: 2,
    Turn.NO_ANSWER_ONCE: 8,
    Turn.UNREACHABLE: 2.5,
    Turn.LATE_CALLBACK: 1.5,
    Turn.DISSATISFIED: 2.5,
    Turn.RETURNED_FROM_REVIEW: 0.8,
    Turn.PROMISED: 4,
    Turn.COMMENTED: 9,
    Turn.FEE_RELIEF: 15,
    Turn.MORE_REPORTERS: 40,
    Turn.DUPLICATE: 10,
    Turn.CANCELLED: 4,
    Turn.UNSERVABLE: 1.5,
}
_PRAISE = ("师傅来得快，讲得清楚。", "修好了，没有再漏。", "态度很好，穿了鞋套。", "可以，谢谢。", "效率高。", "", "")
_COMPLAINT = ("还在滴水，请再来一次。", "用了一天又坏了。", "修得不彻底。")


@dataclass
class Repair:
    """One repair of an estate. `window` is the agreed visit; without one somebody comes at once.

    `pace` sets the seconds of a wait by its name, for stories that must stand at a certain point at a certain moment;
    `wanted` is the number of the technician who is to get it.
    """

    estate: Estate
    at: datetime
    fault: str
    home: Household | None = None
    place: str = ""
    window: tuple[datetime, datetime] | None = None
    turns: frozenset[Turn] = frozenset()
    pace: dict[str, float] = field(default_factory=dict)
    words: str = ""
    wanted: str = ""
    technician: Staff | None = None
    ticket_id: int = 0
    is_paid: bool = False

    def __post_init__(self) -> None:
        self.finished_at = self.at

    @property
    def category(self) -> RepairCategory:
        return self.estate.category(self.fault)

    @property
    def where(self) -> str:
        return self.home.unit.label if self.home else self.place

    def takes(self, turn: Turn) -> bool:
        return turn in self.turns

    def ticket(self) -> Ticket:
        return Ticket.objects.get(pk=self.ticket_id)

    # Waiting

    def wait(self, name: str, least: float, most: float) -> Story:
        """Let between `least` and `most` seconds pass, or what the pace of this story says."""
        seconds = self.pace.get(name)
        yield from self.until(self.at + timedelta(seconds=seconds or self.estate.rng.uniform(least, most)))

    def until(self, moment: datetime) -> Story:
        # People act on whole seconds; nothing goes back.
        self.at = max(moment.replace(microsecond=0) + timedelta(seconds=moment.microsecond > 0), self.at)
        yield self.at

    # The whole

    def tell(self) -> Story:
        """From the call, which is made at `at`, to the archive or to an earlier end."""
        self.estate.open_faults.add((self.fault, self.where))
        yield from self._be_reported()
        is_done = False
        if self.takes(Turn.UNSERVABLE):
            yield from self._be_refused()
        elif not (yield from self._be_cancelled_in_time()):
            yield from self._be_done_until_good()
            yield from self._be_archived()
            is_done = True
        self.estate.open_faults.discard((self.fault, self.where))
        if is_done and self.ticket().is_important:
            yield from self._be_called_again()

    def _be_done_until_good(self) -> Story:
        """Dispatch, visit, inspection and callback, again for every rework."""
        while True:
            yield from self._be_dispatched()
            yield from self._be_visited()
            if not (yield from self._be_inspected()):
                continue
            yield from self._be_papered()
            if not (yield from self._be_called_back()):
                continue
            if (yield from self._be_reviewed()):
                return

    def _once(self, turn: Turn) -> bool:
        """Whether this befalls the repair now; it will not a second time."""
        found = turn in self.turns
        self.turns -= {turn}
        return found

    # Intake

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
        at_night = Role.NIGHT_DUTY in by.roles_in(estate.project.pk)
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

    # Dispatch

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

    # The visit

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
            part_spec=fault.part if uses_part else "",
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

    def _attach(self, purpose: str, *, by: Staff) -> Attachment:
        album = self.estate.album
        upload = (
            album.signature()
            if purpose == Attachment.Purpose.SIGNATURE
            else album.photo(is_after=purpose == Attachment.Purpose.AFTER)
            if purpose in (Attachment.Purpose.BEFORE, Attachment.Purpose.AFTER)
            else album.slip()
        )
        return actions.attach(
            self.ticket_id,
            by=by,
            upload=upload,
            purpose=purpose,
            visit_no=RepairOrder.objects.values_list("visit_no", flat=True).get(ticket_id=self.ticket_id),
            taken_at=self.at,
            at=self.at,
        )

    def _answer_reporters(self) -> Story:
        """Everybody who reported a public fault hears that it is fixed (rule REP-02)."""
        waiting = list(TicketReporter.objects.filter(ticket_id=self.ticket_id, replied_at=None).order_by("pk"))
        for reporter in waiting:
            yield from self.wait("reply", MINUTE, 4 * MINUTE)
            actions.reply_to_reporter(
                reporter.pk, by=self.estate.desk(self.at), words="已修好，感谢您告诉我们。", at=self.at
            )

    # Inspection, paper, money

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
        if order.payable_fen and not order.receipt_number:
            yield from self._be_paid(order.charge_fen)

    def _be_paid(self, charge_fen: int) -> Story:
        estate, rng = self.estate, self.estate.rng
        if self.home is not None and self.home.contact.is_key_customer and self._once(Turn.FEE_RELIEF):
            desk = estate.desk(self.at)
            asked = actions.ask_approval(
                self.ticket_id,
                by=desk,
                subject="fee_relief",
                reason="关键客户，三个月内第二次报修",
                amount_fen=charge_fen // 2,
                at=self.at,
            )
            yield from self.wait("approve", 10 * MINUTE, 70 * MINUTE)
            manager = estate.one(Role.ESTATE_MANAGER)
            actions.decide_approval(asked.pk, by=manager, granted=True, note="同意减半", at=self.at)
            yield from self.wait("waive", MINUTE, 5 * MINUTE)
            repairs.waive_fee(self.ticket_id, by=desk, amount_fen=charge_fen // 2, at=self.at)
        yield from self.wait("pay", 20, 200)
        receipt = f"SJ{estate.local(self.at):%y%m%d}{rng.randint(100, 999)}"
        repairs.take_fee(self.ticket_id, by=estate.desk(self.at), receipt_number=receipt, at=self.at)

    # Callback, review, archive

    def _be_called_back(self) -> Generator[datetime, None, bool]:
        """Within a day of the finished work; False when the customer is not satisfied."""
        rng = self.estate.rng
        first, last = (24.3, 34.0) if self._once(Turn.LATE_CALLBACK) else (1.2, 19.0)
        yield from self.until(self._callable_between(first, last))
        person = self.home.contact.name if self.home else "报事人"
        if self._once(Turn.UNREACHABLE):
            for _ in range(3):
                self._call(Callback.Outcome.NO_ANSWER, next_try_at=self.at + timedelta(minutes=45))
                yield from self.wait("again", 36 * MINUTE, 70 * MINUTE)
            self._call(Callback.Outcome.MESSAGE_SENT, method=Callback.Method.MESSAGE, words="已留言，请回电确认。")
            return True
        if self._once(Turn.NO_ANSWER_ONCE):
            self._call(Callback.Outcome.NO_ANSWER)
            yield from self.wait("again", 35 * MINUTE, 100 * MINUTE)
        if self._once(Turn.DISSATISFIED):
            self._call(
                Callback.Outcome.REACHED,
                person_reached=person,
                is_solved=False,
                satisfaction=rng.choice((2, 3)),
                words=rng.choice(_COMPLAINT),
                demand="要求再次上门",
            )
            self.window = None
            return False
        self._call(
            Callback.Outcome.REACHED,
            person_reached=person,
            is_solved=True,
            satisfaction=rng.choices((5, 4), weights=(7, 3))[0],
            answers={"on_time": "yes", "manners": "yes", "charges_told": "yes" if self.is_paid else "none"},
            words=rng.choice(_PRAISE),
        )
        return True

    def _call(self, outcome: str, **said: Any) -> None:
        closing.register_callback(self.ticket_id, by=self.estate.desk(self.at), outcome=outcome, at=self.at, **said)

    def _callable_between(self, first: float, last: float) -> datetime:
        """A moment so many hours after the finished work at which one may ring people up, later than now."""
        estate, rng = self.estate, self.estate.rng
        earliest = max(self.finished_at + timedelta(hours=first), self.at + timedelta(minutes=1))
        latest = max(self.finished_at + timedelta(hours=last), earliest + timedelta(minutes=1))
        if seconds := self.pace.get("callback"):
            return self.at + timedelta(seconds=seconds)
        for _ in range(40):
            moment = earliest + rng.random() * (latest - earliest)
            if 9 <= estate.local(moment).hour < 20:
                return moment
        return latest

    def _be_reviewed(self) -> Generator[datetime, None, bool]:
        """The head of the centre reads it the same or the next day."""
        estate, rng = self.estate, self.estate.rng
        if "review" in self.pace:
            yield from self.wait("review", 0, 0)
        else:
            hour = rng.choice((9, 11, 14, 16))
            yield from self.until(estate.next_at(self.at, hour=hour, minute=rng.randint(0, 55)))
        head = estate.one(Role.CENTRE_HEAD)
        if self._once(Turn.RETURNED_FROM_REVIEW):
            closing.return_from_review(self.ticket_id, by=head, reason="处理结果写得太简单，请复查并补照片", at=self.at)
            self.window = None
            return False
        closing.review_ticket(self.ticket_id, by=head, at=self.at)
        return True

    def _be_archived(self) -> Story:
        yield from self.wait("archive", 2 * MINUTE, 40 * MINUTE)
        closing.archive_ticket(self.ticket_id, by=self.estate.desk(self.at), at=self.at)

    def _be_called_again(self) -> Story:
        """Important needs are asked about once more within the month (rule REP-27)."""
        rng = self.estate.rng
        after = self.finished_at + timedelta(days=rng.uniform(8, 23))
        yield from self.until(self.estate.next_at(after, hour=rng.randint(10, 18), minute=rng.randint(0, 59)))
        person = self.home.contact.name if self.home else "报事人"
        self._call(
            Callback.Outcome.REACHED,
            person_reached=person,
            is_solved=True,
            satisfaction=rng.choice((5, 5, 4)),
            words="使用正常。",
        )
