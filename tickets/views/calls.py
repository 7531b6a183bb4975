"""Acceptance and callbacks, one after the other."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from residents.access import staff_only
from residents.errors import DomainError, InvalidInput, NotAllowed
from residents.forms import PlainText
from residents.middleware import StaffRequest
from residents.tenancy import scope_now
from tickets import closing, policies
from tickets.acting import moment_field
from tickets.errors import IllegalTransition
from tickets.facts import once
from tickets.models import Callback, Ticket
from tickets.queries import calls
from tickets.views.shared import acted, is_htmx, number_of, target, ticket_or_404

OUTCOMES = {
    "reached": Callback.Outcome.REACHED,
    "no_answer": Callback.Outcome.NO_ANSWER,
    "reschedule": Callback.Outcome.LATER,
    "message": Callback.Outcome.MESSAGE_SENT,
}
FIELDS = {"satisfaction": "rating", "next_try_at": "next_at", "outcome": "result"}


class CallForm(forms.Form):
    """What the drawer sends, whichever button was pressed."""

    person = PlainText(label=gettext_lazy("接电话的人"), max_length=40, required=False)
    words = PlainText(label=gettext_lazy("业主原话"), max_length=1000, required=False)
    rating = forms.TypedChoiceField(
        label=gettext_lazy("总体满意度"), choices=[(str(n), n) for n in range(1, 6)], coerce=int, required=False
    )
    method = PlainText(max_length=10, required=False)
    demand = PlainText(label=gettext_lazy("另外的要求"), max_length=500, required=False)
    next_at = moment_field(gettext_lazy("下次时间"), required=False)
    occurred_at = moment_field(gettext_lazy("实际通话时间"), required=False)


@require_GET
@staff_only(policies.CALL_BACK)
def callbacks(request: StaffRequest) -> HttpResponse:
    """The list, with the drawer empty."""
    return _page(request, None)


@require_http_methods(["GET", "POST"])
@staff_only(policies.CALL_BACK)
def callback(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """One ticket's drawer: what was done, what to ask, what was said; saving opens the next."""
    ticket = ticket_or_404(request, public_id, tickets=calls.for_drawer(Ticket.objects.all()))
    if request.method == "GET":
        if is_htmx(request) and target(request) in ("callback-drawer", "drawer"):
            return _drawer(request, ticket)
        return _page(request, ticket)
    form = CallForm(request.POST)
    error: DomainError | None = None
    sentence = ""
    if form.is_valid():
        try:
            with once(ticket.pk, request.POST.get("form_key", "")[:80]) as is_first:
                sentence = _save(request, ticket, form) if is_first else _("已登记")
        except NotAllowed:
            raise
        except DomainError as refusal:
            error = refusal
            name = FIELDS.get(refusal.field, refusal.field)
            if name in form.fields:
                form.add_error(name, str(refusal.sentence))
                error = None
    if error is not None or form.errors:
        fresh = ticket_or_404(request, public_id, tickets=calls.for_drawer(Ticket.objects.all()))
        status = error.status if error else 422
        if is_htmx(request):
            return _drawer(request, fresh, form=form, error=error, status=status)
        return _page(request, fresh, form=form, error=error, status=status)
    return _next(request, ticket, sentence)


def _save(request: StaffRequest, ticket: Ticket, form: CallForm) -> str:
    queue = calls.queue_of(ticket)
    version = number_of(request.POST.get("version"))
    if queue is None:
        raise IllegalTransition(_("这张单现在不用回访。"))
    # Only the verb may compare the version: it has the lock, and what was read above may be old by now.
    if queue.is_acceptance:
        return _judge(request, ticket, form, version)
    return _call(request, ticket, form, version)


def _judge(request: StaffRequest, ticket: Ticket, form: CallForm, version: int | None) -> str:
    """The specialist's acceptance within ten minutes (rules REP-25, CBK-04)."""
    data, passed = form.cleaned_data, request.POST.get("passed", "")
    if passed not in ("yes", "no"):
        raise InvalidInput(_("请选择合格或不合格。"), rule="CBK-04")
    common: dict[str, Any] = {"by": request.staff, "occurred_at": data["occurred_at"], "version": version}
    if passed == "yes":
        method = data["method"] or closing.ON_SITE
        closing.accept_result(ticket.pk, method=method, note=data["words"], **common)
        return _("验收合格 · %(number)s") % {"number": ticket.short_number}
    closing.reject_result(ticket.pk, reason=data["words"], **common)
    return _("已退回返修 · %(number)s") % {"number": ticket.short_number}


