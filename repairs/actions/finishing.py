"""The work is done, and the desk hears of it (rules REP-18, REP-22, REP-23, REP-25)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from repairs.actions.people import check_own_job, worker_of
from repairs.actions.visits import visit_of
from repairs.availability import is_worker
from repairs.models import MaterialLine, Outcome
from repairs.workflow import has_signature, order_of
from residents.errors import GateClosed, InvalidInput
from residents.models import Staff
from residents.roles import Role
from residents.tenancy import one_act
from tickets.actions import MOST_FEN, notify
from tickets.models import Ticket
from tickets.sla.ladder import holders
from tickets.texts import checked
from tickets.workflow import step


@dataclass(frozen=True, kw_only=True)
class Material:
    """A material used: quantity in its own unit, price of one in fen."""

    name: str
    quantity: float = 1
    price_fen: int = 0


@one_act()
def finish_work(
    ticket_id: int,
    *,
    by: Staff,
    result: str,
    is_tested: bool,
    is_cleaned: bool,
    part_spec: str = "",
    materials: tuple[Material, ...] = (),
    labour_fen: int = 0,
    signed_on_paper: bool = False,
    outcome: str = Outcome.FIXED,
    report: bool = True,
    at: datetime | None = None,
    occurred_at: datetime | None = None,
    version: int | None = None,
) -> Ticket:
    """Finished: the customer has tried it, the place is clean, it is signed (rules REP-18, REP-22, REP-23).

    Any `outcome` but fixed is refused: waiting for parts or for a contractor, the technician leaves early (REP-19).
    In a home the owner's signature of this visit must be attached, unless `signed_on_paper` says it stands on the
    slip that comes back. Starts REP-21, REP-26, for public areas REP-02, for important needs REP-27, all from when the
    work was finished. `report` tells the desk in the same act, as finishing on the phone does. `materials` and
    `labour_fen` are those of this round, in fen: a rework adds to what was charged before (rule REP-36).
    """
    result = checked(result, field="result", at_most=1000, needed=_("请填写处理结果。"), rule="REP-22")
    part_spec = checked(part_spec, field="part_spec", at_most=200)
    _check_charges(materials, labour_fen)
    if outcome not in Outcome.values:
        raise InvalidInput(_("请选择结果。"), rule="REP-22", field="outcome")
    with step(ticket_id, "finish", by=by, at=at, occurred_at=occurred_at, version=version) as taken:
        check_own_job(taken)
        ticket, order = taken.ticket, order_of(taken.ticket)
        if outcome != Outcome.FIXED:
            raise GateClosed(_("没有修好不能完工；要离开请登记暂离。"), rule="REP-18", field="outcome")
        if not is_tested:
            raise GateClosed(_("请业主试用（公共部位请测试）后再完工。"), rule="REP-23")
        if not is_cleaned:
            raise GateClosed(_("清理现场后再完工。"), rule="REP-23")
        if not (ticket.is_public_area or signed_on_paper or has_signature(ticket)):
            raise GateClosed(_("差业主签字。"), rule="REP-23")
        order.result, order.part_spec = result, part_spec
        order.is_tested, order.is_cleaned = True, True
        order.completed_at = ticket.handled_at = taken.occurred_at
        order.completion_entered_at = None
        if is_worker(by, ticket.project_id):
            # Finished on the phone: the completion is in the system already.
            order.completion_entered_at = taken.entered_at
        charge_fen = 0 if order.in_warranty else labour_fen + sum(round(m.quantity * m.price_fen) for m in materials)
        order.charge_fen += charge_fen
        order.save()
        MaterialLine.objects.bulk_create(
            MaterialLine(
                company_id=ticket.company_id,
                order=order,
                name=m.name,
                quantity=m.quantity,
                price_fen=m.price_fen,
                is_warranty=order.in_warranty,
            )
            for m in materials
        )
        visit = visit_of(ticket, order.visit_no)
        visit.finished = True
        visit.save(update_fields=("finished",))
        taken.say(
            visit=order.visit_no,
            result=result,
            outcome=outcome,
            charge_fen=charge_fen,
            signed_on_paper=signed_on_paper,
            technician=worker_of(taken),
        )
    if report:
        # The desk hears of it when it is entered, whenever the work itself ended.
        return report_completion(ticket_id, by=by, at=taken.entered_at)
    return taken.ticket


def _check_charges(materials: tuple[Material, ...], labour_fen: int) -> None:
    for material in materials:
        checked(material.name, field="materials", at_most=60, needed=_("请填写材料名称。"), rule="REP-22")
        if not 0 < material.quantity < 1_000_000 or not 0 <= material.price_fen <= MOST_FEN:
            raise InvalidInput(_("材料的数量或单价不对，请核对。"), rule="REP-22", field="materials")
    if labour_fen < 0 or labour_fen + sum(m.quantity * m.price_fen for m in materials) > MOST_FEN:
        raise InvalidInput(_("费用金额不对，请核对。"), rule="REP-36", field="labour")


@one_act()
def report_completion(
    ticket_id: int,
    *,
    by: Staff,
    at: datetime | None = None,
    occurred_at: datetime | None = None,
    version: int | None = None,
) -> Ticket:
    """The desk hears that it is done; the ten minutes to acceptance start and the specialist is told (rule REP-25).

    `occurred_at` is when the desk was told, which may be before it is typed in.
    """
    with step(ticket_id, "report_completion", by=by, at=at, occurred_at=occurred_at, version=version) as taken:
        check_own_job(taken)
        order = order_of(taken.ticket)
        order.completion_reported_at = taken.occurred_at
        order.save(update_fields=("completion_reported_at",))
        taken.say(visit=order.visit_no)
        notify(
            taken.ticket,
            holders(Role.SPECIALIST, project_id=taken.ticket.project_id, at=taken.entered_at),
            kind="completed",
            text=gettext_noop("待验收：%(title)s · %(place)s"),
            title=taken.ticket.title,
            place=taken.ticket.place,
            key=f"completed/{taken.ticket.pk}/{taken.ticket.version}",
            at=taken.entered_at,
        )
    return taken.ticket
