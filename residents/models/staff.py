from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.lookups import IsNull
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from residents.audit import audited
from residents.roles import Role
from residents.tenancy import CompanyForeignKey, CompanyModel, scope_now


class Trade(models.TextChoices):
    """What a technician is skilled in; a repair category asks for one."""

    PLUMBING = "plumbing", _("水电")
    CARPENTRY = "carpentry", _("木瓦")
    HVAC = "hvac", _("空调")
    LIFT = "lift", _("电梯")
    LOW_VOLTAGE = "low_voltage", _("弱电")
    GENERAL = "general", _("综合")


def _by_project(memberships: Iterable[tuple[int | None, str]]) -> dict[int | None, frozenset[str]]:
    held: dict[int | None, set[str]] = {}
    for project_id, role in memberships:
        held.setdefault(project_id, set()).add(role)
    return {project_id: frozenset(roles) for project_id, roles in held.items()}


class StaffQuerySet(models.QuerySet["Staff"]):
    def working_in(self, project_id: int) -> Self:
        """Active people with a membership for this project or for the whole company."""
        return self.filter(
            Q(memberships__project_id=project_id) | Q(memberships__project=None, memberships__isnull=False),
            is_active=True,
        ).distinct()

    def holding(self, role: str, *, project_id: int | None) -> Self:
        """Active people who hold the role in the project or company-wide."""
        where = Q(memberships__role=role) & (Q(memberships__project=None) | Q(memberships__project_id=project_id))
        return self.filter(where, is_active=True).distinct()

    def on_duty(self, *, project_id: int, at: datetime) -> Self:
        """People whose shift in that project runs at that moment."""
        return self.filter(
            shifts__project_id=project_id, shifts__started_at__lte=at, shifts__ends_at__gt=at, shifts__ended_at=None
        ).distinct()


@audited()
class Staff(CompanyModel):
    """An employee. Signs in by company code and `number` (工号)."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    account = models.OneToOneField("residents.Account", models.PROTECT, related_name="staff")
    number = models.CharField(max_length=12)
    name = models.CharField(max_length=40)
    pinyin = models.CharField(max_length=80, blank=True)
    phone = models.CharField(max_length=20, blank=True)
    trades = ArrayField(models.CharField(max_length=16, choices=Trade.choices), default=list, blank=True)
    is_active = models.BooleanField(default=True)
    deputy = CompanyForeignKey("residents.Staff", null=True, blank=True, related_name="+")
    """Who decides while this person is not on duty; clocks never wait for an approver (rule ROLE-19)."""

    objects = StaffQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "id"], name="residents_staff_company_id"),
            models.UniqueConstraint(fields=["company", "number"], name="residents_staff_number"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.number}"

    @cached_property
    def _roles(self) -> dict[int | None, frozenset[str]]:
        return _by_project(Membership.objects.filter(staff_id=self.pk).values_list("project_id", "role"))

    @cached_property
    def _stood_in_roles(self) -> dict[int | None, frozenset[str]]:
        now = scope_now()
        shifts = DutyShift.objects.filter(staff=OuterRef("staff"), started_at__lte=now, ends_at__gt=now, ended_at=None)
        # Company-wide people are present wherever their shift runs.
        here = shifts.filter(Q(project=OuterRef("project")) | IsNull(OuterRef("project"), True))
        absent = Membership.objects.filter(~Exists(here), staff__deputy=self, staff__is_active=True)
        return _by_project(absent.values_list("project_id", "role"))

    def hold(self, memberships: Iterable[tuple[int | None, str]]) -> None:
        """Take the person's memberships, as (project or None, role), from a caller that has read them already."""
        self.__dict__["_roles"] = _by_project(memberships)

    def roles_in(self, project_id: int | None) -> frozenset[str]:
        """Role codes held in this project, company-wide ones included. None asks for the company-wide ones only."""
        return self._roles.get(project_id, frozenset()) | self._roles.get(None, frozenset())

    def roles_stood_in(self, project_id: int | None) -> frozenset[str]:
        """Role codes of those who named this person their deputy and are not on duty in the project (rule ROLE-19)."""
        return self._stood_in_roles.get(project_id, frozenset()) | self._stood_in_roles.get(None, frozenset())

    @property
    def project_ids(self) -> set[int] | None:
        """The projects the person may see; None means every project of the company."""
        if None in self._roles:
            return None
        return {project_id for project_id in self._roles if project_id is not None}

    def project_ids_beyond(self, role: str) -> set[int] | None:
        """The projects in which the person is more than the role; None means every project of the company."""
        if self.roles_in(None) - {role}:
            return None
        return {project_id for project_id, held in self._roles.items() if project_id is not None and held - {role}}

    def may_see(self, project_id: int) -> bool:
        """Whether the project is within the person's memberships (rule GEN-08: projects do not mix)."""
        return self.project_ids is None or project_id in self.project_ids


@audited()
class Membership(CompanyModel):
    """One role of one person, in one project or, without a project, in the whole company."""

    staff = CompanyForeignKey("residents.Staff", on_delete=models.CASCADE, related_name="memberships")
    project = CompanyForeignKey("residents.Project", null=True, blank=True, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["company", "staff", "project", "role"],
                name="residents_membership_once",
                nulls_distinct=False,
            )
        ]
        indexes = [models.Index(fields=["company", "role", "project"], name="residents_membership_role")]

    def __str__(self) -> str:
        return f"{self.staff_id} {self.role}"


class DutyShift(CompanyModel):
    """Who is on duty as what, from when, rostered until when. Started at sign-in.

    `ends_at` is the rostered end and the due moment of every end-of-shift clock (EOS); `ended_at` is set when the
    person leaves before.
    """

    project = CompanyForeignKey("residents.Project", related_name="shifts")
    staff = CompanyForeignKey("residents.Staff", related_name="shifts")
    role = models.CharField(max_length=20, choices=Role.choices)
    name = models.CharField(max_length=10, blank=True)
    """The roster's code of the shift (`residents.duty.SHIFTS`)."""
    started_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    is_away = models.BooleanField(default=False)
    """On duty but not to be given work now (忙 / 离岗)."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "id"], name="residents_dutyshift_company_id"),
            models.CheckConstraint(
                condition=Q(ends_at__gt=models.F("started_at")),
                name="residents_dutyshift_order",
            ),
        ]
        indexes = [
            models.Index(
                fields=["company", "project", "ends_at"],
                name="residents_dutyshift_running",
            )
        ]

    def __str__(self) -> str:
        return f"{self.staff_id} {self.role} {self.started_at:%m-%d %H:%M}"
