"""The technician's pages on the phone: the list, one job, and whether one can be given work."""

from __future__ import annotations

import functools
import uuid
from typing import Any

from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from repairs import queries
from repairs.forms import FinishForm, LeaveEarlyForm, WindowForm
from repairs.kind import current_visit, window_text
from repairs.policies import SEE_PHONE_PAGES
from repairs.slip import slip_of
from repairs.workflow import has_signature, order_of
from residents import duty
from residents.access import staff_only
from residents.errors import DomainError, InvalidInput, NotFound
from residents.middleware import StaffRequest
from residents.tenancy import scope_now
from residents.words import listed, yuan
from tickets.acting import ActForm, acts_for, new_form_key
from tickets.clock_text import clock_view
from tickets.forms import LateReasonForm
from tickets.kinds import kind_of
from tickets.live import publish
from tickets.models import Attachment, SlaClock, Ticket
from tickets.queries.page import MaterialRow, for_page
from tickets.queries.shown import photo_of

BESIDE_THE_FORM = ("material_", "quantity_", "price_", "labour", "occurred_at")
"""Fields of the finish that stand outside its form element, on cards of their own."""


@require_GET
@staff_only(SEE_PHONE_PAGES)
def tech_list(request: StaffRequest) -> HttpResponse:
    """My jobs: the current one with its clock, what comes next, and the pool."""
    now = scope_now()
    jobs = queries.jobs_of(request.staff, request.project, now=now)
    shift = queries.running_shift(request.staff, request.project, now=now)
    states = []
    if shift is not None:
        states = [
            {"value": "ready", "label": _("接单中"), "current": not shift.is_away},
            {"value": "away", "label": _("离岗"), "current": shift.is_away},
        ]
    context = {
        "current": jobs.current,
        "upcoming": jobs.upcoming,
        "pool": jobs.pool,
        "list_url": reverse("repairs:tech_list"),
        "technician": {
            "name": request.staff.name,
            "number": request.staff.number,
            "trade": queries.trade_text(request.staff),
        },
        "states": states,
        "state_url": reverse("repairs:duty_state"),
    }
    is_part = request.headers.get("HX-Target") == "tech-jobs"
    return render(request, "repairs/_tech_jobs.html" if is_part else "repairs/tech_list.html", context)


