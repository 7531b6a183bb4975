"""The front desk's console: who calls, what it is about, who goes, and everything that waits (pictures 01, 20)."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from frontdesk import policies, queries
from frontdesk.forms import IntakeForm
from residents.access import staff_only
from residents.errors import DomainError, NotAllowed
from residents.middleware import StaffRequest
from residents.night import is_on_night_duty
from residents.tenancy import scope_now
from tickets.intake import CHANNELS, Intake, Matter, Outlook, Saved, Taken
from tickets.kinds import TicketKind, all_kinds

FORM_FIELDS = {
    "unit": "unit_q",
    "matter": "category_q",
    "window_from": "appointment_from",
    "window_to": "appointment_to",
    "is_important": "important",
}
"""Fields of a refusal as `tickets.intake.Taken` names them, by the form field that shows it."""


@dataclass(frozen=True)
class Offer:
    """What a form that is shown again names: how its kind is taken down, its home and its matter if found."""

    intake: Intake
    home: queries.Home | None
    matter: Matter | None


@require_GET
@staff_only(policies.SEE_DESK)
def console(request: StaffRequest) -> HttpResponse:
    """The whole page; asked for by one of the queue's tabs, the queue alone."""
    at = scope_now()
    if request.headers.get("HX-Target") == "queue":
        return render(request, "frontdesk/_queue.html", _queue(request, at))
    context = {
        **_card(request, IntakeForm(), uuid.uuid4()),
        "recent": queries.recently_taken(request.project, at),
        **_queue(request, at),
    }
    return render(request, "frontdesk/console.html", context)


@require_GET
@staff_only(policies.SEE_DESK)
def queue(request: StaffRequest) -> HttpResponse:
    """The right column of one tab; somebody who follows its address alone is shown the whole page."""
    if not request.headers.get("HX-Request"):
        return HttpResponseRedirect(f"{reverse('frontdesk:console')}?{request.GET.urlencode()}")
    return render(request, "frontdesk/_queue.html", _queue(request, scope_now()))


@require_GET
@staff_only(policies.TAKE_DOWN)
def unit_search(request: StaffRequest) -> HttpResponse:
    """Homes that the typed words name."""
    query = _typed(request, "unit_q")
    results = queries.unit_options(query, request.project, scope_now())
    return render(request, "frontdesk/_unit_results.html", {"results": results, "query": query})


@require_GET
@staff_only(policies.TAKE_DOWN)
def category_search(request: StaffRequest) -> HttpResponse:
    """Matters of the scope that the typed words name."""
    query = _typed(request, "category_q")
    _kind, intake = _kind_named(request.GET.get("kind", ""))
    results = intake.search(query, project=request.project, is_public=request.GET.get("scope") == "public")
    return render(request, "frontdesk/_category_results.html", {"results": results, "query": query})


@require_GET
@staff_only(policies.SEE_DESK)
def household(request: StaffRequest) -> HttpResponse:
    """The left column for the chosen home, place and matter, or what was taken lately; `link` stays chosen."""
    at = scope_now()
    home = queries.find_home(_typed(request, "unit"), request.project, at)
    _kind, intake = _kind_named(request.GET.get("kind", ""))
    outlook = intake.outlook(
        _typed(request, "category"),
        project=request.project,
        unit=home.unit if home else None,
        place=_typed(request, "place"),
        at=at,
        people=False,
    )
    context = {**_column(home, request, outlook, at), "link": _typed(request, "link")}
    return render(request, "frontdesk/_household.html", context)


@require_GET
@staff_only(policies.TAKE_DOWN)
def suggestions(request: StaffRequest) -> HttpResponse:
    """Who should go for the chosen home and matter, and what it costs."""
    at = scope_now()
    home = queries.find_home(_typed(request, "unit"), request.project, at)
    _kind, intake = _kind_named(request.GET.get("kind", ""))
    outlook = intake.outlook(
        _typed(request, "category"),
        project=request.project,
        unit=home.unit if home else None,
        at=at,
        chosen=_typed(request, "assignee"),
        matches=False,
    )
    return render(request, "frontdesk/_suggestions.html", {"suggestions": outlook.suggestions, "paid": outlook.paid})


