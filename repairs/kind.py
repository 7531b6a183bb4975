"""How a repair plugs into the ticket core."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from repairs.forms import FORMS
from repairs.intake import DeskIntake
from repairs.models import Outcome, Visit
from repairs.warranty import basis_of
from repairs.workflow import (
    COMPLETION_ENTERED,
    FEE_SETTLED,
    REPORTERS_ANSWERED,
    SIGNED,
    SIGNED_FOR,
    SLIP_BACK,
    WORKFLOW,
    archive_conditions,
    order_of,
)
from residents.models.staff import Trade
from residents.words import noted, yuan
from tickets.closing import PROMISES_KEPT, REOPENED
from tickets.kinds import Bill, CallQueue, Condition, Question, StepOnTrack, TicketKind, Work
from tickets.models import Callback, Ticket, TicketEvent

if TYPE_CHECKING:
    from django.http import HttpResponse

    from residents.middleware import StaffRequest

CONDITIONS = (
    (SIGNED_FOR, _("领单已签收")),
    (SLIP_BACK, _("作业联已交回")),
    (COMPLETION_ENTERED, _("完工已录入")),
    (SIGNED, _("业主签字")),
    (PROMISES_KEPT, _("承诺已兑现")),
    (FEE_SETTLED, _("费用已结")),
    (REPORTERS_ANSWERED, _("报事人已回复")),
)
UNDISPATCHED = ("returned", "dispatch_taken_back", *REOPENED)


def window_text(visit: Visit | None) -> str:
    """The agreed window in the project's zone, 03-17 15:00–15:30; empty for a visit 'now'."""
    if visit is None or visit.window_to is None:
        return ""
    begins, ends = timezone.localtime(visit.window_from), timezone.localtime(visit.window_to)
    if begins.date() == ends.date():
        return f"{begins:%m-%d %H:%M}–{ends:%H:%M}"
    return f"{begins:%m-%d %H:%M}–{ends:%m-%d %H:%M}"


def current_visit(ticket: Ticket) -> Visit | None:
    """The visit that counts now, from the visits read with the ticket."""
    number = order_of(ticket).visit_no
    return next((visit for visit in ticket.visits.all() if visit.number == number), None)


def _conditions(ticket: Ticket) -> list[Condition]:
    is_free = order_of(ticket).payable_fen == 0
    rows = []
    for gate, met in archive_conditions(ticket):
        if (gate is FEE_SETTLED and is_free) or (gate is REPORTERS_ANSWERED and not ticket.is_public_area):
            continue
        if gate is SIGNED and ticket.is_public_area:
            continue
        if gate is PROMISES_KEPT and not ticket.promises.all():
            continue
        label = next((word for known, word in CONDITIONS if known is gate), gate.sentence)
        rows.append(Condition(label, met, "" if met else gate.sentence, gate.rule))
    return rows


def _tags(ticket: Ticket) -> list[str]:
    order = order_of(ticket)
    tags = [_t("公共报修") if ticket.is_public_area else _t("户内报修")]
    tags.append(_t("保修期内") if order.in_warranty else _t("收费维修"))
    if ticket.rework_count:
        tags.append(_t("返修 %(n)d 次") % {"n": ticket.rework_count})
    if ticket.is_important:
        tags.append(_t("重要需求"))
    return tags


def _facts(ticket: Ticket) -> list[tuple[str, str]]:
    order = order_of(ticket)
    trade = Trade(order.trade).label
    technician = f"{ticket.assignee.name} {ticket.assignee.number}" if ticket.assignee else _t("未派")
    slip = f"{order.get_form_display()} {order.slip_number}"
    if order.slip_printed_at is not None:
        slip += _t("（%(time)s 打印）") % {"time": f"{timezone.localtime(order.slip_printed_at):%H:%M}"}
    rows = [
        (_t("事项"), noted(ticket.title, order.category.group)),
        (_t("技工"), f"{technician} · {trade}"),
        (_t("单据"), slip),
        (_t("保修"), basis_of(order, ticket)),
        (_t("费用"), _charge(ticket)),
    ]
    if window := window_text(current_visit(ticket)):
        rows.insert(2, (_t("预约"), window))
    if order.result:
        rows.append((_t("处理结果"), order.result))
    return rows


def _charge(ticket: Ticket) -> str:
    order = order_of(ticket)
    if order.in_warranty:
        return _t("保修期内 %(sum)s") % {"sum": yuan(0)}
    told = _t("已告知") if order.price_told_at else _t("未告知")
    parts = [yuan(order.payable_fen), told]
    if order.receipt_number:
        parts.append(_t("收据 %(n)s") % {"n": order.receipt_number})
    if order.paid_fen and order.owed_fen:
        parts.append(_t("还欠 %(sum)s") % {"sum": yuan(order.owed_fen)})
    return " · ".join(parts)


