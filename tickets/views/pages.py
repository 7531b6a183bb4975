"""One ticket: its page, its acts, its comments and its files."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.http import FileResponse, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from residents.access import staff_only
from residents.errors import DomainError, InvalidInput, NotAllowed, NotFound, StaleVersion
from residents.middleware import StaffRequest
from residents.policies import require
from residents.tenancy import scope_now
from tickets import actions, policies
from tickets.acting import (
    Act,
    ActForm,
    closed_gate,
    conflict_rows,
    done_sentence,
    find_act,
    new_form_key,
    perform,
    undo_url,
)
from tickets.facts import once, was_done
from tickets.forms import CommentForm
from tickets.kinds import WorkPage, kind_of
from tickets.models import Attachment, Ticket
from tickets.queries.page import for_page, page_context
from tickets.views.shared import acted, is_htmx, number_of, target, ticket_or_404
from tickets.workflow import check_open

PHOTO_OF = {"photo": Attachment.Purpose.OTHER, "document": Attachment.Purpose.OTHER}
SANDBOX = "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; sandbox"
"""What a stored file may do in a browser: be looked at."""


@require_GET
@staff_only(policies.LIST_TICKETS)
def detail(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """The page of one ticket, or its live part alone."""
    ticket = ticket_or_404(request, public_id, tickets=for_page(Ticket.objects.all()))
    template = "tickets/_body.html" if target(request) == "ticket-body" else "tickets/detail.html"
    return render(request, template, _context(request, ticket))


def _context(request: StaffRequest, ticket: Ticket, **more: Any) -> dict[str, Any]:
    asked = request.GET
    context = page_context(
        ticket,
        request.staff,
        now=scope_now(),
        tab=asked.get("tab", ""),
        key_only=asked.get("key_only") == "1",
        before=number_of(asked.get("before")),
    )
    return {**context, **more}


def body(request: StaffRequest, ticket: Ticket, status: int = 200, **more: Any) -> HttpResponse:
    """The live part of the page as it stands after an act."""
    fresh = ticket_or_404(request, ticket.public_id, tickets=for_page(Ticket.objects.all()))
    return render(request, "tickets/_body.html", _context(request, fresh, **more), status=status)


# Acts


@require_http_methods(["GET", "POST"])
@staff_only(policies.LIST_TICKETS)
def act(request: StaffRequest, public_id: uuid.UUID, action: str) -> HttpResponse:
    """Ask for one act, or do it. The drawer, the phone, the review page and a plain browser all come here."""
    ticket = ticket_or_404(request, public_id, tickets=for_page(Ticket.objects.all()))
    chosen = find_act(ticket, action)
    require(request.staff, chosen.policy, project_id=ticket.project_id)
    work_page = kind_of(ticket).work_page if _back(request) == "tech" else None
    if request.method == "GET":
        if chosen.transition is not None:
            check_open(ticket, chosen.transition)
        form = chosen.form.form(ticket=ticket, staff=request.staff, initial=chosen.form.form.start(ticket))
        return _form(request, chosen, form)
    form_key = request.POST.get("form_key", "")[:80]
    if was_done(ticket.pk, form_key):
        # Sent twice: what it asks may no longer be possible, because it has been done.
        return _done(request, chosen, ticket, done_sentence(chosen), work_page)
    form = chosen.form.form(request.POST, request.FILES, ticket=ticket, staff=request.staff)
    if not form.is_valid():
        return _refused(request, chosen, form, None, work_page, status=422)
    try:
        sentence = perform(
            chosen,
            form,
            by=request.staff,
            version=number_of(request.POST.get("version")),
            form_key=form_key,
        )
    except NotAllowed:
        raise
    except DomainError as error:
        if error.field and error.field in form.fields:
            form.add_error(error.field, str(error.sentence))
        return _refused(request, chosen, form, error, work_page, status=error.status)
    return _done(request, chosen, ticket, sentence, work_page, undo=undo_url(chosen, request.staff))


def _back(request: StaffRequest) -> str:
    return request.POST.get("back", "") or request.GET.get("back", "")


def _done(
    request: StaffRequest, chosen: Act, ticket: Ticket, sentence: str, work_page: WorkPage | None, *, undo: str = ""
) -> HttpResponse:
    if chosen.form.page is not None:
        return chosen.form.page(request, ticket)
    if not is_htmx(request):
        messages.success(request, sentence)
    if work_page is not None:
        return acted(work_page(request, ticket), sentence, undo=undo)
    if is_htmx(request):
        still = Ticket.objects.visible_to(request.staff).filter(pk=ticket.pk).exists()
        answer = body(request, ticket) if target(request) == "ticket-body" and still else HttpResponse(status=204)
        return acted(answer, sentence, undo=undo)
    if _back(request) == "reviews":
        return HttpResponseRedirect(reverse("tickets:reviews"))
    return HttpResponseRedirect(reverse("tickets:detail", args=(ticket.public_id,)))


def _refused(
    request: StaffRequest,
    chosen: Act,
    form: ActForm,
    error: DomainError | None,
    work_page: WorkPage | None,
    *,
    status: int,
) -> HttpResponse:
    if work_page is not None:
        return work_page(request, form.ticket, action=chosen.code, form=form, error=error, status=status)
    has_no_form = target(request) == "ticket-body" or _back(request) == "reviews" or chosen.form.is_simple
    if is_htmx(request) and has_no_form:
        # The button or the page's own line asked: the sentence is shown, and what was typed stays where it is.
        raise error or InvalidInput(first_error(form))
    return _form(request, chosen, form, error=error, status=status)


def first_error(form: ActForm) -> str:
    """The first sentence a form has to say."""
    return next((str(lines[0]) for lines in form.errors.values()), "")


def _form(
    request: StaffRequest, chosen: Act, form: ActForm, error: DomainError | None = None, status: int = 200
) -> HttpResponse:
    ticket = Ticket.objects.select_related("assignee").get(pk=form.ticket.pk)
    gate = closed_gate(chosen, request.staff) if chosen.transition and not form.is_bound else None
    conflict = conflict_rows(chosen, form, ticket) if isinstance(error, StaleVersion) else None
    on_form = error is not None and error.field in form.fields
    context = {
        "ticket": ticket,
        "action": {
            "code": chosen.code,
            "label": chosen.label,
            "key": chosen.key,
            "primary": chosen.is_primary,
            "danger": chosen.form.is_danger,
            "own_window": chosen.form.page is not None,
            "hint": gate.sentence if gate else chosen.form.hint,
            "rule": gate.rule if gate else chosen.form.rule,
        },
        "form": form,
        "form_key": request.POST.get("form_key", "")[:80] or new_form_key(),
        "error": None if on_form else error,
        "conflict": conflict,
        "multipart": form.is_multipart(),
    }
    template = "tickets/_action_form.html" if is_htmx(request) else "tickets/action.html"
    return render(request, template, context, status=status)


# Lines and files


@require_POST
@staff_only(policies.COMMENT)
def comment(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Add a line to the timeline. It replaces nothing, so there is no version to conflict."""
    ticket = ticket_or_404(request, public_id)
    form = CommentForm(request.POST)
    error: DomainError | None = None
    if form.is_valid():
        try:
            with once(ticket.pk, request.POST.get("form_key", "")[:80]) as is_first:
                if is_first:
                    actions.add_comment(
                        ticket.pk,
                        by=request.staff,
                        text=form.cleaned_data["text"],
                        to_owner=form.cleaned_data["visibility"] == "owner",
                    )
        except NotAllowed:
            raise
        except DomainError as refusal:
            error = refusal
            if refusal.field in form.fields:
                form.add_error(refusal.field, str(refusal.sentence))
                error = None
    status = error.status if error else 422 if form.errors else 200
    if status != 200:
        shown = {"comment_form": form, "comment_error": error, "form_key": new_form_key()}
        if is_htmx(request):
            return body(request, ticket, status, **shown)
        page = ticket_or_404(request, public_id, tickets=for_page(Ticket.objects.all()))
        return render(request, "tickets/detail.html", _context(request, page, **shown), status=status)
    sentence = _("已记录跟进")
    if is_htmx(request):
        return acted(body(request, ticket), sentence)
    messages.success(request, sentence)
    return HttpResponseRedirect(reverse("tickets:detail", args=(public_id,)))


