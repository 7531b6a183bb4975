"""A valid row of each table in `residents` without arguments. Everything but companies needs an open scope."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import factory
from factory.django import DjangoModelFactory

from residents.models import (
    Account,
    Building,
    Company,
    DutyShift,
    Membership,
    Occupancy,
    Person,
    Project,
    Staff,
    Unit,
)
from residents.roles import Role
from residents.tenancy import current_company_id


class CompanyFactory(DjangoModelFactory):
    class Meta:
        model = Company

    code = factory.Sequence(lambda n: f"company-{n}")
    name = factory.Sequence(lambda n: f"测试物业 {n}")


class ScopedFactory(DjangoModelFactory):
    class Meta:
        abstract = True

    company_id = factory.LazyFunction(current_company_id)


class ProjectFactory(ScopedFactory):
    class Meta:
        model = Project

    code = factory.Sequence(lambda n: f"{n % 1000:03d}")
    name = factory.Sequence(lambda n: f"测试花园 {n}")


class BuildingFactory(ScopedFactory):
    class Meta:
        model = Building

    project = factory.SubFactory(ProjectFactory)
    code = factory.Sequence(lambda n: f"{n % 100:02d}")
    name = factory.LazyAttribute(lambda b: f"{int(b.code)}栋")


class UnitFactory(ScopedFactory):
    """3栋1单元2502 by default; `room` gives another."""

    class Meta:
        model = Unit

    building = factory.SubFactory(BuildingFactory)
    project = factory.LazyAttribute(lambda u: u.building.project)
    entrance = "1"
    room = factory.Sequence(lambda n: f"{n % 10000:04d}")
    code = factory.LazyAttribute(lambda u: f"{u.project.code}{u.building.cluster}{u.building.code}{u.room}")
    label = factory.LazyAttribute(lambda u: f"{u.building.name}{u.entrance}单元{u.room}")
    short = factory.LazyAttribute(lambda u: f"{int(u.building.code)}-{u.entrance}-{u.room}")
    hand_over_on = date(2025, 6, 1)


class PersonFactory(ScopedFactory):
    class Meta:
        model = Person

    name = "测试业主"
    pinyin = "ceshiyezhu"
    initials = "csyz"
    phone = factory.Sequence(lambda n: f"138{n:08d}")
    phone_tail = factory.LazyAttribute(lambda p: p.phone[-4:])


class OccupancyFactory(ScopedFactory):
    class Meta:
        model = Occupancy

    unit = factory.SubFactory(UnitFactory)
    person = factory.SubFactory(PersonFactory)
    from_on = date(2025, 6, 1)
    is_contact = True


class AccountFactory(DjangoModelFactory):
    class Meta:
        model = Account
        skip_postgeneration_save = True

    login = factory.Sequence(lambda n: f"account-{n}")
    password = factory.PostGenerationMethodCall("set_password", "correct-horse")

    @classmethod
    def _after_postgeneration(cls, instance: Any, create: bool, results: Any = None) -> None:
        if create:
            instance.save()


class StaffFactory(ScopedFactory):
    """A front-desk agent of no project until `join` or a MembershipFactory says otherwise."""

    class Meta:
        model = Staff

    account = factory.SubFactory(AccountFactory)
    number = factory.Sequence(lambda n: f"{n:04d}")
    name = factory.Sequence(lambda n: f"测试员工{n}")


class MembershipFactory(ScopedFactory):
    class Meta:
        model = Membership

    staff = factory.SubFactory(StaffFactory)
    project = factory.SubFactory(ProjectFactory)
    role = Role.FRONT_DESK


class DutyShiftFactory(ScopedFactory):
    class Meta:
        model = DutyShift

    staff = factory.SubFactory(StaffFactory)
    project = factory.SubFactory(ProjectFactory)
    role = Role.FRONT_DESK
    started_at = datetime(2025, 3, 14, 0, 0, tzinfo=UTC)
    ends_at = factory.LazyAttribute(lambda s: s.started_at + timedelta(hours=9, minutes=30))
