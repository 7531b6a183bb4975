"""Signing in and out, and a person's own settings."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import authenticate, login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.module_loading import import_string
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from residents.access import staff_only
from residents.duty import SHIFTS, carry_shift, current_shift, start_shift
from residents.errors import InvalidInput
from residents.forms import SignInForm
from residents.middleware import COMPANY_KEY, PROJECT_KEY, StaffRequest
from residents.models import Account, Company, Project, Staff
from residents.signed_in import projects_of, staff_of
from residents.tenancy import company_scope, scope_now

COMPANY_COOKIE = "sd_company"


@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The sign-in page (picture 19); a success starts the shift and opens the person's first page."""
    if request.method != "POST":
        if getattr(request, "staff", None) is not None:
            return HttpResponseRedirect(_next(request))
        return _page(request, SignInForm(initial={"number": request.GET.get("number", "")}))
    form = SignInForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    company, number = _company_and_number(request, form.cleaned_data["number"])
    if company is None:
        form.add_error("number", _("请写成“公司代码/工号”，例如 yunxi/0107。"))
        return _page(request, form, status=422)
    account = authenticate(request, username=f"{company.code}/{number}", password=form.cleaned_data["password"])
    if account is None:
        # One sentence for a wrong number and a wrong password: it must not tell which numbers exist.
        if getattr(request, "axes_locked_out", False):
            form.add_error(None, _("输错次数太多，请 15 分钟后再试，或请系统管理员重置。"))
            return _page(request, form, status=429)
        form.add_error(None, _("工号或密码不对，请重新输入。"))
        return _page(request, form, status=422)
    return _enter(request, account, company, form)


def _enter(request: HttpRequest, account: Account, company: Company, form: SignInForm) -> HttpResponse:
    with company_scope(company.pk):
        staff = staff_of(account)
        projects = projects_of(staff) if staff else []
        if staff is None or not projects:
            form.add_error(None, _("账号还没有分配项目，请联系系统管理员。"))
            return _page(request, form, status=422)
        try:
            start_shift(staff, projects[0], code=form.cleaned_data["shift"], at=scope_now())
        except InvalidInput as refusal:
            form.add_error("shift", str(refusal.sentence))
            return _page(request, form, status=422)
        # Whoever belongs to several projects is on duty in each; company-wide people where they look.
        for project in projects[1:] if staff.project_ids is not None else ():
            carry_shift(staff, project, at=scope_now())
    login(request, account)
    request.session[COMPANY_KEY] = company.pk
    request.session[PROJECT_KEY] = projects[0].pk
    response = HttpResponseRedirect(_next(request))
    response.set_cookie(
        COMPANY_COOKIE, company.code, max_age=180 * 86400, httponly=True, samesite="Lax", secure=settings.HTTPS
    )
    return response


def _company_and_number(request: HttpRequest, typed: str) -> tuple[Company | None, str]:
    """`code/number`, or the number alone with the company of the host name, of the last sign-in, or the only one."""
    code, slash, number = typed.strip().rpartition("/")
    active = Company.objects.filter(is_active=True)
    if slash:
        return active.filter(code=code.strip().lower()).first(), number.strip()
    host = request.get_host().split(":")[0].split(".")[0]
    known = request.COOKIES.get(COMPANY_COOKIE, "")
    for guess in (host, known):
        if guess and (found := active.filter(code=guess).first()):
            return found, number.strip()
    companies = list(active[:2])
    return (companies[0] if len(companies) == 1 else None), number.strip()


def _next(request: HttpRequest) -> str:
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return wanted
    return settings.LOGIN_REDIRECT_URL


def _page(request: HttpRequest, form: SignInForm, status: int = 200) -> HttpResponse:
    now = scope_now()
    running = current_shift(Project(zone=settings.TIME_ZONE), at=now)
    chosen = form["shift"].value() or running.code
    current = get_language()
    context = {
        "form": form,
        "server_now": now,
        "next": request.POST.get("next") or request.GET.get("next") or "",
        "shifts": [{"code": s.code, "name": s.name, "hours": s.hours, "checked": s.code == chosen} for s in SHIFTS],
        "languages": [
            {"code": code, "label": label, "lang": code, "current": code == current}
            for code, label in settings.LANGUAGES
        ],
        "demo_accounts": import_string(settings.DEMO_ACCOUNTS)() if settings.DEMO else [],
    }
    return render(request, "residents/login.html", context, status=status)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session; the shift runs on until its rostered end or the handover."""
    logout(request)
    return HttpResponseRedirect(settings.LOGIN_URL)


@require_POST
@staff_only()
def switch_project(request: StaffRequest) -> HttpResponse:
    """Show another of the person's projects, on duty there too; one that is not theirs changes nothing."""
    projects: list[Project] = request.projects  # type: ignore[attr-defined]
    wanted = next((project for project in projects if str(project.pk) == request.POST.get("project", "")), None)
    if wanted is not None:
        request.session[PROJECT_KEY] = wanted.pk
        carry_shift(request.staff, wanted, at=scope_now())
    return HttpResponseRedirect(settings.LOGIN_REDIRECT_URL)


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Keep the language with the account, or in a cookie before sign-in."""
    language = request.POST.get("language", "")
    response = HttpResponseRedirect(_back(request))
    if language not in dict(settings.LANGUAGES):
        return response
    staff: Staff | None = getattr(request, "staff", None)
    if staff is not None:
        staff.account.language = language
        staff.account.save(update_fields=("language",))
    response.set_cookie(settings.LANGUAGE_COOKIE_NAME, language, max_age=365 * 86400, samesite="Lax")
    return response


@require_POST
@staff_only()
def set_theme(request: StaffRequest) -> HttpResponse:
    """Light, dark, or empty to follow the system."""
    theme = request.POST.get("theme", "")
    if theme in ("", "light", "dark"):
        request.staff.account.theme = theme
        request.staff.account.save(update_fields=("theme",))
    return HttpResponseRedirect(_back(request))


def _back(request: HttpRequest) -> str:
    came_from = request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(
        came_from, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return came_from
    return settings.LOGIN_REDIRECT_URL
