"""The whole of a repair, chapter after chapter."""

from __future__ import annotations

from servicedesk.demo.simulation import Story
from servicedesk.demo.stories.ending import Ending
from servicedesk.demo.stories.inspecting import Inspecting
from servicedesk.demo.stories.reporting import Reporting
from servicedesk.demo.stories.turns import Turn
from servicedesk.demo.stories.visiting import Visiting


class Repair(Reporting, Visiting, Inspecting, Ending):
    """One repair of an estate, from the call to the archive; see `Telling` for what it is told with."""

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