@require_POST
@staff_only(policies.TAKE_DOWN)
def intake(request: StaffRequest) -> HttpResponse:
    """Take a matter down and send somebody. A refusal gives the card back with everything typed."""
    at = scope_now()
    form = IntakeForm(request.POST)
    valid = form.is_valid()
    _kind, taking = _kind_named(form.cleaned_data.get("kind", ""))
    home = _home(request, form, at)
    error: DomainError | None = None
    if valid and not form.errors:
        try:
            saved = taking.submit(_taken(form, home), project=request.project, by=request.staff, at=at)
        except NotAllowed:
            raise
        except DomainError as refusal:
            error = refusal
            _mark(form, refusal)
        else:
            return _accepted(request, form, saved)
    if home is not None:
        home = queries.find_home(home.value, request.project, at)
    offer = Offer(taking, home, _matter(request, form, taking))
    return _refused(request, form, offer, error, at)


# Reading the form


def _typed(request: StaffRequest, name: str) -> str:
    """A query parameter without blanks around it and without what no text column holds."""
    return request.GET.get(name, "").replace("\x00", "").strip()[:80]


def _kind_named(code: str) -> tuple[TicketKind, Intake]:
    """The kind to take down, the first of those the desk takes unless another is named."""
    offered = [(kind, kind.intake) for kind in all_kinds() if kind.intake is not None]
    return next((pair for pair in offered if pair[0].code == code), offered[0])


def _matter(request: StaffRequest, form: IntakeForm, taking: Intake) -> Matter | None:
    """What the form is about, for showing it again; marks what cannot be found."""
    said = form.cleaned_data
    try:
        return taking.matter(
            said.get("category", ""),
            said.get("category_q", ""),
            project=request.project,
            is_public=said.get("scope") == "public",
        )
    except DomainError as refusal:
        if not form.errors.get("category_q"):
            _mark(form, refusal)
        return None


def _home(request: StaffRequest, form: IntakeForm, at: datetime) -> queries.Home | None:
    value, words = form.cleaned_data.get("unit", ""), form.cleaned_data.get("unit_q", "")
    home = queries.find_home(value, request.project, at, lean=True) if value else None
    # What is typed counts: without a script, a home chosen before stays in the form when another is typed over it.
    if words and (home is None or words != home.label):
        home, number = queries.named_home(words, request.project, at)
        if home is None:
            form.add_error(
                "unit_q",
                _("“%(words)s”有 %(n)d 户，请写完整，例如 3-1-2502。") % {"words": words, "n": number}
                if number
                else _("没有找到“%(words)s”，请核对房号，例如 3-1-2502。") % {"words": words},
            )
    elif value and home is None:
        form.add_error("unit_q", _("没有找到这个房号，请重新选择。"))
    return home


def _taken(form: IntakeForm, home: queries.Home | None) -> Taken:
    said = form.cleaned_data
    return Taken(
        matter=said["category"],
        words=said["category_q"],
        form_key=said["form_key"],
        is_public=said["scope"] == "public",
        unit=home.unit if home else None,
        caller=home.caller.person if home and home.caller else None,
        place=said["place"],
        description=said["description"],
        visit=said["visit"],
        window_from=said["appointment_from"] if said["visit"] == "appointment" else None,
        window_to=said["appointment_to"] if said["visit"] == "appointment" else None,
        explanation=said["explanation"] if said["visit"] == "cannot" else "",
        contact_name=said["contact_name"],
        contact_phone=said["contact_phone"],
        channel=said["channel"],
        occurred_at=said["occurred_at"],
        contact_ended_at=said["contact_ended_at"],
        is_important=said["important"],
        price_told=said["price_told"],
        told_next_day=said["told_next_day"],
        link=said["link"],
        assignee=said["assignee"],
        dispatch=said["submit_as"] != "register",
    )


def _mark(form: IntakeForm, refusal: DomainError) -> None:
    """Put the sentence at the field it is about."""
    name = FORM_FIELDS.get(refusal.field, refusal.field)
    if name in form.fields:
        form.add_error(name, str(refusal.sentence))


