"""A company with an estate and one person for every role: what most tests start from.

`garden` is open when a test begins: its scope is the test's. Times in tests are written as Shanghai time of
14 March 2025, a Friday without a holiday near (`T("10:01:40")`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from repairs.models import RepairCategory
from residents.models import Building, Company, Person, Project, Staff, Unit
from residents.roles import Role
from residents.tenancy import company_scope
from tests.repairs.factories import RepairCategoryFactory, TariffItemFactory
from tests.residents.factories import (
    BuildingFactory,
    CompanyFactory,
    DutyShiftFactory,
    MembershipFactory,
    OccupancyFactory,
    PersonFactory,
    ProjectFactory,
    StaffFactory,
    UnitFactory,
)
from tickets.setup import install_rules

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = date(2025, 3, 14)


def T(clock: str, day: date = DAY) -> datetime:
    """A moment of Shanghai time on 14 March 2025, or on another day."""
    return datetime.combine(day, time.fromisoformat(clock), tzinfo=SHANGHAI).astimezone(UTC)


@dataclass
class World:
    """A company, its estate, its people by role, and what a repair needs."""

    company: Company
    project: Project
    building: Building
    unit: Unit
    owner: Person
    leak: RepairCategory
    lamp: RepairCategory
    paint: RepairCategory
    staff: dict[str, Staff] = field(default_factory=dict)

    def __getattr__(self, role: str) -> Staff:
        try:
            return self.__dict__["staff"][role]  # type: ignore[no-any-return]
        except KeyError:
            raise AttributeError(role) from None

    def on_duty(self, *roles: str, start: datetime | None = None, end: datetime | None = None) -> None:
        """Start shifts from 08:00 to 17:30 of the day, or as given."""
        for role in roles:
            DutyShiftFactory(
                company_id=self.company.pk,
                project=self.project,
                staff=self.staff[role],
                role=role.removesuffix("_2"),
                started_at=start or T("08:00"),
                ends_at=end or T("17:30"),
            )

    def also(self, person: str, role: str, *, project: Project | None = None) -> Staff:
        """The person, who holds another role from now on, here or in the project named."""
        staff = self.staff[person]
        MembershipFactory(company_id=self.company.pk, staff=staff, project=project or self.project, role=role)
        staff.__dict__.pop("_roles", None)
        return staff


def make_world(code: str = "garden") -> World:
    """Build a world inside its own scope; the caller opens the scope to use it."""
    company = CompanyFactory(code=code, name=f"{code} 物业")
    with company_scope(company.pk):
        project = ProjectFactory(code="001", name="测试花园")
        building = BuildingFactory(project=project, code="03", name="3栋")
        unit = UnitFactory(building=building, project=project, room="2502")
        owner = PersonFactory(name="测试业主", title="先生", phone="13800006621")
        OccupancyFactory(unit=unit, person=owner)
        world = World(
            company=company,
            project=project,
            building=building,
            unit=unit,
            owner=owner,
            leak=RepairCategoryFactory(code="kitchen-leak"),
            lamp=RepairCategoryFactory(
                code="street-lamp", name="路灯不亮", initials="ldbl", group="照明", is_public_area=True, trade="general"
            ),
            paint=RepairCategoryFactory(
                code="paint",
                name="补漆",
                initials="bq",
                group="特约",
                trade="general",
                warranty_months=0,
                tariff=TariffItemFactory(),
            ),
        )
        for role in Role:
            is_company_wide = role in (Role.COMPANY, Role.ADMIN)
            world.staff[role] = StaffFactory(
                company_id=company.pk,
                account__login=f"{code}/{role}",
                number=f"{len(world.staff):04d}",
                name=str(role.label),
                trades=["plumbing", "general"] if role == Role.TECHNICIAN else [],
            )
            MembershipFactory(
                company_id=company.pk,
                staff=world.staff[role],
                project=None if is_company_wide else project,
                role=role,
            )
        second = StaffFactory(
            company_id=company.pk,
            account__login=f"{code}/technician-2",
            number="0098",
            name="技工乙",
            trades=["general"],
        )
        MembershipFactory(company_id=company.pk, staff=second, project=project, role=Role.TECHNICIAN)
        world.staff["technician_2"] = second
        install_rules(company, at=T("00:00") - timedelta(days=1))
    return world


@pytest.fixture
def garden(db: None) -> Iterator[World]:
    """A world whose scope is open during the test."""
    world = make_world()
    with company_scope(world.company.pk):
        yield world


@pytest.fixture
def committed_garden(transactional_db: None) -> World:
    """A committed world, for tests in which the sweeper's own connection must see it."""
    return make_world()
