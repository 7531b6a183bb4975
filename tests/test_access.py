"""Who gets past the door of every page and every API route: one table, walked by everybody.

`ACCESS` and `ACTS` say it in words of their own, not in those of the policies, so that a policy which changes by
mistake is noticed. A route or an act that is missing here fails the build.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from pytest_django.plugin import DjangoDbBlocker

from residents.api import IsStaff
from residents.middleware import COMPANY_KEY, PROJECT_KEY
from residents.roles import Role
from residents.tenancy import company_scope
from tests.tenancy.fill import Neighbours
from tests.worlds import World
from tickets.acting import _beside
from tickets.api import all_acts
from tickets.kinds import all_kinds
from tickets.models import Attachment

ALL = frozenset(str(role) for role in Role)
DESK = {"front_desk", "night_duty", "supervisor"}
LEADERS = {"supervisor", "centre_head", "estate_manager"}
SERVICE = DESK | {"specialist", "keeper", "centre_head"}
ENGINEERING = {"technician", "night_duty", "engineering_duty", "trade_supervisor"}
PUBLIC = "public"
"""Open to strangers: what must work before anybody has signed in."""

ACCESS: list[tuple[str, str, Any]] = [  # method, url name, roles that get past the policy
    ("get", "healthz", PUBLIC),
    ("get", "readyz", PUBLIC),
    ("get", "residents:login", PUBLIC),
    ("post", "residents:login", PUBLIC),
    ("post", "residents:logout", PUBLIC),
    ("post", "residents:language", PUBLIC),
    ("get", "home", ALL),
    ("post", "residents:switch_project", ALL),
    ("post", "residents:theme", ALL),
    ("get", "frontdesk:console", SERVICE | {"estate_manager"}),
    ("get", "frontdesk:queue", SERVICE | {"estate_manager"}),
    ("post", "frontdesk:intake", SERVICE),
    ("get", "frontdesk:unit_search", SERVICE),
    ("get", "frontdesk:category_search", SERVICE),
    ("get", "frontdesk:household", SERVICE | {"estate_manager"}),
    ("get", "frontdesk:suggestions", SERVICE),
    ("get", "tickets:list", ALL),
    ("get", "tickets:rows", ALL),
    ("get", "tickets:callbacks", SERVICE),
    ("get", "tickets:callback", SERVICE),
    ("post", "tickets:callback", SERVICE),
    ("get", "tickets:reviews", {"centre_head"}),
    ("get", "tickets:notices", ALL),
    ("post", "tickets:acknowledge", ALL),
    ("get", "tickets:live_token", ALL),
    ("get", "tickets:live_time", ALL),
    ("get", "tickets:attachment", ALL),
    ("get", "tickets:detail", ALL),
    ("get", "tickets:act", ALL),  # and then each act's own line below
    ("post", "tickets:act", ALL),
    ("post", "tickets:comment", ALL),
    ("post", "tickets:attach", ALL),
    ("get", "repairs:tech_list", ENGINEERING),
    ("post", "repairs:duty_state", ENGINEERING),
    ("get", "repairs:tech_job", ENGINEERING),
    ("get", "api:ticket-list", ALL),
    ("get", "api:ticket-detail", ALL),
    ("post", "api:ticket-act", ALL),
    ("post", "api:repair-list", SERVICE),
    ("get", "api:clock-list", ALL),
    ("get", "schema", ALL),
    ("get", "docs", ALL),
]

ACTS: dict[str, Any] = {  # what may be done to a repair, on the pages and over the API
    "accept": ENGINEERING,
    "accept_late": ENGINEERING,
    "accept_result": {"specialist"},
    "add_reporter": SERVICE,
    "answer_report": LEADERS | {"engineering_duty", "trade_supervisor", "security_duty", "company", "admin"},
    "apologise": SERVICE,
    "archive": SERVICE,
    "arrive": ENGINEERING | DESK,
    "ask_approval": SERVICE | {"technician", "engineering_duty"},
    "call_back": SERVICE,
    "cancel": SERVICE,
    "close_unservable": {"centre_head"},
    "comment": ALL,
    "correct_warranty": DESK | {"engineering_duty", "trade_supervisor"},
    "decide_approval": {"estate_manager", "company"},
    "dispatch": DESK | {"engineering_duty", "trade_supervisor"},
    "edit": SERVICE,
    "enter_completion": DESK | {"engineering_duty"},
    "finish": ENGINEERING | DESK,
    "inform": DESK | {"engineering_duty", "trade_supervisor"},
    "keep_promise": SERVICE,
    "leave": ENGINEERING | DESK,
    "leave_early": ENGINEERING | DESK,
    "merge": SERVICE,
    "print_slip": DESK | {"engineering_duty"},
    "promise": SERVICE,
    "reappoint": SERVICE,
    "reject_result": {"specialist"},
    "replace_promise": SERVICE,
    "reply_to_reporter": SERVICE,
    "report_completion": ENGINEERING | DESK,
    "report_up": ALL,
    "return": ENGINEERING,
    "return_from_review": {"centre_head"},
    "return_slip": DESK | {"engineering_duty"},
    "review": {"centre_head"},
    "set_appointment": SERVICE | ENGINEERING,
    "start": ENGINEERING | DESK,
    "take_back": DESK | {"engineering_duty", "trade_supervisor"},
    "take_fee": DESK | {"finance", "technician"},
    "take_slip": DESK | {"engineering_duty"},
    "tell_price": SERVICE | ENGINEERING,
    "urge": SERVICE | {"estate_manager", "engineering_duty"},
    "waive_fee": DESK | {"finance", "technician"},
}
SAMPLE = {"front_desk", "technician", "company"}
METHODS = ("get", "post", "put", "patch", "delete")
RARE = "鳄梨七号"
"""In every text of the one company, so that it shows wherever the other one can see too much."""


@dataclass
class Installation:
    """Two companies and a signed-in browser for every person of each."""

    home: World
    rival: World
    ids: dict[str, uuid.UUID]
    clients: dict[tuple[str, str], Client] = field(default_factory=dict)

    def ask(self, who: World | None, role: str, method: str, path: str, **options: Any) -> Any:
        """The answer to a person, or to a stranger; what it changed is taken back."""
        client = Client(raise_request_exception=False) if who is None else self._client(who, role)
        options.setdefault("content_type", "application/json" if path.startswith("/api/") else None)
        options = {name: value for name, value in options.items() if value is not None}
        if method == "get":
            options.pop("content_type", None)
        try:
            with transaction.atomic():
                answer = getattr(client, method)(path, **options)
                answer.text_of_it = (
                    b"".join(answer).decode("utf-8", "replace")
                    if answer.streaming
                    else (answer.content.decode("utf-8", "replace"))
                )
                transaction.set_rollback(True)
        finally:
            assert not connection.needs_rollback
        return answer

    def _client(self, world: World, role: str) -> Client:
        return self.clients[world.company.code, role]

    def path(self, name: str, action: str = "report_up") -> str:
        """The address of a route, on objects of the home company."""
        kwargs: dict[str, Any] = {}
        if name in OBJECTS:
            kwargs["public_id"] = self.ids[OBJECTS[name]]
        if name == "tickets:act":
            kwargs["action"] = action
        if name == "api:ticket-act":
            kwargs["action_name"] = action
        return reverse(name, kwargs=kwargs)


OBJECTS = {
    "tickets:callback": "ticket",
    "tickets:attachment": "attachment",
    "tickets:detail": "ticket",
    "tickets:act": "ticket",
    "tickets:comment": "ticket",
    "tickets:attach": "ticket",
    "repairs:tech_job": "ticket",
    "api:ticket-detail": "ticket",
    "api:ticket-act": "ticket",
}
"""Routes that name an object, and which."""


@pytest.fixture(scope="module")
def standing(standing_neighbours: Neighbours, django_db_blocker: DjangoDbBlocker) -> Iterator[Installation]:
    with django_db_blocker.unblock():
        home, rival = standing_neighbours.garden, standing_neighbours.rival
        with company_scope(home.company.pk):
            _write_everywhere(home)
            attachment = Attachment.objects.get()
            attachment.file.save("access.png", _png(), save=True)
            ids = {"ticket": standing_neighbours.tickets["garden"].public_id, "attachment": attachment.public_id}
        made = Installation(home, rival, ids)
        for world in (home, rival):
            for role, person in world.staff.items():
                made.clients[world.company.code, str(role)] = _signed_in(world, person)
        yield made
        attachment.file.delete(save=False)


@pytest.fixture
def installation(standing: Installation, db: None) -> Installation:
    return standing


def _png() -> Any:
    import io

    from django.core.files.base import ContentFile
    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (2, 2)).save(out, "PNG")
    return ContentFile(out.getvalue())


def _write_everywhere(world: World) -> None:
    """Put the rare word where people type."""
    with connection.cursor() as cursor:
        for table, columns in {
            "residents_project": ("name",),
            "residents_building": ("name",),
            "residents_unit": ("label",),
            "residents_person": ("name", "care_note"),
            "residents_staff": ("name",),
            "repairs_repaircategory": ("name", "template"),
            "repairs_tariffitem": ("name",),
            "tickets_ticket": ("title", "place", "description", "contact_name"),
            "tickets_ticketreporter": ("name",),
            "tickets_promise": ("subject",),
            "tickets_notice": ("text",),
        }.items():
            for column in columns:
                cursor.execute(f"UPDATE {table} SET {column} = %s", [RARE])


def _signed_in(world: World, person: Any) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(person.account, backend="django.contrib.auth.backends.ModelBackend")
    session = client.session
    session[COMPANY_KEY], session[PROJECT_KEY] = world.company.pk, world.project.pk
    session.save()
    return client


# The table is complete


def routes() -> Iterator[tuple[str, URLPattern]]:
    """Every route of the site by its full name."""

    def walk(patterns: list[Any], prefix: str) -> Iterator[tuple[str, URLPattern]]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                inner = f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix
                yield from walk(pattern.url_patterns, inner)
            else:
                yield f"{prefix}{pattern.name}", pattern

    return walk(get_resolver().url_patterns, "")


def test_every_route_is_in_the_table() -> None:
    named = {name for name, _pattern in routes()}
    listed = {name for _method, name, _roles in ACCESS}

    assert named == listed


def test_every_act_is_in_the_table() -> None:
    on_pages = set(_beside)
    for kind in all_kinds():
        on_pages |= set(kind.forms)

    assert on_pages | set(all_acts()) == set(ACTS)


def test_every_page_has_a_door_and_every_api_view_its_permission() -> None:
    """A view without @staff_only would be open to everybody who knows its address."""
    public = {name for _method, name, roles in ACCESS if roles == PUBLIC}
    for name, pattern in routes():
        if name in public:
            continue
        view = getattr(pattern.callback, "cls", None)
        if view is None:
            assert getattr(pattern.callback, "is_guarded", False), f"{name} lacks @staff_only"
        else:
            assert view.permission_classes == [IsStaff] or IsStaff in view.permission_classes, name


def test_only_what_must_work_before_signing_in_is_public() -> None:
    assert {name for _method, name, roles in ACCESS if roles == PUBLIC} == {
        "healthz",
        "readyz",
        "residents:login",
        "residents:logout",
        "residents:language",
    }


# The walk


GUARDED = [(method, name, frozenset(roles)) for method, name, roles in ACCESS if roles != PUBLIC]
WALK = pytest.mark.parametrize(("method", "name", "roles"), GUARDED, ids=[f"{m} {n}" for m, n, _ in GUARDED])
ACT_WALK = pytest.mark.parametrize("act", ACTS)


@pytest.mark.django_db
@WALK
def test_a_stranger_is_sent_to_sign_in(
    method: str, name: str, roles: frozenset[str], installation: Installation
) -> None:
    path = installation.path(name)

    answer = installation.ask(None, "", method, path)
    fetched = installation.ask(None, "", method, path, headers={"HX-Request": "true"})

    if path.startswith("/api/"):
        assert answer.status_code == 401
        assert answer["Content-Type"] == "application/problem+json"
        assert answer["WWW-Authenticate"]
    else:
        assert answer.status_code == 302
        assert answer["Location"].startswith("/login/?next=")
    assert fetched.status_code == 401
    assert RARE not in answer.text_of_it + fetched.text_of_it


@pytest.mark.django_db
@WALK
def test_only_the_roles_of_the_table_get_past_the_policy(
    method: str, name: str, roles: frozenset[str], installation: Installation
) -> None:
    path = installation.path(name)

    answers = {role: installation.ask(installation.home, role, method, path).status_code for role in sorted(ALL)}

    wrong = {role: status for role, status in answers.items() if (status == 403) == (role in roles)}
    assert wrong == {}
    assert {role: status for role, status in answers.items() if status >= 500 or status in (401, 405)} == {}
    # The technician was sent there; everybody else's view is decided by the project, which is the same for all.
    assert {role for role, status in answers.items() if status == 404 and role in roles} == set()


@pytest.mark.django_db
@WALK
def test_somebody_of_another_company_finds_nothing(
    method: str, name: str, roles: frozenset[str], installation: Installation
) -> None:
    """A right role and wrong ones: the wall stands before the policy."""
    path = installation.path(name)

    for role in sorted(SAMPLE | {min(roles)}):
        answer = installation.ask(installation.rival, role, method, path)
        assert RARE not in answer.text_of_it, role
        assert answer.status_code < 500, role
        if name in OBJECTS:
            assert answer.status_code in (403, 404), role
            assert (answer.status_code == 404) == (role in roles), role


@pytest.mark.django_db
@WALK
def test_no_route_answers_to_a_method_that_is_not_in_the_table(
    method: str, name: str, roles: frozenset[str], installation: Installation
) -> None:
    listed = {known for known, other, _roles in ACCESS if other == name}
    role = min(roles - {"technician"})

    for unused in set(METHODS) - listed:
        answer = installation.ask(installation.home, role, unused, installation.path(name))
        assert answer.status_code == 405, unused


@pytest.mark.django_db
@ACT_WALK
def test_only_the_roles_of_the_table_may_do_it(act: str, installation: Installation) -> None:
    doors = {}
    if act in all_acts():
        doors["api"] = installation.path("api:ticket-act", act)
    if act in set(_beside) | {code for kind in all_kinds() for code in kind.forms}:
        doors["page"] = installation.path("tickets:act", act)
    for door, path in doors.items():
        answers = {role: installation.ask(installation.home, role, "post", path).status_code for role in sorted(ALL)}
        wrong = {role: status for role, status in answers.items() if (status == 403) == (role in ACTS[act])}
        assert wrong == {}, door
        assert {role: status for role, status in answers.items() if status >= 500 or status == 404} == {}, door


@pytest.mark.django_db
@ACT_WALK
def test_nobody_of_another_company_does_anything(act: str, installation: Installation) -> None:
    for route in ("api:ticket-act", "tickets:act"):
        answer = installation.ask(installation.rival, min(ACTS[act]), "post", installation.path(route, act))
        assert answer.status_code == 404, route


SEARCHES = [
    ("tickets:list", {"q": "鳄梨"}),
    ("tickets:rows", {"q": "鳄梨", "tab": "all"}),
    ("frontdesk:unit_search", {"q": "鳄梨", "unit_q": "鳄梨"}),
    ("frontdesk:category_search", {"q": "鳄梨"}),
    ("frontdesk:queue", {"tab": "all"}),
    ("api:ticket-list", {"q": "鳄梨"}),
    ("api:clock-list", {}),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "query"), SEARCHES)
def test_no_search_or_list_shows_a_word_of_another_company(
    name: str, query: dict[str, str], installation: Installation
) -> None:
    path = installation.path(name)

    for role in ("front_desk", "centre_head", "company", "admin"):
        text = installation.ask(installation.rival, role, "get", path, data=query).text_of_it
        assert RARE not in text, role  # the half of it that was asked for is repeated


@pytest.mark.django_db
def test_the_rare_word_is_seen_at_home(installation: Installation) -> None:
    """The control of the walk: it looks for something that is really shown."""
    shown = {
        name
        for method, name, roles in GUARDED
        if method == "get"
        and "front_desk" in roles
        and RARE in installation.ask(installation.home, "front_desk", "get", installation.path(name)).text_of_it
    }

    assert {"tickets:list", "tickets:detail", "frontdesk:console", "api:ticket-list", "api:ticket-detail"} <= shown


@pytest.mark.django_db
def test_a_public_page_shows_a_stranger_nothing_of_any_company(installation: Installation) -> None:
    for method, name, roles in ACCESS:
        if roles != PUBLIC:
            continue
        answer = installation.ask(None, "", method, installation.path(name), content_type=None)
        assert answer.status_code < 500 or name == "readyz", name
        assert RARE not in answer.text_of_it, name


@pytest.mark.django_db
def test_every_unsafe_route_needs_the_token_of_the_form_protection(installation: Installation) -> None:
    person = installation.home.staff["front_desk"]
    client = _signed_in(installation.home, person)
    client.handler.enforce_csrf_checks = True
    for method, name, _roles in ACCESS:
        if method == "get":
            continue
        answer = client.post(installation.path(name), json.dumps({}), content_type="application/json")
        assert answer.status_code == 403, name
