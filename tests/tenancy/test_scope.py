"""The one way in: scopes nest, end with their transaction, and leave nothing behind on the connection."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import nullcontext

import pytest
from django.db import DataError, connection, transaction

from residents.models import Building, Company, Project
from residents.tenancy import company_scope, current_company_id, scope_now
from tests.residents.factories import CompanyFactory, ProjectFactory


def setting() -> str:
    """The company PostgreSQL sees now; empty outside every scope."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(current_setting('app.company', true), '')")
        value: str = cursor.fetchone()[0]
        return value


class Unexpected(Exception):
    """Something went wrong in a view."""


@pytest.fixture
def companies(db: None) -> tuple[Company, Company]:
    first, second = CompanyFactory(), CompanyFactory()
    for company in (first, second):
        with company_scope(company.pk):
            ProjectFactory(name=f"花园 {company.code}")
    return first, second


def names() -> list[str]:
    return [name.removeprefix("花园 ") for name in Project.objects.values_list("name", flat=True)]


def _spoil(company: Company) -> None:
    with company_scope(company.pk):
        Project.objects.update(name="改坏了")
        raise Unexpected


def test_a_scope_shows_its_company_and_nothing_else(companies: tuple[Company, Company]) -> None:
    first, second = companies

    assert names() == []
    with company_scope(first.pk):
        assert names() == [first.code]
    with company_scope(second.pk):
        assert names() == [second.code]
    assert names() == []
    assert current_company_id() is None


def test_an_inner_scope_gives_the_outer_one_back(companies: tuple[Company, Company]) -> None:
    first, second = companies

    with company_scope(first.pk):
        with company_scope(second.pk):
            assert (names(), current_company_id(), setting()) == ([second.code], second.pk, str(second.pk))
        assert (names(), current_company_id(), setting()) == ([first.code], first.pk, str(first.pk))


def test_entering_the_same_company_again_changes_nothing(companies: tuple[Company, Company]) -> None:
    first, _second = companies

    with company_scope(first.pk), company_scope(first.pk), company_scope(first.pk):
        assert names() == [first.code]
    assert setting() == ""


def test_an_exception_in_an_inner_scope_restores_the_outer_one(companies: tuple[Company, Company]) -> None:
    first, second = companies

    with company_scope(first.pk):
        with pytest.raises(Unexpected):
            _spoil(second)

        assert (names(), current_company_id(), setting()) == ([first.code], first.pk, str(first.pk))
    with company_scope(second.pk):
        assert names() == [second.code]


def test_a_rolled_back_savepoint_inside_a_scope_keeps_the_scope(companies: tuple[Company, Company]) -> None:
    first, second = companies

    with company_scope(first.pk):
        with transaction.atomic():
            with company_scope(second.pk):
                pass
            transaction.set_rollback(True)
        assert (names(), setting()) == ([first.code], str(first.pk))


def test_a_scope_marked_for_rollback_stores_nothing(companies: tuple[Company, Company]) -> None:
    first, _second = companies

    with company_scope(first.pk):
        Project.objects.update(name="改坏了")
        transaction.set_rollback(True)

    assert setting() == ""
    with company_scope(first.pk):
        assert names() == [first.code]


def test_a_new_row_takes_the_company_of_the_scope_and_none_is_made_outside(companies: tuple[Company, Company]) -> None:
    first, _second = companies

    with company_scope(first.pk):
        project = Project.objects.get()
        building = Building.objects.create(project=project, code="01", name="1栋")
    assert building.company_id == first.pk

    with pytest.raises(Exception, match="row-level security"), transaction.atomic():
        Building.objects.create(company_id=first.pk, project=project, code="02", name="2栋")


def test_a_row_bought_for_another_company_is_refused(companies: tuple[Company, Company]) -> None:
    first, second = companies

    with company_scope(first.pk), pytest.raises(Exception, match="row-level security"), transaction.atomic():
        Project.objects.create(company_id=second.pk, code="777", name="别人的花园")


def test_the_scope_of_one_thread_is_not_that_of_another(companies: tuple[Company, Company]) -> None:
    first, _second = companies
    seen: list[int | None] = []

    with company_scope(first.pk):
        thread = threading.Thread(target=lambda: seen.append(current_company_id()))
        thread.start()
        thread.join()

    assert seen == [None]


@pytest.mark.django_db
def test_time_in_a_scope_is_that_of_the_transaction() -> None:
    company = CompanyFactory()

    with company_scope(company.pk):
        first = scope_now()
        with connection.cursor() as cursor:
            cursor.execute("SELECT now()")
            assert cursor.fetchone()[0] == first
        assert scope_now() == first


def _passes() -> None: ...


def _fails() -> None:
    raise Unexpected


def _is_interrupted() -> None:
    raise KeyboardInterrupt


def _breaks_the_transaction() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")


@pytest.mark.django_db(transaction=True, databases=["default", "owner", "sweeper"])
@pytest.mark.parametrize("happening", [_passes, _fails, _is_interrupted, _breaks_the_transaction])
def test_the_next_transaction_on_the_connection_begins_without_a_company(happening: Callable[[], None]) -> None:
    """The connection lives on (CONN_MAX_AGE); a session-level setting would still be there."""
    company = CompanyFactory()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = cursor.fetchone()

    expected = {_fails: Unexpected, _is_interrupted: KeyboardInterrupt, _breaks_the_transaction: DataError}
    with pytest.raises(expected[happening]) if happening in expected else nullcontext(), company_scope(company.pk):
        ProjectFactory()
        happening()

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        assert cursor.fetchone() == backend
    assert setting() == ""
    assert current_company_id() is None
    assert not Project.objects.exists()
    with company_scope(company.pk):
        assert Project.objects.exists() == (happening is _passes)
