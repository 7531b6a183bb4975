"""The canonical roles of the standards and who stands above whom (rulebook 25)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """A company maps its own job titles to these codes; a membership may carry several."""

    FRONT_DESK = "front_desk", _("前台")
    SPECIALIST = "specialist", _("客服专员")
    KEEPER = "keeper", _("楼管员")
    SUPERVISOR = "supervisor", _("客服主管")
    CENTRE_HEAD = "centre_head", _("客服中心负责人")
    ESTATE_MANAGER = "estate_manager", _("项目经理")
    QUALITY = "quality", _("品质主管")
    TRADE_SUPERVISOR = "trade_supervisor", _("工程主管")
    ENGINEERING_DUTY = "engineering_duty", _("工程值班经理")
    SECURITY_DUTY = "security_duty", _("秩序值班经理")
    TECHNICIAN = "technician", _("技工")
    NIGHT_DUTY = "night_duty", _("夜间值班")
    GUARD = "guard", _("门岗")
    FINANCE = "finance", _("财务")
    ADMINISTRATION = "administration", _("行政")
    COMPANY = "company", _("公司")
    ADMIN = "admin", _("系统管理员")


LINE_ABOVE: dict[str, tuple[str, ...]] = {
    Role.FRONT_DESK: (Role.SUPERVISOR,),
    Role.SPECIALIST: (Role.SUPERVISOR,),
    Role.KEEPER: (Role.SUPERVISOR,),
    Role.TECHNICIAN: (Role.ENGINEERING_DUTY, Role.TRADE_SUPERVISOR),
    Role.NIGHT_DUTY: (Role.ENGINEERING_DUTY, Role.TRADE_SUPERVISOR),
    Role.ENGINEERING_DUTY: (Role.TRADE_SUPERVISOR, Role.ESTATE_MANAGER),
    Role.GUARD: (Role.SECURITY_DUTY,),
    Role.SECURITY_DUTY: (Role.ESTATE_MANAGER,),
    Role.TRADE_SUPERVISOR: (Role.ESTATE_MANAGER,),
    Role.SUPERVISOR: (Role.CENTRE_HEAD, Role.ESTATE_MANAGER),
    Role.CENTRE_HEAD: (Role.ESTATE_MANAGER,),
    Role.QUALITY: (Role.ESTATE_MANAGER,),
    Role.FINANCE: (Role.ESTATE_MANAGER,),
    Role.ADMINISTRATION: (Role.ESTATE_MANAGER,),
    Role.ESTATE_MANAGER: (Role.COMPANY,),
    Role.COMPANY: (Role.ADMIN,),
    Role.ADMIN: (Role.COMPANY,),
}
"""Who is above a role, and whom to tell when nobody holds it: the next in line, upwards, until somebody is found."""
