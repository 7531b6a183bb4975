"""Who works in the demo's companies, as what, and on which shifts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.contrib.auth.hashers import make_password

from residents.duty import SHIFTS, ShiftPlan
from residents.models import Account, Company, DutyShift, Membership, Project, Staff
from residents.models.staff import Trade
from residents.pinyin import name_keys
from residents.roles import Role

DEMO_PASSWORD = "demo-1234-desk"  # noqa: S105 - shown on the sign-in page of the demo


class Employee(NamedTuple):
    """A person of the demo. `estates`: project codes; none for a membership in the whole company."""

    number: str
    name: str
    role: Role
    estates: tuple[str, ...] = ()
    trades: tuple[Trade, ...] = ()


_A, _B, _AB = ("001",), ("002",), ("001", "002")
_WATER, _WOOD, _AIR, _WEAK, _ANY, _LIFT = (
    Trade.PLUMBING,
    Trade.CARPENTRY,
    Trade.HVAC,
    Trade.LOW_VOLTAGE,
    Trade.GENERAL,
    Trade.LIFT,
)
# The first of a role in an estate is the one who works at the moment the demo is made.
EMPLOYEES: dict[str, tuple[Employee, ...]] = {
    "yunxi": (
        Employee("0001", "郭立康", Role.COMPANY),
        Employee("0002", "江文涛", Role.ADMIN),
        Employee("0003", "卢玉萍", Role.ADMINISTRATION),
        Employee("0010", "郑敏", Role.QUALITY),
        Employee("0011", "许静", Role.FINANCE),
        Employee("0090", "高建明", Role.ESTATE_MANAGER, _AB),
        Employee("0100", "邓美玲", Role.CENTRE_HEAD, _AB),
        Employee("0101", "孙丽华", Role.SUPERVISOR, _AB),
        Employee("0107", "周敏", Role.FRONT_DESK, _A),
        Employee("0108", "陈佳怡", Role.FRONT_DESK, _A),
        Employee("0115", "钱丽", Role.FRONT_DESK, _A),
        Employee("0116", "吴思琪", Role.FRONT_DESK, _A),
        Employee("0121", "林晓雯", Role.SPECIALIST, _A),
        Employee("0122", "何俊", Role.SPECIALIST, _A),
        Employee("0123", "沈玉兰", Role.SPECIALIST, _A),
        Employee("0131", "唐文林", Role.KEEPER, _A),
        Employee("0132", "袁雨婷", Role.KEEPER, _A),
        Employee("0200", "吴海", Role.TRADE_SUPERVISOR, _AB),
        Employee("0201", "刘建国", Role.ENGINEERING_DUTY, _A),
        Employee("0202", "钱勇", Role.ENGINEERING_DUTY, _A),
        Employee("0209", "梁志成", Role.ENGINEERING_DUTY, _A),
        Employee("0203", "王强", Role.TECHNICIAN, _A, (_WATER, _ANY)),
        Employee("0204", "李志远", Role.TECHNICIAN, _A, (_WATER, _AIR, _LIFT)),
        Employee("0205", "赵磊", Role.TECHNICIAN, _A, (_WOOD, _WEAK, _ANY)),
        Employee("0206", "张伟民", Role.TECHNICIAN, _A, (_WATER, _WOOD, _LIFT)),
        Employee("0207", "周俊", Role.TECHNICIAN, _A, (_WATER, _AIR, _WEAK, _ANY)),
        Employee("0208", "黄永康", Role.TECHNICIAN, _A, (_WATER, _ANY)),
        Employee("0211", "罗世安", Role.NIGHT_DUTY, _A, (_WATER, _ANY)),
        Employee("0212", "彭家明", Role.NIGHT_DUTY, _A, (_WATER, _ANY)),
        Employee("0401", "马超", Role.SECURITY_DUTY, _AB),
        Employee("0411", "谢鹏", Role.GUARD, _A),
        Employee("0412", "韩松", Role.GUARD, _A),
        Employee("0413", "曹宇", Role.GUARD, _A),
        Employee("0141", "蒋丽娟", Role.FRONT_DESK, _B),
        Employee("0142", "叶春燕", Role.FRONT_DESK, _B),
        Employee("0143", "余秀英", Role.FRONT_DESK, _B),
        Employee("0144", "田佳慧", Role.FRONT_DESK, _B),
        Employee("0151", "董雨琪", Role.SPECIALIST, _B),
        Employee("0152", "潘美芳", Role.SPECIALIST, _B),
        Employee("0153", "苏文静", Role.KEEPER, _B),
        Employee("0221", "魏宏涛", Role.ENGINEERING_DUTY, _B),
        Employee("0222", "程德明", Role.TECHNICIAN, _B, (_WATER, _AIR, _ANY)),
        Employee("0223", "任志鹏", Role.TECHNICIAN, _B, (_WATER, _WEAK, _LIFT, _ANY)),
        Employee("0224", "石俊峰", Role.TECHNICIAN, _B, (_WATER, _WOOD, _ANY)),
        Employee("0225", "夏国栋", Role.TECHNICIAN, _B, (_WATER, _AIR, _WOOD, _ANY)),
        Employee("0231", "方世明", Role.NIGHT_DUTY, _B, (_WATER, _ANY)),
        Employee("0421", "汪海生", Role.GUARD, _B),
    ),
    "jingui": (
        Employee("0001", "单文海", Role.COMPANY),
        Employee("0002", "曾嘉明", Role.ADMIN),
        Employee("0003", "姚淑英", Role.ADMINISTRATION),
        Employee("0010", "范丽敏", Role.QUALITY),
        Employee("0011", "陆春兰", Role.FINANCE),
        Employee("0090", "崔立远", Role.ESTATE_MANAGER, _A),
        Employee("0100", "贾美慧", Role.CENTRE_HEAD, _A),
        Employee("0101", "解雨萍", Role.SUPERVISOR, _A),
        Employee("0107", "金晓燕", Role.FRONT_DESK, _A),
        Employee("0108", "熊佳玲", Role.FRONT_DESK, _A),
        Employee("0109", "尹梓琪", Role.FRONT_DESK, _A),
        Employee("0110", "薛丽芳", Role.FRONT_DESK, _A),
        Employee("0121", "白玉婷", Role.SPECIALIST, _A),
        Employee("0122", "邹文英", Role.SPECIALIST, _A),
        Employee("0131", "段景林", Role.KEEPER, _A),
        Employee("0200", "秦国康", Role.TRADE_SUPERVISOR, _A),
        Employee("0201", "龙志辉", Role.ENGINEERING_DUTY, _A),
        Employee("0202", "史家成", Role.ENGINEERING_DUTY, _A),
        Employee("0203", "万永生", Role.TECHNICIAN, _A, (_WATER, _ANY)),
        Employee("0204", "黎海涛", Role.TECHNICIAN, _A, (_WATER, _AIR, _WEAK, _ANY)),
        Employee("0205", "贺俊宇", Role.TECHNICIAN, _A, (_WOOD, _LIFT, _ANY)),
        Employee("0206", "毛德林", Role.TECHNICIAN, _A, (_WATER, _WOOD, _ANY)),
        Employee("0211", "邵国安", Role.NIGHT_DUTY, _A, (_WATER, _ANY)),
        Employee("0401", "武立峰", Role.SECURITY_DUTY, _A),
        Employee("0411", "汤景明", Role.GUARD, _A),
        Employee("0412", "顾宏宇", Role.GUARD, _A),
    ),
}
# How many work on the early, the late and the night shift; roles not named here work early from Monday to Friday.
_SEATS: dict[Role, tuple[int, int, int]] = {
    Role.FRONT_DESK: (2, 1, 1),
    Role.SPECIALIST: (2, 1, 0),
    Role.KEEPER: (1, 0, 0),
    Role.ENGINEERING_DUTY: (1, 1, 1),
    Role.TECHNICIAN: (3, 2, 1),
    Role.NIGHT_DUTY: (0, 0, 1),
    Role.GUARD: (1, 1, 1),
}
_ALWAYS_WATCHED = (Role.FRONT_DESK, Role.SPECIALIST, Role.KEEPER, Role.ENGINEERING_DUTY, Role.TECHNICIAN)
_TECHNICIANS_NOW = 4
DAYS_AHEAD = 14


class Turn(NamedTuple):
    """One person's shift: aware UTC moments."""

    staff: Staff
    role: Role
    begins_at: datetime
    ends_at: datetime


