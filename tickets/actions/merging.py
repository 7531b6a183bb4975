"""Two tickets of one fault become one (rule REP-10)."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from residents.errors import GateClosed, InvalidInput
from residents.models import Staff
from residents.tenancy import one_act
from tickets.actions.promises import promise
from tickets.errors import TicketClosed
from tickets.facts import record
from tickets.kinds import kind_of
from tickets.models import Ticket, TicketReporter
from tickets.models.ticket import TicketQuerySet
from tickets.sla import engine
from tickets.workflow import step


def merge_tickets(
    source_id: int, *, into_id: int, by: Staff, at: datetime | None = None, version: int | None = None
) -> Ticket:
    """Close a ticket as a duplicate of an open one of the same fault (rule REP-10); returns the one that stays.

    Its clocks are cancelled with that reason, the other keeps the earlier start, every reporter keeps the right to a
    reply, and what was promised to the customer is promised on the other. Raises GateClosed for a promise whose time
    has passed: the customer is called first (rule GEN-04).
    """
    with one_act():
        for pk in sorted((source_id, into_id)):
            Ticket.objects.lock(pk)
        target = Ticket.objects.select_related("project").get(pk=into_id)
        source_now = Ticket.objects.select_related("project", "unit").get(pk=source_id)
        if source_id == into_id or target.kind != source_now.kind or target.project_id != source_now.project_id:
            raise InvalidInput(_("只能并入同一项目、同一类型的另一张工单。"), rule="REP-10", field="into")
        if not _same_fault(source_now).filter(pk=into_id).exists():
            sentence = _("不是同一处的同一事项，不能并入：那张单是“%(title)s · %(place)s”。")
            if source_now.is_public_area:
                sentence += _("同一处写法不同的，先更正位置。")
            raise InvalidInput(sentence % {"title": target.title, "place": target.place}, rule="REP-10", field="into")
        if target.closed_at is not None:
            raise TicketClosed(_("要并入的工单已经结束。"))
        with step(source_id, "merge", by=by, at=at, version=version, data={"into": target.number}) as taken:
            engine.take_earlier_start(target, taken.ticket, at=taken.entered_at)
            taken.ticket.merged_into = target
            _hand_over_reporters(taken.ticket, target)
            _hand_over_promises(taken.ticket, target, by=by, at=taken.entered_at)
            if taken.ticket.reported_at < target.reported_at:
                target.reported_at = taken.ticket.reported_at
            target.version += 1
            target.save()
        record(
            target,
            "merged_in",
            by=by,
            entered_at=taken.entered_at,
            occurred_at=taken.entered_at,
            data={"from": taken.ticket.number, "from_id": str(taken.ticket.public_id)},
        )
        return target


def _same_fault(ticket: Ticket) -> TicketQuerySet:
    return Ticket.objects.same_fault(
        project=ticket.project,
        kind=ticket.kind,
        category=ticket.category,
        is_public_area=ticket.is_public_area,
        unit=ticket.unit,
        place=ticket.place,
    )


def _hand_over_reporters(source: Ticket, target: Ticket) -> None:
    """Whoever reported the duplicate is a reporter of the ticket that stays (rule REP-10)."""
    if TicketReporter.objects.filter(ticket=source).update(ticket=target, came_from=source):
        return
    name = source.contact_name or (source.reporter.name if source.reporter else "")
    if name or source.contact_phone:
        TicketReporter.objects.create(
            company_id=target.company_id,
            ticket=target,
            person=source.reporter,
            unit=source.unit,
            name=name,
            phone=source.contact_phone,
            reported_at=source.reported_at,
            came_from=source,
        )


def _hand_over_promises(source: Ticket, target: Ticket, *, by: Staff, at: datetime) -> None:
    """The customer counts on what was agreed, whichever ticket is worked on."""
    waiting = [row for row in source.promises.order_by("pk") if row.is_open]
    agreed = kind_of(source).agreed(source)
    if any(moment <= at for moment in (*(row.promised_at for row in waiting), *(moment for _words, moment in agreed))):
        raise GateClosed(_("这张单有已过时限的承诺：先联系业主、约好新的时间，再并入。"), rule="GEN-04")
    for row in waiting:
        row.replaced_by = promise(target, by=by, subject=row.subject, promised_at=row.promised_at, at=at)
        row.save(update_fields=("replaced_by",))
    for words, moment in agreed:
        promise(target, by=by, subject=words, promised_at=moment, at=at)
