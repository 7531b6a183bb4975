"""Records without a ticket keep every state they had, with who changed them and in which request."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client

from residents.middleware import COMPANY_KEY, PROJECT_KEY
from residents.models import Membership, Person, Project, Staff, Unit
from residents.signed_in import staff_of
from tests.tenancy import catalogue
from tests.worlds import World, make_world


def history(model: Any, pk: int) -> list[Any]:
    """Every recorded state of one row, oldest first. The event models are made by pghistory and have no types."""
    (event,) = (event for event in catalogue.history_models() if event.pgh_tracked_model is model)  # type: ignore[attr-defined]
    return list(event._default_manager.filter(pgh_obj_id=pk).order_by("pgh_id"))


def test_saving_bulk_updates_raw_sql_and_deleting_are_all_recorded(garden: World) -> None:
    person = Person.objects.create(name="张三", phone="13800000001")
    person.phone = "13800000002"
    person.save(update_fields=("phone",))
    Person.objects.filter(pk=person.pk).update(phone="13800000003")
    Person.objects.bulk_update([Person(pk=person.pk, phone="13800000004")], ["phone"])
    with connection.cursor() as cursor:
        cursor.execute("UPDATE residents_person SET phone = '13800000005' WHERE id = %s", [person.pk])
        cursor.execute("DELETE FROM residents_person WHERE id = %s", [person.pk])

    told = [(event.pgh_label, event.phone) for event in history(Person, person.pk)]

    assert told == [
        ("insert", "13800000001"),
        ("update", "13800000002"),
        ("update", "13800000003"),
        ("update", "13800000004"),
        ("update", "13800000005"),
        ("delete", "13800000005"),
    ]


def test_a_change_that_changes_nothing_is_not_recorded(garden: World) -> None:
    before = len(history(Unit, garden.unit.pk))

    garden.unit.save()

    assert len(history(Unit, garden.unit.pk)) == before


def test_history_names_who_changed_it_and_in_which_request(garden: World) -> None:
    staff_of(garden.supervisor.account, acting=True, request_id="4f1c")
    garden.owner.care_note = "老人，轻声敲门"
    garden.owner.save(update_fields=("care_note",))

    last = history(Person, garden.owner.pk)[-1]
    assert last.pgh_context == {"staff": garden.supervisor.number, "request": "4f1c"}
    assert last.company_id == garden.company.pk


def test_a_change_by_nobody_in_particular_says_so(garden: World) -> None:
    assert history(Person, garden.owner.pk)[0].pgh_context is None


@pytest.mark.urls("tests.tenancy.urls")
def test_a_request_names_itself_and_the_person_signed_in(garden: World, client: Client) -> None:
    client.force_login(garden.front_desk.account, backend="django.contrib.auth.backends.ModelBackend")
    session = client.session
    session[COMPANY_KEY], session[PROJECT_KEY] = garden.company.pk, garden.project.pk
    session.save()

    client.post("/rename/fine/", headers={"X-Request-ID": "request-0001"})

    last = history(Project, garden.project.pk)[-1]
    assert last.name == "改名 fine"
    assert last.pgh_context == {"staff": garden.front_desk.number, "request": "request-0001"}


def test_a_role_taken_away_stays_in_the_history(garden: World) -> None:
    membership = Membership.objects.get(staff=garden.finance)
    pk = membership.pk
    membership.delete()

    told = [(event.pgh_label, event.role) for event in history(Membership, pk)]
    assert told == [("insert", "finance"), ("delete", "finance")]


@pytest.mark.parametrize("model", catalogue.history_models(), ids=lambda model: model.__name__)
def test_history_is_read_and_added_to_and_never_changed(model: Any, garden: World) -> None:
    table = model._meta.db_table
    for statement in (f"UPDATE {table} SET company_id = company_id", f"DELETE FROM {table}", f"TRUNCATE {table}"):
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            connection.cursor().execute(statement)


def test_history_shows_only_ones_own_company(garden: World) -> None:
    rival = make_world("rival")

    assert history(Staff, rival.front_desk.pk) == []
    assert history(Staff, garden.front_desk.pk) != []
