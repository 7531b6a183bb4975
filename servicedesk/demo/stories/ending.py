"""Callback, review, archive."""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime, timedelta
from typing import Any

from residents.roles import Role
from servicedesk.demo.simulation import Story
from servicedesk.demo.stories.telling import Telling
from servicedesk.demo.stories.turns import MINUTE, Turn
from tickets import closing
from tickets.models import Callback

_PRAISE = ("师傅来得快，讲得清楚。", "修好了，没有再漏。", "态度很好，穿了鞋套。", "可以，谢谢。", "效率高。", "", "")
_COMPLAINT = ("还在滴水，请再来一次。", "用了一天又坏了。", "修得不彻底。")


class Ending(Telling):
    """The chapter of the customer's word."""

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
