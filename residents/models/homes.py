from __future__ import annotations

import uuid
from datetime import date
from typing import ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from residents.audit import audited
from residents.grams import GramsField
from residents.privacy import masked
from residents.tenancy import CompanyForeignKey, CompanyModel


@audited()
class Building(CompanyModel):
    """A building of an estate; digits 4 to 6 of the property code are its cluster and number (rule OWN-02)."""

    project = CompanyForeignKey("residents.Project", related_name="buildings")
    cluster = models.CharField(max_length=1, default="1")
    code = models.CharField(max_length=2)
    name = models.CharField(max_length=30)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "id"], name="residents_building_company_id"),
            models.UniqueConstraint(
                fields=["company", "project", "cluster", "code"],
                name="residents_building_code",
            ),
        ]

    def __str__(self) -> str:
        return self.name


@audited(exclude=("search",))
class Unit(CompanyModel):
    """One title unit with its ten-digit property code (rules OWN-02, OWN-03)."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = CompanyForeignKey("residents.Project", related_name="units")
    building = CompanyForeignKey("residents.Building", related_name="units")
    code = models.CharField(max_length=10)
    entrance = models.CharField(max_length=4, blank=True)
    room = models.CharField(max_length=8)
    label = models.CharField(max_length=40)
    """As staff say it: 3栋1单元2502."""
    short = models.CharField(max_length=20)
    """As staff type it: 3-1-2502."""
    area = models.DecimalField(max_digits=8, decimal_places=2, null=True, blank=True)
    layout = models.CharField(max_length=20, blank=True)
    hand_over_on = models.DateField(null=True, blank=True)
    """Day of hand-over; the warranty periods of the quality guarantee count from it (rule REP-05)."""
    keeper = CompanyForeignKey("residents.Staff", null=True, blank=True, related_name="+")
    search = GramsField("label", "short", "code")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "id"], name="residents_unit_company_id"),
            models.UniqueConstraint(fields=["company", "code"], name="residents_unit_code"),
            models.CheckConstraint(
                condition=Q(code__regex=r"^\d{10}$"),
                name="residents_unit_code_ten_digits",
            ),
        ]
        indexes = [
            models.Index(fields=["company", "project", "short"], name="residents_unit_short"),
            GinIndex(fields=["search"], name="residents_unit_search"),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def grouped_code(self) -> str:
        """The code as people read it: 001-1-03-2502."""
        return f"{self.code[:3]}-{self.code[3]}-{self.code[4:6]}-{self.code[6:]}"


@audited(exclude=("search",))
class Person(CompanyModel):
    """A customer: owner, tenant or member of a household. Phones are stored plainly and masked on screen."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=40)
    pinyin = models.CharField(max_length=80, blank=True, db_index=False)
    """Sorting and search key; Chinese names never sort by `name`."""
    initials = models.CharField(max_length=20, blank=True)
    title = models.CharField(max_length=6, blank=True)
    phone = models.CharField(max_length=20, blank=True)
    phone_tail = models.CharField(max_length=4, blank=True)
    is_key_customer = models.BooleanField(default=False)
    """On the key customers' list (rule OWN-27): their needs are important, relief of fees needs approval (REP-28)."""
    care_note = models.CharField(max_length=200, blank=True)
    preferred_times = models.CharField(max_length=40, blank=True)
    tags = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    search = GramsField("name", "initials", "pinyin")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["company", "id"], name="residents_person_company_id")]
        indexes = [
            models.Index(fields=["company", "phone"], name="residents_person_phone"),
            models.Index(fields=["company", "phone_tail"], name="residents_person_tail"),
            models.Index(fields=["company", "pinyin"], name="residents_person_pinyin"),
            GinIndex(fields=["search"], name="residents_person_search"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def masked_phone(self) -> str:
        """138****6621, as everybody sees it."""
        return masked(self.phone)


class OccupancyQuerySet(models.QuerySet["Occupancy"]):
    def current(self, *, on: date) -> Self:
        """Those who live in or own a unit on that day."""
        return self.filter(from_on__lte=on).filter(Q(until_on=None) | Q(until_on__gte=on))


@audited()
class Occupancy(CompanyModel):
    """Who is what in which unit, from when until when."""

    class As(models.TextChoices):
        OWNER = "owner", _("业主")
        FAMILY = "family", _("家人")
        TENANT = "tenant", _("租户")
        AGENT = "agent", _("代办人")

    unit = CompanyForeignKey("residents.Unit", related_name="occupancies")
    person = CompanyForeignKey("residents.Person", related_name="occupancies")
    role = models.CharField(max_length=8, choices=As.choices, default=As.OWNER)
    from_on = models.DateField()
    until_on = models.DateField(null=True, blank=True)
    is_contact = models.BooleanField(default=False)
    """Called first when the household is called."""

    objects = OccupancyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["company", "unit", "person", "role", "from_on"],
                name="residents_occupancy_once",
            ),
            models.CheckConstraint(
                condition=Q(until_on=None) | Q(until_on__gte=models.F("from_on")),
                name="residents_occupancy_order",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["company", "unit"], name="residents_occupancy_unit"),
            models.Index(fields=["company", "person"], name="residents_occupancy_person"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} {self.role} {self.unit_id}"
