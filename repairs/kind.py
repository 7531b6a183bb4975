"""How a repair plugs into the ticket core."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from repairs.intake import DeskIntake
from repairs.workflow import WORKFLOW, archive_conditions, order_of
from tickets.kinds import StepOnTrack, TicketKind
from tickets.models import Ticket


def _conditions(ticket: Ticket) -> list[tuple[Promise | str, bool]]:
    words: tuple[Promise, ...] = (_("作业联已交回"), _("完工已录入"), _("业主签字"), _("费用已结"), _("报事人已回复"))
    met = [holds for _gate, holds in archive_conditions(ticket)]
    rows: list[tuple[Promise | str, bool]] = list(zip(words, met, strict=True))
    if not ticket.is_public_area:
        rows = [row for row in rows if row[0] is not words[4]]
    if order_of(ticket).payable_fen == 0:
        rows = [row for row in rows if row[0] is not words[3]]
    return [
        *rows,
        (_("管家验收"), ticket.accepted_at is not None),
        (_("电话回访"), ticket.called_back_at is not None),
        (_("客服中心负责人审核"), ticket.reviewed_at is not None),
    ]


def _tags(ticket: Ticket) -> list[str]:
    order = order_of(ticket)
    tags = [str(_("公共报修") if ticket.is_public_area else _("户内报修"))]
    tags.append(str(_("保修期内") if order.in_warranty else _("收费维修")))
    if ticket.rework_count:
        tags.append(str(_("返修 %(n)d 次")) % {"n": ticket.rework_count})
    if ticket.is_important:
        tags.append(str(_("重要需求")))
    return tags


REPAIR = TicketKind(
    code="repair",
    name=_("报修"),
    number_prefix="GD",
    record="repair",
    workflow=WORKFLOW,
    track=(
        StepOnTrack(_("受理"), ("reported",)),
        StepOnTrack(_("派单"), ("dispatched", "redispatched"), "REP-09"),
        StepOnTrack(_("到场"), ("arrived",), "REP-16"),
        StepOnTrack(_("开工"), ("work_started",), "REP-17"),
        StepOnTrack(_("完工"), ("work_finished",)),
        StepOnTrack(_("管家验收"), ("result_accepted",), "REP-25", _("完工后 10 分钟")),
        StepOnTrack(_("电话回访"), ("callback_done",), "REP-26", _("完工后 24 小时")),
        StepOnTrack(_("审核归档"), ("archived",), "", _("客服中心负责人")),
    ),
    event_labels={
        "reported": _("受理报修"),
        "dispatched": _("派单"),
        "redispatched": _("改派"),
        "engineering_informed": _("告知工程"),
        "price_told": _("告知收费，业主同意"),
        "warranty_corrected": _("更正保修归属"),
        "closed_unservable": _("不能办，已说明"),
        "accepted": _("接单"),
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
    archive_conditions=_conditions,
    tags=_tags,
    intake=DeskIntake(),
)