@require_GET
@staff_only(SEE_PHONE_PAGES)
def tech_job(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """One job with everything its next step asks."""
    tickets = for_page(Ticket.objects.visible_to(request.staff)).filter(kind="repair")
    ticket = tickets.filter(public_id=public_id).first()
    if ticket is None:
        raise NotFound
    timezone.activate(ticket.project.tzinfo)  # as the page of any ticket
    return _job(request, ticket)


def work_page(
    request: StaffRequest,
    ticket: Ticket,
    *,
    action: str = "",
    form: ActForm | None = None,
    error: DomainError | None = None,
    status: int = 200,
) -> HttpResponse:
    """Answer an act that came from the phone: the job again, or the list once the job is somebody else's."""
    fresh = for_page(Ticket.objects.visible_to(request.staff)).filter(pk=ticket.pk).first()
    is_htmx, target = bool(request.headers.get("HX-Request")), request.headers.get("HX-Target", "")
    url = reverse("repairs:tech_list")
    if fresh is not None and fresh.state not in ("reported", "archived"):
        url = reverse("repairs:tech_job", args=(fresh.public_id,))
    elif is_htmx and target == "tech-job":
        answer = HttpResponse(status=204)
        answer["HX-Redirect"] = url
        return answer
    if not action:
        if not is_htmx:
            return HttpResponseRedirect(url)
        return _job(request, fresh) if fresh is not None and target == "tech-job" else HttpResponse(status=204)
    if fresh is None or (is_htmx and target != "tech-job"):
        raise error or InvalidInput(next((str(lines[0]) for lines in form.errors.values()), "") if form else None)
    return _job(request, fresh, action=action, form=form, error=error, status=status)


def slip_page(request: StaffRequest, ticket: Ticket) -> HttpResponse:
    """The slip on paper: the answer to the act of printing it (rule REP-12)."""
    printed = for_page(Ticket.objects.visible_to(request.staff)).get(pk=ticket.pk)
    url = reverse("tickets:detail", args=(printed.public_id,))
    slip = slip_of(printed, address=request.build_absolute_uri(url))
    return render(request, "repairs/slip.html", {"slip": slip, "ticket_url": url})


@require_POST
@staff_only(SEE_PHONE_PAGES)
def duty_state(request: StaffRequest) -> HttpResponse:
    """接单中 or 离岗: whether the desk may give this person work now."""
    is_away = request.POST.get("state") == "away"
    duty.set_away(request.staff, is_away=is_away, at=scope_now())
    message = {"event": "tech", "id": "", "v": 0, "project": request.project.pk, "staff": None}
    transaction.on_commit(functools.partial(publish, request.staff.company_id, message))
    return HttpResponseRedirect(reverse("repairs:tech_list"))


def _job(
    request: StaffRequest,
    ticket: Ticket,
    *,
    action: str = "",
    form: ActForm | None = None,
    error: DomainError | None = None,
    status: int = 200,
) -> HttpResponse:
    context = _job_context(request, ticket, action, form, error)
    is_part = request.headers.get("HX-Target") == "tech-job"
    return render(request, "repairs/_tech_job.html" if is_part else "repairs/tech_job.html", context, status=status)


def _job_context(
    request: StaffRequest, ticket: Ticket, action: str, form: ActForm | None, error: DomainError | None
) -> dict[str, Any]:
    now, staff = scope_now(), request.staff
    clocks = list(SlaClock.objects.filter(ticket=ticket).order_by("due_at", "pk"))
    running = next((clock for clock in clocks if clock.is_live), None)
    files = list(ticket.attachments.all())
    may = {act.code for act in acts_for(ticket, staff)}
    step = queries.next_step(ticket)
    stage = "work" if ticket.state == "in_work" else "before" if ticket.state in queries.REACHED else "after"
    given: dict[str, Any] = {"ticket": ticket, "staff": staff}
    finish = form if isinstance(form, FinishForm) else FinishForm(**given)
    for name, item in finish.fields.items():
        if name.startswith(BESIDE_THE_FORM):
            item.widget.attrs["form"] = "finish-form"
    leave = form if isinstance(form, LeaveEarlyForm) else LeaveEarlyForm(**given)
    refuse = form if action == "return" and form is not None else LateReasonForm(**given)
    later = form if isinstance(form, WindowForm) else WindowForm(**given)
    leave.auto_id, refuse.auto_id, later.auto_id = "leave_%s", "refuse_%s", "later_%s"  # several forms on one page
    missing = finish.missing() if stage == "work" else []
    bill = kind_of(ticket).bill(ticket)
    return {
        "job": {
            "public_id": str(ticket.public_id),
            "version": ticket.version,
            "title": ticket.title,
            "place_line": queries.place_line(ticket),
            "number": ticket.short_number,
            "url": reverse("repairs:tech_job", args=(ticket.public_id,)),
            "list_url": reverse("repairs:tech_list"),
            "tel": queries.telephone(ticket),
            "clock": clock_view(running, now, ticket.project.tzinfo) if running else None,
            "hint": ticket.reporter.care_note if ticket.reporter else "",
            "description": ticket.description,
            "result": order_of(ticket).result,
            "window": window_text(current_visit(ticket)),
        },
        "progress": queries.progress_of(ticket, clocks, now),
        "next": step if step and step.code in may and not step.opens else None,
        "form_key": new_form_key(),
        "stage": stage,
        "photos_before": [photo_of(file) for file in files if file.purpose == Attachment.Purpose.BEFORE],
        "photos_after": [photo_of(file) for file in files if file.purpose == Attachment.Purpose.AFTER],
        "need_before": 0,
        "need_after": 0,
        "attach_url": reverse("tickets:attach", args=(ticket.public_id,)) if ticket.is_open else "",
        "materials": [MaterialRow(name, quantity, covered, yuan(fen)) for name, quantity, covered, fen in bill.lines],
        "materials_total": yuan(bill.total_fen),
        "finish_form": finish,
        "signed": has_signature(ticket) if stage != "before" and not ticket.is_public_area else False,
        "checks": [finish["is_cleaned"], finish["is_tested"]],
        "missing": missing,
        "missing_words": listed(missing),
        "suspend_form": leave if stage == "work" and "leave_early" in may else None,
        "refuse_form": refuse if "return" in may else None,
        "later_form": later if "set_appointment" in may else None,
        "error": error,
        "error_action": action,
        "error_form": form,
    }
