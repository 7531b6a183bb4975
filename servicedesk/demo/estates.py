"""The companies of the demo, their estates, and who lives there."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any, NamedTuple

from residents.models import Building, Company, Occupancy, Person, Project, Staff, Unit
from residents.pinyin import name_keys
from servicedesk.demo.names import Named, Telephones, invent


class Block(NamedTuple):
    """A building: floors, entrances with two doors a floor each, and how many months ago it was handed over."""

    number: int
    floors: int
    entrances: int
    months: int


class EstatePlan(NamedTuple):
    """An estate as it will be built; `share` of all repairs happen here. Entrances 0 is an office tower."""

    code: str
    name: str
    office: str
    hotline: str
    blocks: tuple[Block, ...]
    places: tuple[str, ...]
    share: float


class CompanyPlan(NamedTuple):
    code: str
    name: str
    estates: tuple[EstatePlan, ...]


COMPANIES = (
    CompanyPlan(
        "yunxi",
        "云溪物业（演示）",
        (
            EstatePlan(
                "001",
                "云溪花园",
                "YX",
                "400-000-0001",
                (
                    Block(1, 12, 2, 74),
                    Block(2, 15, 2, 62),
                    Block(3, 26, 2, 17),
                    Block(4, 18, 2, 30),
                    Block(5, 14, 2, 13),
                    Block(6, 22, 2, 8),
                ),
                (
                    "B1 车库 A 区",
                    "B1 车库 C 区",
                    "B2 A区",
                    "南门岗亭",
                    "中心花园",
                    "儿童乐园",
                    "3栋大堂",
                    "5栋电梯厅",
                    "东区步道",
                ),
                0.41,
            ),
            EstatePlan(
                "002",
                "云溪国际",
                "YG",
                "400-000-0002",
                (Block(1, 15, 0, 50), Block(2, 6, 0, 50)),
                ("B1 车库", "1号楼大堂", "2号楼货梯", "屋顶平台", "西侧卸货区"),
                0.10,
            ),
        ),
    ),
    CompanyPlan(
        "jingui",
        "金桂物业（演示）",
        (
            EstatePlan(
                "001",
                "金桂苑",
                "JG",
                "400-000-0003",
                (Block(1, 15, 2, 110), Block(2, 15, 2, 108), Block(3, 17, 2, 20), Block(4, 17, 2, 19)),
                ("地库北区", "地库南区", "北门", "健身角", "2栋一层连廊", "垃圾房旁"),
                0.49,
            ),
        ),
    ),
)
OFFICES_A_FLOOR = 6
FIRST_HOME = "3-1-2502"
"""The home of the pictures and the guided tour: its kitchen is under warranty and not reported."""
_LAYOUTS = (("89.20", "两室两厅"), ("118.60", "三室两厅"), ("118.60", "三室两厅"), ("142.30", "四室两厅"))
_TIMES = ("", "", "", "9–18 点", "晚 19 点后", "午间", "周末")
_CARE = (
    "先打电话再敲门",
    "家有幼儿，午睡时段勿扰",
    "说话慢一点，老人听力不好",
    "养有大型犬，请先联系",
    "夜班作息，上午勿扰",
)


class Household(NamedTuple):
    """A unit, its owner, and whom to speak to."""

    unit: Unit
    owner: Person
    contact: Person


def build_units(project: Project, plan: EstatePlan, *, keepers: list[Staff], today: date) -> list[Unit]:
    """Every unit of an estate with its ten-digit code and a keeper for its building (rule OWN-02). Needs the scope.

    The code has no digit for the entrance, so the second entrance goes on counting doors where the first one ended.
    """
    buildings = Building.objects.bulk_create(
        Building(
            company_id=project.company_id,
            project=project,
            code=f"{block.number:02d}",
            name=f"{block.number}栋" if block.entrances else f"{block.number}号楼",
        )
        for block in plan.blocks
    )
    units: list[Unit] = []
    for number, (block, building) in enumerate(zip(plan.blocks, buildings, strict=True)):
        for floor in range(1, block.floors + 1):
            for door in range(1, (block.entrances * 2 or OFFICES_A_FLOOR) + 1):
                entrance = str((door + 1) // 2) if block.entrances else ""
                room = f"{floor:02d}{door:02d}"
                area, layout = _LAYOUTS[door - 1] if block.entrances else ("96.00", "办公")
                units.append(
                    Unit(
                        company_id=project.company_id,
                        project=project,
                        building=building,
                        code=f"{project.code}1{building.code}{room}",
                        entrance=entrance,
                        room=room,
                        label=f"{building.name}{entrance}单元{room}" if entrance else f"{building.name}{room}",
                        short=f"{block.number}-{entrance}-{room}" if entrance else f"{block.number}-{room}",
                        area=Decimal(area),
                        layout=layout,
                        hand_over_on=today - timedelta(days=block.months * 30 + floor % 9),
                        keeper=keepers[number % len(keepers)],
                    )
                )
    return Unit.objects.bulk_create(units)


class Census:
    """The people of a company's homes, collected unit by unit and written at once."""

    def __init__(self, rng: Random, *, today: date) -> None:
        self._rng, self._today = rng, today
        self._owners, self._others = Telephones("1380000"), Telephones("1390000", after=1000)
        self._people: list[Person] = []
        self._living: list[Occupancy] = []

    def move_in(self, unit: Unit) -> Household:
        """An owner, and with some of them a family, or tenants instead."""
        if unit.short == FIRST_HOME:
            return self._first_home(unit)
        rng, dice = self._rng, self._rng.random()
        owner = self._add(
            unit,
            invent(rng),
            self._owners.next(rng),
            is_contact=dice >= 0.14,
            is_key_customer=rng.random() < 0.03,
            care_note=rng.choice(_CARE) if rng.random() < 0.08 else "",
            preferred_times=rng.choice(_TIMES),
        )
        if dice < 0.14:
            since = self._today - timedelta(days=rng.randint(40, 700))
            tenant = self._add(
                unit, invent(rng), self._others.next(rng), role=Occupancy.As.TENANT, since=since, is_contact=True
            )
            return Household(unit, owner, tenant)
        if dice < 0.5:
            spouse = invent(rng, surname=rng.choice(("", owner.name[0])))
            self._add(unit, spouse, self._others.next(rng), role=Occupancy.As.FAMILY)
        return Household(unit, owner, owner)

    def _first_home(self, unit: Unit) -> Household:
        owner = self._add(
            unit,
            Named("陈国栋", "先生"),
            "13800006621",
            is_contact=True,
            is_key_customer=True,
            care_note="说话慢一点，老人听力不好。",
            preferred_times="9–18 点",
            tags=["老人独处 9–17点"],
        )
        self._add(unit, Named("李雪", "女士"), "13900000461", role=Occupancy.As.FAMILY)
        self._add(unit, Named("陈德生", "先生"), "13900000458", role=Occupancy.As.FAMILY, care_note="78 岁，听力不好")
        return Household(unit, owner, owner)

    def _add(
        self,
        unit: Unit,
        named: Named,
        phone: str,
        *,
        role: str = Occupancy.As.OWNER,
        since: date | None = None,
        is_contact: bool = False,
        **known: Any,
    ) -> Person:
        """Somebody who lives in or owns a unit since then, at the earliest since its hand-over."""
        handed_over = unit.hand_over_on or self._today
        pinyin, initials = name_keys(named.name)
        person = Person(
            company_id=unit.company_id,
            name=named.name,
            title=named.title,
            pinyin=pinyin,
            initials=initials,
            phone=phone,
            phone_tail=phone[-4:],
            **known,
        )
        self._people.append(person)
        self._living.append(
            Occupancy(
                company_id=unit.company_id,
                unit=unit,
                person=person,
                role=role,
                from_on=max(handed_over, since or handed_over),
                is_contact=is_contact,
            )
        )
        return person

    def save(self) -> None:
        """Write them. Needs the company's scope."""
        Person.objects.bulk_create(self._people, batch_size=500)
        Occupancy.objects.bulk_create(self._living, batch_size=500)


def make_project(company: Company, plan: EstatePlan) -> Project:
    return Project.objects.create(
        company=company, code=plan.code, office_code=plan.office, name=plan.name, hotline=plan.hotline
    )