def _bill(ticket: Ticket) -> Bill:
    order = order_of(ticket)
    lines = tuple(
        (
            line.name,
            f"{line.quantity.normalize():f}",
            _t("保修") if line.is_warranty else _t("业主"),
            0 if line.is_warranty else round(line.quantity * line.price_fen),
        )
        for line in order.materials.all()
    )
    return Bill(lines, order.payable_fen)


def _work(ticket: Ticket) -> Work:
    order, visit = order_of(ticket), current_visit(ticket)
    if visit is None or order.completed_at is None:
        return Work(money=_charge(ticket))
    name = visit.technician.name if visit.technician else _t("技工")
    parts = [name]
    if visit.arrived_at is not None:
        parts.append(_t("%(time)s 到场") % {"time": f"{timezone.localtime(visit.arrived_at):%m-%d %H:%M}"})
    parts.append(_t("%(time)s 完工") % {"time": f"{timezone.localtime(order.completed_at):%m-%d %H:%M}"})
    return Work(_t("%(work)s：%(result)s") % {"work": " ".join(parts), "result": order.result}, _charge(ticket))


def _agreed(ticket: Ticket) -> list[tuple[str, datetime]]:
    visit = current_visit(ticket)
    if visit is None or visit.window_to is None or visit.finished or visit.missed_at is not None:
        return []
    return [(_t("上门 %(window)s") % {"window": window_text(visit)}, visit.window_to)]


def _details(event: TicketEvent) -> str:
    """What one event of a repair says beside its name."""
    data: dict[str, Any] = event.data
    parts: list[str] = []
    if event.kind in ("dispatched", "redispatched"):
        parts.append(_t("给 %(who)s") % {"who": data.get("given_to") or _t("抢单池")})
        if data.get("oral"):
            parts.append(_t("口头派工"))
        if data.get("override_reason"):
            parts.append(_t("仍然派单：%(why)s") % {"why": data["override_reason"]})
    if event.kind == "arrived":
        methods = {"scan": _t("扫码签到"), "manual": _t("手机签到"), "phone": _t("电话报到")}
        parts.append(methods.get(data.get("method", ""), ""))
    if event.kind in ("appointment_set", "suspended", "reappointed", "reported") and data.get("window_to"):
        begins, ends = (parse_datetime(data.get(name) or "") for name in ("window_from", "window_to"))
        if begins and ends:
            text = f"{timezone.localtime(begins):%m-%d %H:%M}–{timezone.localtime(ends):%H:%M}"
            parts.append(_t("约 %(window)s") % {"window": text})
    if event.kind == "cancelled" and data.get("method"):
        parts.append(str(Callback.Method(data["method"]).label))
    if event.kind == "suspended" and data.get("outcome"):
        parts.append(str(Outcome(data["outcome"]).label))
    if event.kind == "price_told":
        parts.append(_t("同意人 %(who)s") % {"who": data.get("accepted_by", "")})
        if data.get("price_fen") is not None:
            parts.append(yuan(data["price_fen"]))
    if event.kind == "warranty_corrected":
        parts.append(_t("改为保修期内") if data.get("in_warranty") else _t("改为收费维修"))
    if event.kind in ("work_finished", "fee_received", "fee_waived"):
        fen = data.get("charge_fen", data.get("amount_fen"))
        if fen:
            parts.append(yuan(fen))
        if data.get("signed_on_paper"):
            parts.append(_t("纸质签字"))
    for name in ("slip", "receiver", "receipt", "withdrawn_by", "agreed_with"):
        if data.get(name):
            parts.append(str(data[name]))
    if data.get("reprint"):
        parts.append(_t("补打"))
    return " · ".join(part for part in parts if part)


def _work_page(request: StaffRequest, ticket: Ticket, **asked: Any) -> HttpResponse:
    from repairs.views import work_page

    return work_page(request, ticket, **asked)


def _slip_page(request: StaffRequest, ticket: Ticket) -> HttpResponse:
    from repairs.views import slip_page

    return slip_page(request, ticket)


