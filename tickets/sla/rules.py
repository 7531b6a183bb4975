"""Changing how long a promise runs and who is told: always a new version, never an edit (rules GEN-07, GEN-08)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Literal

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from residents.errors import InvalidInput
from residents.models import Project, Staff
from residents.policies import require
from residents.roles import Role
from residents.tenancy import scope_now
from tickets import policies
from tickets.calendars.bases import Basis
from tickets.models import SlaClock, SlaRule, Ticket
from tickets.sla import engine
from tickets.sla.definitions import Step, find
from tickets.sla.rearm import FIXED, move_to_rule

Apply = Literal["new_only", "open_clocks"]
DEFAULT_AMBER = "default"
LONGEST_SECONDS, MOST_UNITS = 366 * 86_400, 3660
_WORDS = frozenset({"responsible", "owner", *Role.values})


@transaction.atomic
def change_rule(
    code: str,
    *,
    by: Staff | None,
    project: Project | None = None,
    value: int | None = None,
    ladder: Sequence[Step] | None = None,
    amber: int | Literal["default"] | None = None,
    is_enabled: bool | None = None,
    apply: Apply = "new_only",
    at: datetime | None = None,
) -> SlaRule:
    """Store the next version of a rule, for one project or for every project without its own; returns it.

    `value` is in the unit of the rule's basis, `amber` in seconds before due ("default" is 20 % of the time); None
    leaves a field as it is. Running clocks keep their version with `new_only`; with `open_clocks` those still in time
    are computed anew from their start, without repeating a rung already fired. A rule that is switched off cancels its
    open clocks, with the reason; a breach stays. Raises NotAllowed or InvalidInput, and then nothing is stored.
    """
    if by is not None:
        require(by, policies.CHANGE_RULES, project_id=project.pk if project else None)
    moment = at or scope_now()
    # The company's rule is there for every code; locking it makes two changes of one rule follow each other.
    base = (
        SlaRule.objects.select_for_update(of=("self",), no_key=True)
        .filter(code=code, project=None, retired_at=None)
        .first()
    )
    if base is None:
        raise InvalidInput(_("没有这条时限规则。"), field="code")
    own = SlaRule.objects.filter(code=code, project=project, retired_at=None).first() if project else base
    current = own or base
    new = SlaRule(
        company_id=current.company_id,
        project=project,
        code=code,
        version=(SlaRule.objects.filter(code=code, project=project).aggregate(last=Max("version"))["last"] or 0) + 1,
        is_enabled=current.is_enabled if is_enabled is None else is_enabled,
        basis=current.basis,
        value=current.value if value is None else value,
        amber_seconds=current.amber_seconds if amber is None else None if amber == DEFAULT_AMBER else amber,
        ladder=current.ladder if ladder is None else [asdict(step) for step in ladder],
        created_at=moment,
        created_by=by,
    )
    _check(new, code, has_new_value=value is not None)
    if own is not None:
        SlaRule.objects.filter(pk=own.pk).update(retired_at=moment)
    new.save(force_insert=True)
    if not new.is_enabled:
        for clock in _open_clocks(new):
            engine.cancel(clock, at=moment, reason=_("规则停用"))
    elif apply == "open_clocks":
        for clock in _open_clocks(new):
            move_to_rule(clock, new, at=moment)
    return new


def _open_clocks(rule: SlaRule) -> list[SlaClock]:
    """The live clocks that a new clock of the same place would take this rule for, locked in the order of their ids."""
    clocks = SlaClock.objects.live().filter(rule_code=rule.code)
    if rule.project_id is not None:
        clocks = clocks.filter(project_id=rule.project_id)
    else:
        clocks = clocks.exclude(
            project_id__in=SlaRule.objects.filter(code=rule.code, retired_at=None, project__isnull=False).values(
                "project_id"
            )
        )
    # Tickets before clocks, as everybody locks them.
    tickets = Ticket.objects.filter(pk__in=clocks.values("ticket_id"))
    list(tickets.select_for_update(of=("self",), no_key=True).order_by("pk").values_list("pk", flat=True))
    return list(
        clocks.select_for_update(of=("self",), no_key=True).select_related("rule", "project", "ticket").order_by("pk")
    )


def _check(rule: SlaRule, code: str, *, has_new_value: bool) -> None:
    d, basis = find(code), Basis(rule.basis)
    if has_new_value and (basis in FIXED or (d is not None and d.due is not None)):
        raise InvalidInput(_("这个时限由约定的时间决定，没有时长可改。"), field="value")
    most = LONGEST_SECONDS if basis in (Basis.C24, Basis.WSEC) else MOST_UNITS
    is_time_of_day = basis is Basis.FIX and 0 <= rule.value // 100 <= 23 and 0 <= rule.value % 100 <= 59
    if not (is_time_of_day if basis is Basis.FIX else 0 <= rule.value <= most):
        raise InvalidInput(_("时长超出范围。"), field="value")
    if rule.amber_seconds is not None and not 0 <= rule.amber_seconds <= LONGEST_SECONDS:
        raise InvalidInput(_("预警时间超出范围。"), field="amber")
    is_advisory = d is not None and d.is_advisory
    if not rule.ladder or not (is_advisory or any(row["share"] == 0 for row in rule.ladder)):
        # Without a rung at due nothing would record the breach (rule GEN-02).
        raise InvalidInput(_("升级阶梯必须有一级在到期时通知。"), field="ladder", rule="GEN-07")
    for row in rule.ladder:
        bounds = (row["at_least"], row["at_most"] if row["at_most"] is not None else row["at_least"])
        if not row["audience"] or set(row["audience"]) - _WORDS or not -1 <= row["share"] <= 10 or min(bounds) < 0:
            raise InvalidInput(_("升级阶梯填写有误：通知对象或时间不对。"), field="ladder", rule="GEN-07")
    levels = [row["level"] for row in rule.ladder]
    if levels != sorted(levels):
        raise InvalidInput(_("升级阶梯要从低到高。"), field="ladder", rule="GEN-07")
