"""What is open at the moment the demo is made: one repair at every stage, so that the desk has something to do."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from servicedesk.demo.catalogue import FAULTS
from servicedesk.demo.estate import Estate
from servicedesk.demo.estates import FIRST_HOME
from servicedesk.demo.stories import DAY, HOUR, MINUTE, Repair, Turn

NEVER = 30 * DAY
SHORT = timedelta(minutes=100)
"""The stories of the last hour and a half begin at moments counted back from the very end."""
_BRISK = {"dispatch": 30.0, "accept": 20.0, "arrive": 170.0, "start": 240.0, "work": 1500.0, "inspect": 240.0,
          "slip": 900.0}  # fmt: skip
_REPORT_TO_FINISH = timedelta(seconds=sum(_BRISK[name] for name in ("dispatch", "accept", "arrive", "start", "work")))


def yesterday(estate: Estate, *, now: datetime) -> Iterator[Repair]:
    """Repairs of the last day and a half: to be called back, to be reviewed, and appointments to come."""
    is_first = _is_first(estate)
    hours = (22.2, 21.0, 18.5, 15.0, 10.0, 7.0) if is_first else (20.0, 9.0)
    codes = ("socket", "floor-drain", "doorbell", "tap", "screen", "ac-drip")
    for number, (ago, code) in enumerate(zip(hours, codes, strict=False)):
        home = estate.home(FIRST_HOME) if is_first and number == 0 else estate.draw_home(FAULTS[code])
        at = _by_day(estate, now, timedelta(hours=ago), number) - _REPORT_TO_FINISH
        yield Repair(estate, at, code, home=home, pace={**_BRISK, "callback": NEVER})
    for ago, code in ((27.0, "tile"), (24.0, "breaker"), (20.5, "intercom"))[: 3 if is_first else 1]:
        yield Repair(
            estate,
            now - timedelta(hours=ago),
            code,
            home=estate.draw_home(FAULTS[code]),
            turns=frozenset({Turn.PICTURES}),
            pace={**_BRISK, "callback": (ago - 4) * HOUR, "review": NEVER},
        )
    if is_first:
        for days, code in ((46, "kitchen-leak"), (11, "doorbell")):
            at = estate.next_at(now - timedelta(days=days), hour=10, minute=12)
            yield Repair(estate, at, code, home=estate.home(FIRST_HOME), turns=frozenset({Turn.PICTURES}), pace=_BRISK)
    # Tomorrow's and today's appointments, as the desk agrees them: in the daytime.
    morning = estate.next_at(now, hour=9, minute=30)
    yield _appointment(estate, "heater", at=now - timedelta(hours=4), begins=morning)
    if is_first:
        yield _appointment(estate, "window-seep", at=now - timedelta(hours=3), begins=morning + timedelta(hours=1))
        half_hour = now.replace(minute=now.minute // 30 * 30, second=0, microsecond=0)
        soon = half_hour + timedelta(minutes=60) if 8 <= estate.local(now).hour < 20 else morning
        yield _appointment(estate, "ac-cold", at=now - timedelta(hours=5), begins=soon, wanted="0203")
        missed = _appointment(
            estate, "sliding-door", at=now - timedelta(hours=3.5), begins=half_hour - timedelta(hours=1)
        )
        missed.turns, missed.pace = frozenset({Turn.MISSED_VISIT}), {**_BRISK, "reappoint": NEVER}
        yield missed
        if (relief := _relief(estate, now)) is not None:
            yield relief


def right_now(estate: Estate, *, now: datetime) -> Iterator[Repair]:
    """Repairs of the last hour: on every minute clock, as picture 01 shows them."""

    def so_far(seconds: float, code: str, home: str = "", **told: Any) -> Repair:
        house = estate.home(home) if home else estate.draw_home(FAULTS[code])
        return Repair(estate, now - timedelta(seconds=seconds), code, home=house, **told)

    def stands(at: str) -> dict[str, float]:
        return {**_BRISK, at: NEVER}

    accepted = 50.0  # seconds from the call to the acceptance
    if not _is_first(estate):
        yield so_far(accepted + 120, "pressure", pace=stands("arrive"))
        yield so_far(accepted + 26 * MINUTE, "toilet-tank", pace=stands("work"))
        yield so_far(accepted + 1910 + 150, "cabinet", pace=stands("inspect"))
        return
    yield so_far(accepted + 386, "door-lock", "5-2-1203", pace=stands("arrive"), wanted="0205")
    yield so_far(accepted + 193, "floor-drain", "2-1-0801", pace=stands("arrive"), wanted="0203")
    yield so_far(accepted + 70, "breaker", "6-2-0903", pace=stands("arrive"), wanted="0204")
    yield so_far(accepted + 700, "sliding-door", "1-2-0304", pace=stands("start"), wanted="0206")
    yield so_far(accepted + 1910 + 205, "socket", "4-1-1602", pace=stands("inspect"))
    yield so_far(
        accepted + 24 * MINUTE, "tap", "6-1-2201", turns=frozenset({Turn.PICTURES}), pace=stands("work"), wanted="0204"
    )
    yield so_far(
        accepted + 38 * MINUTE,
        "cabinet",
        "2-2-0503",
        turns=frozenset({Turn.COMMENTED}),
        pace=stands("work"),
        wanted="0205",
    )
    yield so_far(
        accepted + 31 * MINUTE,
        "bathroom-seep",
        "3-2-1104",
        turns=frozenset({Turn.PROMISED, Turn.PICTURES}),
        pace={**stands("work"), "promise": 38 * MINUTE},
        wanted="0205",
    )
    yield so_far(accepted + 55 * MINUTE, "window-seep", "1-1-0802", pace=stands("work"), wanted="0206")
    for seconds, code, place, turns, waits_for in (
        (38.0, "garage-lamp", "B2 A区", {Turn.MORE_REPORTERS}, "dispatch"),
        (75.0, "closer", "4栋2单元", {Turn.TO_THE_POOL}, "accept"),
        (2400.0, "barrier", "南门岗亭", set(), "inspect"),
        (1700.0, "stair-lamp", "3栋大堂", {Turn.MORE_REPORTERS}, "work"),
    ):
        yield Repair(
            estate,
            now - timedelta(seconds=seconds),
            code,
            place=place,
            turns=frozenset(turns),
            pace={**stands(waits_for), "reporter": 5.0, "reply": 30.0},
            wanted="0206",
        )


def _is_first(estate: Estate) -> bool:
    return estate.plan.name == "云溪花园"


def _by_day(estate: Estate, now: datetime, ago: timedelta, number: int) -> datetime:
    """The moment so long ago, or the evening before it where that was at night and is not yet a day ago."""
    moment = now - ago
    if estate.local(moment).hour >= 8:
        return moment
    evening = estate.next_at(moment - timedelta(days=1), hour=21 - number // 2, minute=40 - number * 7)
    return evening if now - evening < timedelta(hours=23) else moment


def _appointment(estate: Estate, code: str, *, at: datetime, begins: datetime, wanted: str = "") -> Repair:
    return Repair(
        estate,
        at,
        code,
        home=estate.draw_home(FAULTS[code]),
        window=(begins, begins + timedelta(hours=1)),
        pace=dict(_BRISK),
        wanted=wanted,
    )


def _relief(estate: Estate, now: datetime) -> Repair | None:
    """A paid repair of a key customer whose relief of fees waits for the estate manager."""
    day = estate.local(now).date()
    for house in estate.households:
        handed_over = house.unit.hand_over_on
        if house.contact.is_key_customer and handed_over and (day - handed_over).days > 900:
            return Repair(
                estate,
                now - timedelta(hours=6),
                "pressure",
                home=house,
                turns=frozenset({Turn.FEE_RELIEF}),
                pace={**_BRISK, "approve": NEVER},
            )
    return None
