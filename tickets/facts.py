"""Recording what happened: one append-only event, folded into the clocks in the same transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from residents.errors import InvalidInput
from residents.roles import Role
from residents.tenancy import one_act, scope_now
from tickets.live import publish_on_commit
from tickets.models import Ticket, TicketEvent
from tickets.notices import notify, others_in_line
from tickets.sla import engine

if TYPE_CHECKING:
    from residents.models import Staff

BACKDATING_FLAG = timedelta(hours=2)
_form_key: ContextVar[str] = ContextVar("form_key", default="")


@contextmanager
def once(ticket_id: int, form_key: str, *, lock: bool = True) -> Iterator[bool]:
    """Do the body at most once per form: False says that this form has left its mark on the ticket before.

    The mark stands on the events that the body records. Two submits at once wait for each other on the ticket's lock;
    without `lock` the body must refuse a repetition by itself.
    """
    with one_act():
        if lock:
            Ticket.objects.lock(ticket_id)
        if was_done(ticket_id, form_key):
            yield False
            return
        token = _form_key.set(form_key)
        try:
            yield True
        finally:
            _form_key.reset(token)


def was_done(ticket_id: int, form_key: str) -> bool:
    """Whether the form with this key has been done to the ticket."""
    return bool(form_key) and TicketEvent.objects.filter(ticket_id=ticket_id, data__form_key=form_key).exists()


def moments(
    ticket: Ticket | None, *, at: datetime | None, occurred_at: datetime | None, by_person: bool
) -> tuple[datetime, datetime]:
    """(entered_at, occurred_at) of a step, both aware (rule GEN-01).

    `at` is the moment of entry, the database's now() unless a test or a simulation moves it. Raises InvalidInput when
    the step is said to have happened in the future, or, for a step `by_person`, before the previous such step.
    """
    entered = at or scope_now()
    if at is None and occurred_at is None and ticket is not None:
        # now() is when the transaction began; a step of somebody else may have come first while this one waited.
        entered = max(entered, ticket.last_step_at)
    occurred = occurred_at or entered
    if occurred > entered:
        raise InvalidInput(_("发生时间晚于现在，请核对。"), rule="GEN-01", field="occurred_at")
    if by_person and ticket is not None and occurred < ticket.last_step_at:
        raise InvalidInput(
            _("发生时间早于上一步（%(time)s），请核对。")
            % {"time": ticket.last_step_at.astimezone(ticket.project.tzinfo).strftime("%m-%d %H:%M:%S")},
            rule="GEN-01",
            field="occurred_at",
        )
    return entered, occurred


def record(
    ticket: Ticket,
    kind: str,
    *,
    by: Staff | None,
    entered_at: datetime,
    occurred_at: datetime,
    data: dict[str, Any] | None = None,
    audience: str = TicketEvent.Audience.INTERNAL,
    actor_label: str = "",
    is_new: bool = False,
) -> TicketEvent:
    """Write one event of a locked (or new) ticket and fold it into its clocks.

    Entered more than two hours after it happened, the event says so and the customer-service supervisor is told, once
    for an act of several events (rule GEN-01).
    """
    facts = dict(data or {})
    if form_key := _form_key.get():
        facts["form_key"] = form_key
    if by is not None and entered_at - occurred_at > BACKDATING_FLAG:
        facts["backdated_seconds"] = int((entered_at - occurred_at).total_seconds())
    event = TicketEvent(
        company_id=ticket.company_id,
        ticket=ticket,
        kind=kind,
        occurred_at=occurred_at,
        entered_at=entered_at,
        actor=by,
        actor_label=actor_label or ("" if by else "system"),
        audience=audience,
        data=facts,
    )
    event.save(force_insert=True)
    if by is not None and "backdated_seconds" in facts:
        _flag(ticket, by, entered_at=entered_at, seconds=facts["backdated_seconds"])
    engine.fold(ticket, event, is_new=is_new)
    publish_on_commit(ticket, "ticket")
    return event


def _flag(ticket: Ticket, by: Staff, *, entered_at: datetime, seconds: int) -> None:
    notify(
        ticket,
        others_in_line([Role.SUPERVISOR], by=by, project_id=ticket.project_id, at=entered_at),
        kind="backdated",
        text=gettext_noop("晚 %(n)d 小时补录：%(title)s · %(place)s · %(name)s"),
        n=seconds // 3600,
        title=ticket.title,
        place=ticket.place,
        name=by.name,
        key=f"backdated/{ticket.pk}/{by.pk}/{entered_at.isoformat()}",
        at=entered_at,
    )