@require_POST
@staff_only(policies.ATTACH)
def attach(request: StaffRequest, public_id: uuid.UUID) -> HttpResponse:
    """Store a picture. What is wrong with a file is said in a sentence, and nothing is stored."""
    ticket = ticket_or_404(request, public_id)
    kind = request.POST.get("kind", "")
    visit = kind_of(ticket).visit_no(ticket)
    with once(ticket.pk, request.POST.get("form_key", "")[:80]) as is_first:
        if is_first:
            actions.attach(
                ticket.pk,
                by=request.staff,
                upload=request.FILES.get("file"),
                purpose=PHOTO_OF.get(kind, kind),
                visit_no=visit,
            )
    if is_htmx(request):
        return acted(HttpResponse(status=204), _("已上传"))
    messages.success(request, _("已上传"))
    work_page = kind_of(ticket).work_page
    if _back(request) == "tech" and work_page is not None:
        return work_page(request, ticket)
    return HttpResponseRedirect(f"{reverse('tickets:detail', args=(public_id,))}?tab=photos")


@require_GET
@staff_only(policies.LIST_TICKETS)
def attachment(request: StaffRequest, public_id: uuid.UUID) -> HttpResponseBase:
    """A stored picture, to those who may see its ticket. It was encoded anew when it was stored."""
    file = Attachment.objects.filter(
        public_id=public_id, ticket__in=Ticket.objects.visible_to(request.staff).values("pk")
    ).first()
    if file is None:
        raise NotFound
    try:
        content = file.file.open("rb")
    except FileNotFoundError as missing:
        raise NotFound(_("文件已不在服务器上，请联系系统管理员。")) from missing
    # Only what we encoded ourselves is shown in place.
    is_picture = file.content_type in ("image/jpeg", "image/png")
    answer = FileResponse(content, as_attachment=not is_picture, filename=f"{file.public_id}{_suffix(file)}")
    answer["Content-Type"] = file.content_type if is_picture else "application/octet-stream"
    answer["Cache-Control"] = "private, no-store"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = SANDBOX
    return answer


def _suffix(file: Attachment) -> str:
    return {"image/jpeg": ".jpg", "image/png": ".png"}.get(file.content_type, "")
