"""Making the demo: build the companies, let sixty days pass, leave the desk in the middle of its work."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from django.db import connections, transaction

from residents.models import Company
from residents.roles import Role
from residents.tenancy import company_scope
from servicedesk.demo import today
from servicedesk.demo.catalogue import install_catalogue
from servicedesk.demo.estate import Estate
from servicedesk.demo.estates import COMPANIES, Census, CompanyPlan, build_units, make_project
from servicedesk.demo.pictures import Album
from servicedesk.demo.roster import EMPLOYEES, Roster, hire
from servicedesk.demo.simulation import Simulation, engine_behind_the_wall, in_a_hurry
from servicedesk.demo.stories import CHANCES, Repair, Turn
from servicedesk.demo.wipe import OWNER, wipe
from tickets import outbox
from tickets.calendars.store import import_national, publish_revision
from tickets.models import SweepRun, WorkCalendar
from tickets.setup import install_rules
from tickets.sla.sweep import SWEEPER, sweep

UNFINISHED = "-building"
"""Ends the code of a company while it is being made: nobody can sign in to it, and the next run takes it away."""
ENGINE_IS_AWAY = timedelta(seconds=15)
TELL_EVERY = 3.0
_LOCK = 7_302_026
# How many of a hundred calls come in each hour of the day.
_CALLS = (0.6, 0.4, 0.3, 0.3, 0.3, 0.6, 1.2, 3, 7, 9, 8.5, 6, 4, 4, 6, 6, 6, 6, 7, 8, 7, 4, 2, 1)

Say = Callable[[str], None]


class SeedRefused(Exception):
    """The demo cannot be made now; the message is one sentence for the person at the terminal."""


@dataclass(frozen=True)
class Wish:
    """How much history: days before the database's now(), repairs in all companies together, number of the dice."""

    days: int = 60
    repairs: int = 600
    number: int = 1


def seed(wish: Wish, *, say: Say, make_all: Callable[[Wish], None]) -> bool:
    """Make the demo companies; False and nothing done when they are there. Safe to repeat.

    The same number of the dice tells the same stories. `make_all` makes each company by `make_company`, here or in
    processes of their own. Each act is committed by itself, because the sweep must see it; a run that was cut short is
    taken away by the next. Raises SeedRefused while another run or the engine is at work.
    """
    with _alone():
        if Company.objects.filter(code__in=[plan.code for plan in COMPANIES]).exists():
            return False
        _refuse_beside_the_engine()
        _clear_unfinished(say)
        this_year = _now().year
        import_national(range(this_year - 1, this_year + 4))
        make_all(wish)
        _publish()
    return True


def reset(say: Say) -> None:
    """Take the demo companies away. Raises SeedRefused for a company of that code that is not a demo."""
    found = list(Company.objects.filter(code__in=[plan.code for plan in COMPANIES]))
    for company in found:
        if not company.is_demo:
            raise SeedRefused(f"{company.code} 不是演示公司 / is not a demo company")
    with _alone():
        for company in found:
            wipe(company, logins=f"{company.code}/")
            say(f"{company.code} taken away")


def make_company(plan: CompanyPlan, wish: Wish, *, say: Say) -> None:
    """One company under its unfinished code, with its days lived up to now."""
    now = _now()
    first = now - timedelta(days=wish.days)
    with in_a_hurry():
        estates = _build(plan, first=first, now=now, number=wish.number)
        say(f"{plan.code}: {sum(len(estate.households) for estate in estates)} homes")
        company_id = estates[0].project.company_id
        simulation = Simulation(company_id, tell=_teller(say, plan.code, first, now))
        for estate in estates:
            lately = [story for story in today.yesterday(estate, now=now) if story.at >= first]
            share = round(wish.repairs * estate.plan.share) - len(lately)
            for story in (*_history(estate, share, first=first, until=now - today.SHORT), *lately):
                simulation.begin(story.tell(), at=story.at)
        with engine_behind_the_wall(company_id):
            simulation.run(now - today.SHORT)
            # The minutes on the screen are counted back from the end, so the end is taken when it is near.
            now = _now()
            for estate in estates:
                for story in today.right_now(estate, now=now):
                    simulation.begin(story.tell(), at=story.at)
            simulation.run(now)


def _now() -> datetime:
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT now()")
        moment: datetime = cursor.fetchone()[0]
        return moment


