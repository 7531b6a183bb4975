from __future__ import annotations

import uuid
from typing import ClassVar
from zoneinfo import ZoneInfo

from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from residents.audit import audited
from residents.tenancy import CompanyModel


class Company(models.Model):
    """A property company: the tenant. Read by its code at sign-in, before any scope is open."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    code = models.SlugField(max_length=30, unique=True)
    name = models.CharField(max_length=80)
    is_active = models.BooleanField(default=True)
    is_demo = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    # Every company reads this table at sign-in and it has no wall, so the web role changes no row of it.
    web_may: ClassVar[str] = "SELECT, INSERT"
    # The sweep tells nobody anything in an estate that is closed for business.
    sweeper_may: ClassVar[str] = "SELECT (id, is_active)"

    def __str__(self) -> str:
        return self.name


@audited()
class Project(CompanyModel):
    """An estate with its management office (管理处), and the settings that hold for it (rule GEN-08)."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    code = models.CharField(max_length=3, validators=[RegexValidator(r"^\d{3}$", _("项目编码为三位数字。"))])
    """Digits 1 to 3 of every property code of the estate (rule OWN-02)."""
    office_code = models.CharField(max_length=8, blank=True)
    name = models.CharField(max_length=60)
    hotline = models.CharField(max_length=20, blank=True)
    zone = models.CharField(max_length=40, default="Asia/Shanghai")
    relief_limit_fen = models.PositiveIntegerField(default=200_000, db_default=200_000)
    """Up to how much, in fen, the estate manager may let a customer off; more is the company's to decide (ROLE-10)."""
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    sweeper_may: ClassVar[str] = "SELECT (id, company_id, is_active)"

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "id"], name="residents_project_company_id"),
            models.UniqueConstraint(fields=["company", "code"], name="residents_project_code"),
            models.CheckConstraint(
                condition=models.Q(code__regex=r"^\d{3}$"),
                name="residents_project_code_digits",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def tzinfo(self) -> ZoneInfo:
        """The zone in which this estate's days begin and end."""
        return ZoneInfo(self.zone)
