"""The state machine of a repair, line by line as the rulebook's table (c) gives it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from repairs import policies
from repairs.models import RepairOrder
from tickets.closing import BY_EVIDENCE, ON_SITE, PROMISES_KEPT, TAIL_STATES, did_the_work, tail
from tickets.models import Attachment, Ticket
from tickets.policies import MERGE
from tickets.workflow import Gate, Stage, State, Step, Transition, Workflow


def order_of(ticket: Ticket) -> RepairOrder:
    """The repair's record, read once per ticket object."""
    return ticket.repair


def _price_told(taken: Step) -> bool:
    order = order_of(taken.ticket)
    return order.in_warranty or order.price_told_at is not None


def _never(taken: Step) -> bool:
    return False


def has_signature(ticket: Ticket) -> bool:
    """The owner's signature of the current visit: drawn on the phone, or on the slip that came back.

    A file that names no visit counts when it was added since the arrival: a rework needs a signature of its own.
    """
    purposes = (Attachment.Purpose.SIGNATURE, Attachment.Purpose.SLIP)
    files = [file for file in ticket.attachments.all() if file.purpose in purposes]
    if not files:
        return False
    visit = next(visit for visit in ticket.visits.all() if visit.number == order_of(ticket).visit_no)
    return any(
        file.visit_no == visit.number
        or (file.visit_no == 0 and visit.arrived_at is not None and file.uploaded_at >= visit.arrived_at)
        for file in files
    )


def _signed(taken: Step) -> bool:
    return taken.ticket.is_public_area or has_signature(taken.ticket)


def _signed_for(taken: Step) -> bool:
    return order_of(taken.ticket).slip_taken_at is not None


def _specialist_verified(taken: Step) -> bool:
    facts = taken.data
    return not taken.ticket.is_public_area or (
        not facts.get("by_owner") and facts.get("method") in (ON_SITE, BY_EVIDENCE)
    )


def _slip_back(taken: Step) -> bool:
    return order_of(taken.ticket).slip_returned_at is not None


def _completion_entered(taken: Step) -> bool:
    return order_of(taken.ticket).completion_entered_at is not None


def _fee_settled(taken: Step) -> bool:
    return order_of(taken.ticket).owed_fen == 0


def _reporters_answered(taken: Step) -> bool:
    if not taken.ticket.is_public_area:
        return True
    return all(reporter.replied_at is not None for reporter in taken.ticket.reporters.all())


def _apologised(taken: Step) -> bool:
    return all(visit.missed_at is None or visit.apologised_at is not None for visit in taken.ticket.visits.all())


PRICE_TOLD = Gate("REP-07", _("保修期外的维修，派单前要先告知收费标准并登记业主同意。"), _price_told)
APOLOGISED = Gate("REP-20", _("上次预约失约：先向业主说明原因并致歉，再并入。"), _apologised)
STAY = Gate("REP-18", _("维修没有完成不能离场；确需暂离，请登记业主书面同意和下次上门时间。"), _never)
SIGNED = Gate("CBK-06", _("缺业主签字：请补签，或上传签过字的作业联。"), _signed)
SIGNED_FOR = Gate("CBK-05", _("没有领单签收记录：请接单的人补签收。"), _signed_for)
VERIFIED = Gate("REP-41", _("公共报修要由客服专员现场或凭照片核验，业主确认和电话都不能代替。"), _specialist_verified)
SLIP_BACK = Gate("CBK-06", _("作业联还没有交回，存根和作业联齐了才能归档。"), _slip_back)
COMPLETION_ENTERED = Gate("CBK-06", _("完工信息还没有录入。"), _completion_entered)
FEE_SETTLED = Gate("REP-36", _("收费维修缺收据号。"), _fee_settled)
REPORTERS_ANSWERED = Gate("REP-02", _("还有报事人没有回复。"), _reporters_answered)

ARCHIVE_GATES = (SIGNED_FOR, SLIP_BACK, COMPLETION_ENTERED, SIGNED, PROMISES_KEPT, FEE_SETTLED, REPORTERS_ANSWERED)

BEFORE_WORK = ("reported", "dispatched", "accepted", "on_site", "missed_visit", "rework")
ANY_OPEN = (
    *BEFORE_WORK,
    "in_work",
    "finished",
    "completion_reported",
    "accepted_ok",
    "called_back",
    "reviewed",
)
AFTER_WORK = ("finished", "completion_reported", "accepted_ok", "called_back", "reviewed")

