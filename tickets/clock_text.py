"""How a clock reads on a screen: state, words and bar, the same on the queue, the list and the ticket page."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from tickets.models import ClockState
from tickets.sla.definitions import DAY, HOUR, MINUTE, definition

if TYPE_CHECKING:
    from tickets.models import SlaClock

PRECISE_BELOW = 20 * MINUTE
"""Below this many seconds a duration is shown to the second."""


@dataclass(frozen=True)
class ClockView:
    """One clock as `components/clock.html` draws it and static/js/clock.js keeps it running.

    `state`: ok, warn, late, paused or done. `value` and `max`: seconds left and allowed, for the bar. `at`: the text is
    an agreed time of day, which stays. `reason`: why it ended or was corrected, or "". Moments are aware.
    """

    label: str
    state: str
    text: str
    start: datetime | None
    warn: datetime | None
    due: datetime | None
    value: float
    max: float
    at: bool = False
    reason: str = ""


def clock_view(clock: SlaClock, now: datetime, zone: ZoneInfo | str) -> ClockView:
    """A clock as it stands at `now`; `zone` is the project's, for agreed times on another day (明 09:30)."""
    d = definition(clock.rule_code)
    allowed = max((clock.due_at - clock.started_at).total_seconds(), 1.0)
    state = clock_state(clock, now)
    at = False
    if state == "done":
        left = 0.0
        text = duration_text(used_seconds(clock, now))
    elif state == "paused":
        allowed = max((clock.original_due_at - clock.started_at).total_seconds(), 1.0)
        left = max(allowed - clock.consumed, 0.0)
        text = duration_text(math.ceil(left))
    else:
        left = (clock.due_at - now).total_seconds()
        text = remaining_text(left)
        if d.due is not None and left >= 0:
            day_and_time = _agreed(clock.due_at, now, ZoneInfo(zone) if isinstance(zone, str) else zone)
            at, text = bool(day_and_time), day_and_time or text
    is_drawn = state in ("ok", "warn", "late")
    return ClockView(
        label=str(d.label),
        state=state,
        text=text,
        start=clock.started_at,
        warn=clock.amber_at if is_drawn else None,
        due=clock.due_at if is_drawn else None,
        value=allowed if state == "late" else min(max(left, 0.0), allowed),
        max=allowed,
        at=at,
        reason=clock.reason,
    )


def clock_state(clock: SlaClock, now: datetime) -> str:
    """ok, warn, late, paused or done. Past due is late whether or not the sweep has been there yet."""
    if clock.state == ClockState.PAUSED:
        return "paused"
    if not clock.is_live:
        return "done"
    if now > clock.due_at:
        return "late"
    return "warn" if now >= clock.amber_at else "ok"


def used_seconds(clock: SlaClock, now: datetime) -> int:
    """Whole seconds from start to stop, or until now while it runs, without the time it stood still."""
    if clock.running_since is None:
        return int(clock.consumed)
    return int(clock.consumed + max((now - clock.running_since).total_seconds(), 0))


def remaining_text(left: float) -> str:
    """Seconds left as 04:12, 28 分 or 1时48分; past due with a plus, +01:26."""
    return duration_text(math.ceil(left)) if left >= 0 else f"+{duration_text(math.floor(-left))}"


def duration_text(seconds: float) -> str:
    """Whole seconds as 18:20 under 20 minutes, then 28 分, 1时48分, 2 小时, 1天4时. Negative ones read as zero."""
    whole = max(int(seconds), 0)
    if whole < PRECISE_BELOW:
        return f"{whole // MINUTE:02d}:{whole % MINUTE:02d}"
    if whole < HOUR:
        return _("%(n)d 分") % {"n": whole // MINUTE}
    if whole < DAY:
        hours, minutes = divmod(whole // MINUTE, 60)
        return _("%(h)d时%(m)d分") % {"h": hours, "m": minutes} if minutes else _("%(n)d 小时") % {"n": hours}
    days, hours = divmod(whole // HOUR, 24)
    return _("%(d)d天%(h)d时") % {"d": days, "h": hours} if hours else _("%(n)d 天") % {"n": days}


def _agreed(due_at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """An agreed moment on another local day: 明 09:30, 03-18 09:30. Empty for today, which counts down."""
    due, today = due_at.astimezone(zone), now.astimezone(zone).date()
    if due.date() == today:
        return ""
    if due.date() == today + timedelta(days=1):
        return _("明 %(time)s") % {"time": f"{due:%H:%M}"}
    return f"{due:%m-%d %H:%M}"
