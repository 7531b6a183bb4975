"""From a day and a time on the wall to an instant, also on the days when clocks change.

A wall time that a clock change skips is moved forward by the length of the gap (02:30 becomes 03:30). A wall time that
comes twice means the first one; asked for the `last`, as ends of days and closing times do, it means the second.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tickets.calendars.errors import CalendarError

DEFAULT_ZONE = "Asia/Shanghai"
END_OF_DAY = 86_399
"""23:59:59 in seconds on the wall (basis EOD of the rulebook)."""


@cache
def zone_named(name: str) -> ZoneInfo:
    """The zone of an IANA name. Raises CalendarError for a name nobody knows."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as unknown:
        raise CalendarError(f"There is no time zone called {name!r}.") from unknown


def local_instant(day: date, seconds: int, zone: ZoneInfo, *, last: bool = False) -> datetime:
    """The UTC instant at which a clock on the wall shows `seconds` past midnight (0 to 86400; 86400 is 24:00)."""
    days, rest = divmod(seconds, 86_400)
    wall = datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(days=days, seconds=rest)
    first = wall.astimezone(UTC)
    # In a gap the other reading is the earlier one, so that a skipped time is moved forward either way.
    return max(first, wall.replace(fold=1).astimezone(UTC)) if last else first


def local_wall(at: datetime, zone: tzinfo) -> datetime:
    """The same instant as the wall shows it. Raises ValueError for a naive `at`."""
    if at.tzinfo is None:
        raise ValueError("An instant needs a time zone.")
    return at.astimezone(zone)