REPAIR = TicketKind(
    code="repair",
    name=_("报修"),
    number_prefix="GD",
    record="repair",
    workflow=WORKFLOW,
    related=("repair__category", "repair__tariff"),
    prefetch=("attachments", "reporters", "visits__technician"),
    track=(
        StepOnTrack(_("受理"), ("reported",), ("REP-11",)),
        StepOnTrack(
            _("派单"),
            ("dispatched", "redispatched"),
            ("REP-09",),
            undone_by=UNDISPATCHED,
        ),
        StepOnTrack(
            _("到场"), ("arrived",), ("REP-16", "REP-20", "REP-20.again"), undone_by=("suspended", "reappointed")
        ),
        StepOnTrack(pgettext_lazy("step", "开工"), ("work_started",), ("REP-17",)),
        StepOnTrack(pgettext_lazy("step", "完工"), ("work_finished",)),
        StepOnTrack(_("管家验收"), ("result_accepted",), ("REP-25", "REP-25.public"), _("完工后 10 分钟")),
        StepOnTrack(_("电话回访"), ("callback_done",), ("REP-26",), _("完工后 24 小时")),
        StepOnTrack(_("审核归档"), ("archived",), (), _("客服中心负责人")),
    ),
    event_labels={
        "reported": _("受理报修"),
        "dispatched": _("派单"),
        "redispatched": _("改派"),
        "dispatch_taken_back": _("撤销派单"),
        "engineering_informed": _("告知工程"),
        "price_told": _("告知收费，业主同意"),
        "warranty_corrected": _("更正保修归属"),
        "closed_unservable": _("不能办，已说明"),
        "accepted": _("接单"),
        "auto_accepted": _("60 秒未接，自动接单"),
        "accepted_by_hand": _("补登接单"),
        "returned": _("退单"),
        "appointment_set": _("约定上门时间"),
        "visit_missed": _("失约"),
        "miss_withdrawn": _("失约撤回：实际按时到场"),
        "apology_logged": _("致歉"),
        "reappointed": _("致歉并改约"),
        "arrived": _("到场"),
        "work_started": _("开工"),
        "suspended": _("暂离现场"),
        "left_site": _("离场"),
        "work_finished": _("完工"),
        "completion_reported": _("报完工"),
        "slip_printed": _("打印工作单"),
        "slip_taken": _("领单"),
        "slip_returned": _("收回作业联"),
        "completion_entered": _("录入完工信息"),
        "fee_waived": _("减免费用"),
        "fee_received": _("收费"),
        "cancelled": _("取消"),
        "merged": _("并入其他工单"),
        "result_accepted": _("验收合格"),
        "result_rejected": _("验收不合格，返修"),
        "callback_done": _("回访"),
        "callback_attempted": _("回访未接通"),
        "callback_negative": _("回访不满意，返修"),
        "second_callback_done": _("二次回访"),
        "reviewed": _("审核通过"),
        "review_returned": _("审核退回"),
        "archived": _("归档"),
    },
    event_icons={
        "reported": "phone",
        "dispatched": "layout-kanban",
        "redispatched": "layout-kanban",
        "dispatch_taken_back": "arrow-back-up",
        "accepted": "check",
        "auto_accepted": "check",
        "returned": "arrow-back-up",
        "appointment_set": "calendar-event",
        "reappointed": "calendar-event",
        "visit_missed": "alert-triangle",
        "arrived": "map-pin",
        "work_started": "tool",
        "suspended": "player-pause",
        "work_finished": "circle-check",
        "slip_printed": "printer",
        "fee_received": "receipt",
        "result_accepted": "check",
        "callback_done": "phone",
        "reviewed": "clipboard-check",
        "archived": "box",
    },
    details=_details,
    conditions=_conditions,
    tags=_tags,
    facts=_facts,
    bill=_bill,
    work=_work,
    agreed=_agreed,
    visit_no=lambda ticket: order_of(ticket).visit_no,
    forms={**FORMS, "print_slip": replace(FORMS["print_slip"], page=_slip_page)},
    calls=(
        CallQueue(
            "acceptance",
            _("10 分钟验收"),
            _("10 分钟验收"),
            ("completion_reported",),
            ("REP-25", "REP-25.public"),
            is_acceptance=True,
        ),
        CallQueue("callback", _("报修 24 小时"), _("24 小时回访"), ("accepted_ok",), ("REP-26",)),
        CallQueue(
            "second",
            _("二次回访"),
            _("月内二次回访"),
            ("called_back", "reviewed", "archived"),
            ("REP-27",),
            is_second=True,
        ),
    ),
    questions=(
        Question("solved", _("问题是否解决"), (("yes", _("已解决")), ("partly", _("部分")), ("no", _("未解决")))),
        Question("on_time", _("是否按约定时间到场"), (("yes", _("是")), ("no", _("否")), ("unknown", _("不清楚")))),
        Question("manners", _("着装、鞋套、清理现场"), (("yes", _("规范")), ("fair", _("一般")), ("no", _("差")))),
        Question(
            "charges_told",
            _("收费是否事先说明、开收据"),
            (("yes", _("是")), ("no", _("否")), ("none", _("无收费"))),
        ),
    ),
    work_page=_work_page,
    intake=DeskIntake(),
)
