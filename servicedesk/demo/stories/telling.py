"""What every chapter of a repair knows: the estate, the moment, and how to wait."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from repairs.models import RepairCategory, RepairOrder
from residents.models import Staff
from servicedesk.demo.estate import Estate
from servicedesk.demo.estates import Household
from servicedesk.demo.simulation import Story
from servicedesk.demo.stories.turns import Turn
from tickets import actions
from tickets.models import Attachment, Ticket


@dataclass
class Telling:
    """One repair of an estate while it is told. `window` is the agreed visit; without one somebody comes at once.

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

    def _once(self, turn: Turn) -> bool:
        """Whether this befalls the repair now; it will not a second time."""
        found = turn in self.turns
        self.turns -= {turn}
        return found

    # What several chapters do

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