# Answering


def _accepted(request: StaffRequest, form: IntakeForm, saved: Saved) -> HttpResponse:
    ticket = saved.ticket
    key = form.cleaned_data["form_key"]
    text = f"{ticket.short_number} {ticket.title} {saved.told}"
    if not request.headers.get("HX-Request"):
        messages.success(request, text)
        return HttpResponseRedirect(reverse("frontdesk:console"))
    shown = {
        "form_key": key,
        "number": ticket.short_number,
        "title": ticket.title,
        "url": reverse("tickets:detail", args=[ticket.public_id]),
        "told": saved.told,
    }
    response = render(
        request, "frontdesk/_intake_form.html", {**_card(request, IntakeForm(), uuid.uuid4()), "saved": shown}
    )
    response["HX-Trigger"] = json.dumps(
        {"intake-saved": {"form_key": str(key)}, "toast": {"text": text, "undo": saved.undo}}
    )
    return response


def _refused(
    request: StaffRequest, form: IntakeForm, offer: Offer, error: DomainError | None, at: datetime
) -> HttpResponse:
    """The card again with everything typed, beside a left column that shows what it may repeat."""
    said = form.cleaned_data
    outlook = (
        offer.intake.outlook(
            offer.matter.value,
            project=request.project,
            unit=offer.home.unit if offer.home else None,
            place=said.get("place", ""),
            at=at,
            chosen=said.get("assignee", ""),
        )
        if offer.matter
        else Outlook()
    )
    context = {
        **_card(request, form, said.get("form_key") or uuid.uuid4(), offer=offer, outlook=outlook),
        "error": error,
        "suggestion_problem": str(error.sentence) if error is not None and error.field == "assignee" else "",
        **_column(offer.home, request, outlook, at),
        "link": said.get("link", ""),
    }
    status = error.status if error is not None else 422
    if request.headers.get("HX-Request"):
        return render(request, "frontdesk/_intake_refused.html", {**context, "oob": True}, status=status)
    return render(request, "frontdesk/console.html", {**context, **_queue(request, at)}, status=status)


def _card(
    request: StaffRequest,
    form: IntakeForm,
    form_key: uuid.UUID,
    *,
    offer: Offer | None = None,
    outlook: Outlook | None = None,
) -> dict[str, Any]:
    """The middle column's context."""
    kinds = [kind for kind in all_kinds() if kind.intake is not None]
    intake = offer.intake if offer else kinds[0].intake
    assert intake is not None
    may_take = policies.TAKE_DOWN.allows(request.staff, project_id=request.project.pk)
    return {
        "form": form,
        "form_key": form_key,
        "may_take": may_take,
        "greeting_number": request.staff.number,
        "at_night": is_on_night_duty(request.staff, request.project, at=scope_now()),
        "kinds": [{"code": kind.code, "label": kind.name} for kind in kinds],
        "channels": [{"code": code, "label": label} for code, label in CHANNELS.items()],
        "unit": offer.home if offer else None,
        "category": offer.matter if offer else None,
        "common": intake.common() if may_take else [],
        "suggestions": outlook.suggestions if outlook else (),
        "paid": outlook.paid if outlook else None,
        "error": None,
        "saved": None,
    }


def _column(home: queries.Home | None, request: StaffRequest, outlook: Outlook, at: datetime) -> dict[str, Any]:
    """The left column's context: the home, or what was taken down lately."""
    return {
        "household": queries.household_card(home, request.project, outlook=outlook, at=at) if home else None,
        "recent": [] if home else queries.recently_taken(request.project, at),
        "matches": outlook.matches,
        "decline": outlook.decline,
    }


def _queue(request: StaffRequest, at: datetime) -> dict[str, Any]:
    found = queries.live_queue(request.staff, request.project, tab=request.GET.get("tab", ""), at=at)
    return {
        "rows": found.rows,
        "tabs": found.tabs,
        "counts": found.counts,
        "engine": found.engine,
        "queue_url": found.queue_url,
    }