@contextmanager
def _alone() -> Iterator[None]:
    """Hold a lock of the database's for this session; a second run at once is refused."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            raise SeedRefused("演示数据正在生成 / the demo is being made by another process")
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def _refuse_beside_the_engine() -> None:
    # An engine that runs by the real time would call every deadline of the simulated days missed at once.
    if SweepRun.objects.using(SWEEPER).filter(finished_at__gt=_now() - ENGINE_IS_AWAY).exists():
        raise SeedRefused("请先停止站点再生成演示数据 / stop the site first: the engine is running")


def _clear_unfinished(say: Say) -> None:
    for company in Company.objects.filter(code__in=[plan.code + UNFINISHED for plan in COMPANIES]):
        wipe(company, logins=f"{company.code.removesuffix(UNFINISHED)}/")
        say(f"{company.code} taken away: it was not finished")


def _publish() -> None:
    """Give the companies their codes, all at the same moment; from now on the engine sweeps them by the real time.

    This commit waits for the disk, and all before it are then there too. The planner gets to know the tables.
    """
    with transaction.atomic(using=OWNER):
        for plan in COMPANIES:
            Company.objects.using(OWNER).filter(code=plan.code + UNFINISHED).update(code=plan.code)
    with connections[OWNER].cursor() as cursor:
        cursor.execute("ANALYZE")
    sweep(at=_now(), driver="sweeper", catch_up=False)
    outbox.drain()


def _build(plan: CompanyPlan, *, first: datetime, now: datetime, number: int) -> list[Estate]:
    """A company with its people, homes, roster, rules and calendar, in one transaction."""
    company = Company.objects.create(code=plan.code + UNFINISHED, name=plan.name, is_demo=True)
    with company_scope(company.pk):
        before = first - timedelta(days=1)
        install_rules(company, at=before)
        publish_revision(WorkCalendar.objects.create(company=company, name="工作日历"), at=before)
        categories = install_catalogue(company, at=before)
        projects = {estate.code: make_project(company, estate) for estate in plan.estates}
        staff = hire(company, projects, code=plan.code)
        people = [(employee, staff[employee.number]) for employee in EMPLOYEES[plan.code]]
        day = now.astimezone(ZoneInfo("Asia/Shanghai")).date()
        census = Census(Random(f"{number}/{plan.code}"), today=day)  # noqa: S311 - stories, not secrets
        estates = []
        for estate_plan in plan.estates:
            project = projects[estate_plan.code]
            rng = Random(f"{number}/{plan.code}/{estate_plan.code}")  # noqa: S311 - stories, not secrets
            first_day = first.astimezone(project.tzinfo).date() - timedelta(days=1)
            roster = Roster(project, people, first=first_day, now=now)
            roster.save()
            units = build_units(project, estate_plan, keepers=roster.holders(Role.KEEPER), today=day)
            households = [census.move_in(unit) for unit in units]
            estates.append(Estate(estate_plan, project, households, categories, roster, Album(rng), rng))
        census.save()
    return estates


def _history(estate: Estate, count: int, *, first: datetime, until: datetime) -> Iterator[Repair]:
    """So many repairs spread over the days, more of them when people are at home and awake."""
    rng = estate.rng
    span = (until - first).total_seconds()
    for _ in range(count):
        while True:
            at = first + timedelta(seconds=int(rng.random() * span))
            if rng.random() < _CALLS[estate.local(at).hour] / max(_CALLS):
                break
        yield _draw(estate, at)


def _draw(estate: Estate, at: datetime) -> Repair:
    """One repair by the dice: where, what, when somebody comes, and what will befall it."""
    rng = estate.rng
    is_public = rng.random() < 0.21
    fault = estate.draw_fault(is_public=is_public)
    turns = {turn for turn, chance in CHANCES.items() if rng.random() * 100 < chance}
    if is_public:
        place = rng.choice(estate.plan.places)
        return Repair(estate, at, fault.code, place=place, turns=frozenset(turns - {Turn.UNSERVABLE, Turn.CANCELLED}))
    story = Repair(estate, at, fault.code, home=estate.draw_home(fault), turns=frozenset(turns))
    if rng.random() < 0.3 and Turn.UNSERVABLE not in turns:
        story.window = estate.window_after(at + timedelta(hours=rng.uniform(2, 50)))
    return story


def _teller(say: Say, code: str, first: datetime, now: datetime) -> Callable[[datetime], None]:
    """A line of progress every few seconds."""
    told = time.monotonic()

    def tell(moment: datetime) -> None:
        nonlocal told
        if time.monotonic() - told >= TELL_EVERY:
            told = time.monotonic()
            say(f"{code}: {(moment - first) / (now - first):.0%}, {moment:%Y-%m-%d}")

    return tell
