"""One transaction and one company per request; a failed one stores nothing and leaves nothing on the connection."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client

from residents.middleware import COMPANY_KEY, PROJECT_KEY
from residents.models import Project
from residents.tenancy import company_scope, current_company_id
from tests.worlds import World, make_world

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "owner", "sweeper"]),
    pytest.mark.urls("tests.tenancy.urls"),
]


def signed_in(world: World, role: str = "front_desk") -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(world.staff[role].account, backend="django.contrib.auth.backends.ModelBackend")
    session = client.session
    session[COMPANY_KEY], session[PROJECT_KEY] = world.company.pk, world.project.pk
    session.save()
    return client


def setting() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(current_setting('app.company', true), '')")
        value: str = cursor.fetchone()[0]
        return value


def name_of(world: World) -> str:
    with company_scope(world.company.pk):
        return Project.objects.get().name


def test_two_requests_of_two_companies_on_one_connection_see_their_own() -> None:
    worlds = [make_world("garden"), make_world("rival")]
    clients = [signed_in(world) for world in worlds]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = cursor.fetchone()

    for _ in range(2):
        for world, client in zip(worlds, clients, strict=True):
            assert client.get("/look/").json() == {"company": world.company.pk, "projects": ["测试花园"]}
    assert Client().get("/look/").json() == {"company": None, "projects": []}

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        assert cursor.fetchone() == backend
    assert setting() == ""


@pytest.mark.parametrize(("fate", "status"), [("crash", 500), ("500", 500), ("fine", 200)])
def test_a_failed_request_stores_nothing_and_leaves_no_company_behind(fate: str, status: int) -> None:
    world, other = make_world("garden"), make_world("rival")

    answer = signed_in(world).post(f"/rename/{fate}/")

    assert answer.status_code == status
    assert name_of(world) == ("改名 fine" if fate == "fine" else "测试花园")
    assert name_of(other) == "测试花园"
    assert (setting(), current_company_id()) == ("", None)


def test_an_interrupted_request_leaves_no_company_behind() -> None:
    world = make_world("garden")

    with pytest.raises(KeyboardInterrupt):
        signed_in(world).post("/rename/interrupt/")

    assert name_of(world) == "测试花园"
    assert (setting(), current_company_id()) == ("", None)


def test_a_refused_request_stores_nothing() -> None:
    """Also what the view itself changed before the refusal."""
    world = make_world("garden")

    answer = signed_in(world).post("/rename/refusal/")

    assert answer.status_code == 409
    assert name_of(world) == "测试花园"


def test_a_session_that_names_another_company_opens_nothing() -> None:
    """The company of a session counts only together with a person who works there."""
    garden, rival = make_world("garden"), make_world("rival")
    client = signed_in(garden)
    session = client.session
    session[COMPANY_KEY], session[PROJECT_KEY] = rival.company.pk, rival.project.pk
    session.save()

    assert client.get("/look/").json() == {"company": None, "projects": []}
    assert client.get("/tickets/").status_code == 302


def test_a_project_of_another_company_in_the_session_falls_back_to_ones_own() -> None:
    garden, rival = make_world("garden"), make_world("rival")
    client = signed_in(garden)
    session = client.session
    session[PROJECT_KEY] = rival.project.pk
    session.save()

    assert client.get("/look/").json() == {"company": garden.company.pk, "projects": ["测试花园"]}


@pytest.mark.parametrize("change", ["staff", "company", "account"])
def test_a_session_dies_with_the_right_to_it(change: str) -> None:
    world = make_world("garden")
    client = signed_in(world)
    assert client.get("/look/").json()["company"] == world.company.pk

    with company_scope(world.company.pk):
        if change == "staff":
            world.front_desk.is_active = False
            world.front_desk.save(update_fields=("is_active",))
        elif change == "account":
            world.front_desk.account.is_active = False
            world.front_desk.account.save(update_fields=("is_active",))
    if change == "company":
        with company_scope(world.company.pk, using="owner"):
            type(world.company).objects.using("owner").filter(pk=world.company.pk).update(is_active=False)

    assert client.get("/look/").json() == {"company": None, "projects": []}
    assert client.get("/tickets/").status_code == 302


def test_answers_to_people_are_kept_by_no_cache() -> None:
    world = make_world("garden")

    answer = signed_in(world).get("/look/")

    assert answer["Cache-Control"] == "private, no-store"
    assert "Cookie" in answer["Vary"]