def _call(request: StaffRequest, ticket: Ticket, form: CallForm, version: int | None) -> str:
    data, result = form.cleaned_data, request.POST.get("result", "reached")
    outcome = OUTCOMES.get(result)
    if outcome is None:
        raise InvalidInput(_("请选择回访结果。"), rule="CBK-10")
    if outcome == Callback.Outcome.LATER and data["next_at"] is None:
        raise InvalidInput(_("请填写约好的下次时间。"), field="next_at", rule="CBK-10")
    if outcome == Callback.Outcome.REACHED and data["rating"] in ("", None):
        raise InvalidInput(_("请选择满意度。"), field="rating", rule="CBK-10")
    solved = request.POST.get("solved", "")
    if outcome == Callback.Outcome.REACHED and not solved:
        raise InvalidInput(_("请选择问题是否解决。"), rule="CBK-10")
    answers = {
        name: request.POST[name][:20]
        for name in calls.question_names(ticket)
        if name != "solved" and request.POST.get(name)
    }
    row = closing.register_callback(
        ticket.pk,
        by=request.staff,
        outcome=outcome,
        method=data["method"] or Callback.Method.PHONE,
        person_reached=data["person"],
        is_solved=solved == "yes" if outcome == Callback.Outcome.REACHED else None,
        satisfaction=data["rating"] or None,
        answers=answers,
        words=data["words"],
        demand=data["demand"],
        next_try_at=data["next_at"],
        occurred_at=data["occurred_at"],
        version=version,
    )
    return _("%(what)s · %(number)s") % {
        "what": Callback.Outcome(row.outcome).label,
        "number": ticket.short_number,
    }


def _next(request: StaffRequest, ticket: Ticket, sentence: str) -> HttpResponse:
    """The next line of the list, unless the drawer was open on another page."""
    url = reverse("tickets:callbacks")
    came_from = request.headers.get("HX-Current-URL", "")
    if is_htmx(request) and url not in came_from:
        return acted(HttpResponse(status=204), sentence)
    waiting = calls.rows(calls.TODO, staff=request.staff, project=request.project, now=scope_now())
    following = next((row for row in waiting if row.id != str(ticket.public_id)), None)
    if not is_htmx(request):
        messages.success(request, sentence)
        return HttpResponseRedirect(following.url if following else url)
    if following is None:
        answer = render(request, "tickets/_callback_drawer.html", {"callback": None})
        answer["HX-Push-Url"] = url
        return acted(answer, sentence)
    found = ticket_or_404(request, uuid.UUID(following.id), tickets=calls.for_drawer(Ticket.objects.all()))
    answer = _drawer(request, found)
    answer["HX-Push-Url"] = following.url
    return acted(answer, sentence)


def _opened(request: StaffRequest, ticket: Ticket, form: CallForm | None, error: DomainError | None) -> dict[str, Any]:
    typed = request.POST if form is not None else None
    return {
        **calls.drawer_context(ticket, request.staff, typed=typed),
        "form": form or CallForm(initial={"person": ticket.contact_name}),
        "error": error,
    }


def _drawer(
    request: StaffRequest,
    ticket: Ticket,
    *,
    form: CallForm | None = None,
    error: DomainError | None = None,
    status: int = 200,
) -> HttpResponse:
    context = _opened(request, ticket, form, error)
    return render(request, "tickets/_callback_drawer.html", context, status=status)


def _page(
    request: StaffRequest,
    ticket: Ticket | None,
    *,
    form: CallForm | None = None,
    error: DomainError | None = None,
    status: int = 200,
) -> HttpResponse:
    now = scope_now()
    known = [calls.TODO, calls.DONE, *(queue.code for queue in calls.queues())]
    tab = request.GET.get("tab", "")
    tab = tab if tab in known else calls.TODO
    tabs = calls.tabs(tab, staff=request.staff, project=request.project)
    rows = calls.rows(tab, staff=request.staff, project=request.project, now=now, selected=ticket)
    opened: dict[str, Any] = {"callback": None} if ticket is None else _opened(request, ticket, form, error)
    context = {
        **opened,
        "tabs": tabs,
        "rows": rows,
        "summary": calls.summary(request.project, now=now, left=tabs[0].count or 0),  # type: ignore[arg-type]
        "list_url": f"{reverse('tickets:callbacks')}?tab={tab}",
    }
    return render(request, "tickets/callbacks.html", context, status=status)
