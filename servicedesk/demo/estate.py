"""One estate as the stories see it: its homes, faults, people on duty, and what is open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from repairs.models import RepairCategory
from residents.models import Project, Staff
from residents.roles import Role
from servicedesk.demo.catalogue import FAULTS, IN_HOME, PUBLIC, Fault
from servicedesk.demo.estates import FIRST_HOME, EstatePlan, Household
from servicedesk.demo.pictures import Album
from servicedesk.demo.roster import Roster


@dataclass
class Estate:
    """What every story of an estate shares. `free_at` is when each technician's present jobs should be done."""

    plan: EstatePlan
    project: Project
    households: list[Household]
    categories: Mapping[str, RepairCategory]
    roster: Roster
    album: Album
    rng: Random
    open_faults: set[tuple[str, str]] = field(default_factory=set)
    free_at: dict[int, datetime] = field(default_factory=dict)

    def home(self, short: str) -> Household:
        """The household of 3-1-2502."""
        return next(h for h in self.households if h.unit.short == short)

    def draw_home(self, fault: Fault) -> Household:
        """A household that has not reported this fault already. The home of the guided tour is left alone."""
        while True:
            found = self.rng.choice(self.households)
            if (fault.code, found.unit.label) not in self.open_faults and found.unit.short != FIRST_HOME:
                return found

    def draw_place(self, fault: Fault) -> str | None:
        """A public place where this fault is not open; None when it is everywhere."""
        free = [place for place in self.plan.places if (fault.code, place) not in self.open_faults]
        return self.rng.choice(free) if free else None

    def draw_fault(self, *, is_public: bool) -> Fault:
        faults = PUBLIC if is_public else IN_HOME
        return self.rng.choices(faults, weights=[fault.share for fault in faults])[0]

    def category(self, code: str) -> RepairCategory:
        return self.categories[code]

    def fault(self, code: str) -> Fault:
        return FAULTS[code]

    def desk(self, at: datetime) -> Staff:
        """Whoever answers the telephone."""
        return self.rng.choice(self.roster.on_duty(Role.FRONT_DESK, at=at))

    def specialist(self, at: datetime) -> Staff | None:
        """Who inspects work now; nobody at night."""
        people = self.roster.on_duty(Role.SPECIALIST, at=at)
        return self.rng.choice(people) if people else None

    def one(self, role: Role) -> Staff:
        """The person of a role of which there is one."""
        return self.roster.holders(role)[0]

    def technician(
        self, trade: str, *, at: datetime, besides: int | None = None, number: str = ""
    ) -> tuple[Staff, bool]:
        """The technician of that number if he is on duty, else the least busy one; and whether the trade is his."""
        there = [*self.roster.on_duty(Role.TECHNICIAN, at=at), *self.roster.on_duty(Role.NIGHT_DUTY, at=at)]
        there = [staff for staff in there if staff.pk != besides] or there
        there = [staff for staff in there if staff.number == number] or there
        skilled = [s for s in there if trade in ("general", *s.trades) or "general" in s.trades]
        chosen = min(skilled or there, key=lambda staff: self.free_at.get(staff.pk, at))
        return chosen, bool(skilled)

    def keep_busy(self, technician: Staff, *, until: datetime) -> None:
        self.free_at[technician.pk] = max(until, self.free_at.get(technician.pk, until))

    def local(self, at: datetime) -> datetime:
        """The same moment on the clock of the estate."""
        return at.astimezone(self.project.tzinfo)

    def next_at(self, after: datetime, *, hour: int, minute: int = 0, weekdays: bool = False) -> datetime:
        """The next such time of day after a moment; from Monday to Friday only, if asked."""
        local = self.local(after)
        found = local.replace(hour=hour, minute=minute, second=0, microsecond=0)
        while found <= local or (weekdays and found.weekday() >= 5):
            found += timedelta(days=1)
        return found

    def window_after(self, moment: datetime) -> tuple[datetime, datetime]:
        """An hour of the next daytime after a moment, as the desk agrees it."""
        local = self.local(moment)
        if 9 <= local.hour <= 17:
            begins = local.replace(minute=30 if local.minute < 30 else 0, second=0, microsecond=0)
            begins += timedelta(hours=local.minute >= 30)
        else:
            begins = self.next_at(moment, hour=9, minute=30)
        return begins, begins + timedelta(hours=1)