def hire(company: Company, projects: dict[str, Project], *, code: str) -> dict[str, Staff]:
    """Every employee of the company with an account and memberships, by number. Needs the company's scope."""
    plans = EMPLOYEES[code]
    # One hash for all: everybody may read the password, and an honest hash takes a good part of a second.
    password = make_password(DEMO_PASSWORD)
    accounts = Account.objects.bulk_create(Account(login=f"{code}/{e.number}", password=password) for e in plans)
    people = Staff.objects.bulk_create(
        Staff(
            company=company,
            account=account,
            number=e.number,
            name=e.name,
            pinyin=name_keys(e.name)[0],
            phone=f"1370000{e.number}",
            trades=list(e.trades),
        )
        for e, account in zip(plans, accounts, strict=True)
    )
    by_number = {person.number: person for person in people}
    Membership.objects.bulk_create(
        Membership(company=company, staff=by_number[e.number], project=projects.get(estate), role=e.role)
        for e in plans
        for estate in (e.estates or ("",))
    )
    for boss, deputy in (("0090", "0100"), ("0100", "0101")):
        Staff.objects.filter(pk=by_number[boss].pk).update(deputy=by_number[deputy])
    return by_number


class Roster:
    """The shifts of one estate, from `first` to two weeks after the moment the demo is made."""

    def __init__(
        self, project: Project, people: Iterable[tuple[Employee, Staff]], *, first: date, now: datetime
    ) -> None:
        self.project = project
        self._zone: ZoneInfo = project.tzinfo
        self._by_role: dict[Role, list[Staff]] = defaultdict(list)
        for employee, staff in people:
            if not employee.estates or project.code in employee.estates:
                self._by_role[employee.role].append(staff)
        self._turns: dict[tuple[date, str], list[Turn]] = {}
        local = now.astimezone(self._zone)
        running = next(index for index, plan in enumerate(SHIFTS) if plan.code == self._key(now)[1])
        for ahead in range((local.date() - first).days + DAYS_AHEAD + 1):
            day = first + timedelta(days=ahead)
            weeks_ago = (local.date() - day).days // 7
            for role, holders in self._by_role.items():
                self._plan_day(role, holders, day, weeks_ago=weeks_ago, running=running, is_today=day == local.date())

    def _plan_day(
        self, role: Role, staff: list[Staff], day: date, *, weeks_ago: int, running: int, is_today: bool
    ) -> None:
        seats = _SEATS.get(role)
        if seats is None:
            if day.weekday() < 5 or role in (Role.CENTRE_HEAD, Role.SUPERVISOR):
                early = self._turns.setdefault((day, SHIFTS[0].code), [])
                early.extend(self._turn(one, role, SHIFTS[0], day) for one in staff)
            return
        taken = weeks_ago
        for index in (running, (running + 1) % 3, (running + 2) % 3):
            plan = SHIFTS[index]
            wanted = seats[index]
            if is_today and index == running and role in _ALWAYS_WATCHED:
                # Whoever looks at the demo, at night too, finds a full shift.
                wanted = max(*seats, _TECHNICIANS_NOW if role == Role.TECHNICIAN else 0)
            for number in range(min(wanted, len(staff))):
                turn = self._turn(staff[(taken + number) % len(staff)], role, plan, day)
                self._turns.setdefault((day, plan.code), []).append(turn)
            taken += wanted

    def _turn(self, staff: Staff, role: Role, plan: ShiftPlan, day: date) -> Turn:
        begins = datetime.combine(day, plan.begins, self._zone)
        ends = datetime.combine(day if plan.ends > plan.begins else day + timedelta(days=1), plan.ends, self._zone)
        return Turn(staff, role, begins, ends)

    def _key(self, at: datetime) -> tuple[date, str]:
        local = at.astimezone(self._zone)
        plan = next(p for p in SHIFTS if p.begins <= local.time() and (local.time() < p.ends or p.ends == time(0)))
        return local.date(), plan.code

    def on_duty(self, role: Role, *, at: datetime) -> list[Staff]:
        """Who works as this at that moment, in the order of the roster."""
        return [turn.staff for turn in self._turns.get(self._key(at), ()) if turn.role == role]

    def holders(self, role: Role) -> list[Staff]:
        """Everybody who has the role in this estate."""
        return self._by_role[role]

    def shift_ends_at(self, *, at: datetime) -> datetime:
        """When the shift that runs at that moment ends."""
        day, code = self._key(at)
        plan = next(p for p in SHIFTS if p.code == code)
        end = datetime.combine(day, plan.ends, self._zone)
        return end if plan.ends > plan.begins else end + timedelta(days=1)

    def save(self) -> None:
        """Write the shifts. Needs the company's scope."""
        rows = {
            (turn.staff.pk, turn.role, turn.begins_at): DutyShift(
                company_id=self.project.company_id,
                project=self.project,
                staff=turn.staff,
                role=turn.role,
                name=code,
                started_at=turn.begins_at,
                ends_at=turn.ends_at,
            )
            for (_day, code), turns in self._turns.items()
            for turn in turns
        }
        DutyShift.objects.bulk_create(rows.values(), batch_size=1000)