WORKFLOW = Workflow(
    initial="reported",
    states=(
        State("reported", _("待派单"), "dashed", stage=Stage.DISPATCH),
        State("duplicate", _("已并入"), "cross", is_end=True),
        State("closed_unservable", _("不能办，已说明"), "cross", is_end=True),
        State("dispatched", _("待接单"), "dashed", stage=Stage.ARRIVAL),
        State("accepted", _("已接单"), "quarter", stage=Stage.ARRIVAL),
        State("missed_visit", _("失约待改约"), "pause", stage=Stage.ARRIVAL),
        State("on_site", _("到场"), "half", stage=Stage.WORK),
        State("in_work", _("施工中"), "three-quarters", stage=Stage.WORK),
        State("finished", _("完工"), "dot", stage=Stage.ACCEPTANCE),
        *TAIL_STATES,
        State("cancelled", _("已取消"), "cross", is_end=True),
    ),
    transitions=(
        Transition(
            action="merge",
            label=_("并入其他工单"),
            sources=("reported",),
            target="duplicate",
            event="merged",
            policy=MERGE,
            gates=(APOLOGISED,),
        ),
        Transition(
            action="dispatch",
            label=_("派单"),
            sources=("reported", "rework"),
            target="dispatched",
            event="dispatched",
            policy=policies.DISPATCH,
            gates=(PRICE_TOLD,),
            key="p",
            is_primary=True,
            audience="owner",
        ),
        Transition(
            action="dispatch",
            label=_("改派"),
            sources=("dispatched", "accepted"),
            target="dispatched",
            event="redispatched",
            policy=policies.DISPATCH,
            gates=(PRICE_TOLD,),
            key="r",
        ),
        Transition(
            action="take_back",
            label=_("撤销派单"),
            sources=("dispatched",),
            target="reported",
            event="dispatch_taken_back",
            policy=policies.DISPATCH,
            audience="owner",
        ),
        Transition(
            action="inform",
            label=_("登记已告知工程"),
            sources=("reported",),
            target=None,
            event="engineering_informed",
            policy=policies.DISPATCH,
        ),
        Transition(
            action="tell_price",
            label=_("登记已告知收费"),
            sources=BEFORE_WORK,
            target=None,
            event="price_told",
            policy=policies.TELL_PRICE,
        ),
        Transition(
            action="correct_warranty",
            label=_("更正保修归属"),
            sources=(*BEFORE_WORK, "in_work"),
            target=None,
            event="warranty_corrected",
            policy=policies.CORRECT_WARRANTY,
        ),
        Transition(
            action="correct_warranty",
            label=_("更正保修归属"),
            sources=("finished", "completion_reported", "accepted_ok"),
            target=None,
            event="warranty_corrected",
            policy=policies.CORRECT_CHARGED,
        ),
        Transition(
            action="close_unservable",
            label=_("不能办，结束"),
            sources=("reported",),
            target="closed_unservable",
            event="closed_unservable",
            policy=policies.CLOSE_UNSERVABLE,
        ),
        Transition(
            action="accept",
            label=_("接单"),
            sources=("dispatched",),
            target="accepted",
            event="accepted",
            policy=policies.WORK,
            is_primary=True,
            audience="owner",
        ),
        Transition(
            action="auto_accept",
            label=_("自动接单"),
            sources=("dispatched",),
            target="accepted",
            event="auto_accepted",
            policy=None,
            audience="owner",
        ),
        Transition(
            action="accept_late",
            label=_("接单"),
            sources=("accepted",),
            target=None,
            event="accepted_by_hand",
            policy=policies.WORK,
        ),
        Transition(
            action="return",
            label=_("退单"),
            sources=("dispatched", "accepted"),
            target="reported",
            event="returned",
            policy=policies.RETURN,
        ),
        Transition(
            action="set_appointment",
            label=_("约定上门时间"),
            sources=("reported", "dispatched", "accepted", "rework"),
            target=None,
            event="appointment_set",
            policy=policies.APPOINT,
            audience="owner",
        ),
        Transition(
            action="miss_visit",
            label=_("失约"),
            sources=("accepted",),
            target="missed_visit",
            event="visit_missed",
            policy=None,
        ),
        Transition(
            action="miss_visit",
            label=_("失约"),
            sources=("reported", "dispatched", "rework"),
            target=None,
            event="visit_missed",
            policy=None,
        ),
        Transition(
            action="apologise",
            label=_("登记致歉"),
            sources=ANY_OPEN,
            target=None,
            event="apology_logged",
            policy=policies.APOLOGISE,
        ),
        Transition(
            action="reappoint",
            label=_("致歉并改约"),
            sources=("missed_visit",),
            target="accepted",
            event="reappointed",
            policy=policies.APOLOGISE,
            is_primary=True,
            audience="owner",
        ),
        Transition(
            action="arrive",
            label=_("到场"),
            sources=("accepted", "missed_visit"),
            target="on_site",
            event="arrived",
            policy=policies.NOTE_WORK,
            is_primary=True,
            audience="owner",
        ),
        Transition(
            action="start",
            label=_("开工"),
            sources=("on_site",),
            target="in_work",
            event="work_started",
            policy=policies.NOTE_WORK,
            is_primary=True,
            audience="owner",
        ),
        Transition(
            action="leave_early",
            label=_("暂离现场"),
            sources=("in_work",),
            target="accepted",
            event="suspended",
            policy=policies.NOTE_WORK,
            audience="owner",
        ),
        Transition(
            action="leave",
            label=_("离场"),
            sources=("on_site", "in_work"),
            target=None,
            event="left_site",
            policy=policies.NOTE_WORK,
            gates=(STAY,),
        ),
        Transition(
            action="leave",
            label=_("离场"),
            sources=AFTER_WORK,
            target=None,
            event="left_site",
            policy=policies.NOTE_WORK,
        ),
        Transition(
            action="finish",
            label=_("登记完工"),
            sources=("in_work",),
            target="finished",
            event="work_finished",
            policy=policies.NOTE_WORK,
            key="c",
            is_primary=True,
            audience="owner",
        ),
        Transition(
            action="report_completion",
            label=_("报完工"),
            sources=("finished",),
            target="completion_reported",
            event="completion_reported",
            policy=policies.NOTE_WORK,
            is_primary=True,
        ),
        Transition(
            action="print_slip",
            label=_("打印工作单"),
            sources=ANY_OPEN,
            target=None,
            event="slip_printed",
            policy=policies.SLIP,
        ),
        Transition(
            action="take_slip",
            label=_("登记领单"),
            sources=("dispatched", "accepted", "on_site", "in_work", *AFTER_WORK),
            target=None,
            event="slip_taken",
            policy=policies.SLIP,
        ),
        Transition(
            action="return_slip",
            label=_("收回作业联"),
            sources=AFTER_WORK,
            target=None,
            event="slip_returned",
            policy=policies.SLIP,
        ),
        Transition(
            action="enter_completion",
            label=_("录入完工信息"),
            sources=AFTER_WORK,
            target=None,
            event="completion_entered",
            policy=policies.SLIP,
        ),
        Transition(
            action="waive_fee",
            label=_("减免费用"),
            sources=AFTER_WORK,
            target=None,
            event="fee_waived",
            policy=policies.MONEY,
        ),
        Transition(
            action="take_fee",
            label=_("登记收费"),
            sources=AFTER_WORK,
            target=None,
            event="fee_received",
            policy=policies.MONEY,
        ),
        Transition(
            action="cancel",
            label=_("取消（业主撤回）"),
            sources=tuple(state for state in BEFORE_WORK if state != "rework"),
            target="cancelled",
            event="cancelled",
            policy=policies.CANCEL,
        ),
        *tail(archive_gates=ARCHIVE_GATES, accept_gates=(VERIFIED,)),
    ),
)


def archive_conditions(ticket: Ticket) -> list[tuple[Gate, bool]]:
    """What must be done before the archive, each with whether it is: the gates themselves, so page and act agree."""
    taken = Step(ticket, WORKFLOW.transitions[0], None, ticket.entered_at, ticket.entered_at, {})
    return [(gate, gate.holds(taken)) for gate in ARCHIVE_GATES]


__all__ = ["ARCHIVE_GATES", "WORKFLOW", "archive_conditions", "did_the_work", "has_signature", "order_of"]
