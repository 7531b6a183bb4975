"""A task acts in the company that queued it, whatever the worker did before."""

from __future__ import annotations

import queue
import threading
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from celery.contrib.testing.worker import start_worker
from celery.signals import task_postrun
from django.db import connection, connections, transaction

from residents.models import Company, Project
from residents.tenancy import CompanyTask, company_scope, current_company_id
from servicedesk.celery import app
from tests.residents.factories import CompanyFactory, ProjectFactory

TRANSACTIONAL = pytest.mark.django_db(transaction=True, databases=["default", "owner", "sweeper"])

seen: queue.Queue[tuple[str, int | None, list[str], str, bool]] = queue.Queue()


@app.task(name="tests.look", ignore_result=True)
def _look(word: str) -> None:
    """What the body of a task sees: its company, its rows, PostgreSQL's setting, whether this is another thread."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(current_setting('app.company', true), '')")
        setting = cursor.fetchone()[0]
    names = sorted(Project.objects.values_list("name", flat=True))
    seen.put((word, current_company_id(), names, setting, threading.current_thread() is not threading.main_thread()))
    if word.startswith("fail"):
        raise RuntimeError(word)


look: CompanyTask = _look  # type: ignore[assignment]  # the app's task class, which the types do not know


def run(word: str, headers: dict[str, Any]) -> None:
    """What a worker does with a message that carries such headers."""
    look.apply(args=(word,), headers=headers)


def two_companies() -> tuple[Company, Company]:
    first, second = CompanyFactory(), CompanyFactory()
    for company in (first, second):
        with company_scope(company.pk):
            ProjectFactory(name=f"花园 {company.code}")
    return first, second


def expected(word: str, company: Company | None, *, in_worker: bool = False) -> tuple[Any, ...]:
    if company is None:
        return word, None, [], "", in_worker
    return word, company.pk, [f"花园 {company.code}"], str(company.pk), in_worker


@pytest.mark.django_db
def test_a_task_runs_in_the_company_of_its_header() -> None:
    first, second = two_companies()

    for company in (first, second, first):
        run("once", {"company_id": company.pk})
        assert seen.get(timeout=1) == expected("once", company)
    run("without", {})
    assert seen.get(timeout=1) == expected("without", None)


@pytest.mark.django_db
def test_a_task_of_one_company_started_inside_another_one_sees_its_own() -> None:
    first, second = two_companies()

    with company_scope(first.pk):
        run("inside", {"company_id": second.pk})
        assert seen.get(timeout=1) == expected("inside", second)
        assert Project.objects.get().name == f"花园 {first.code}"


@pytest.fixture(scope="module")
def worker() -> Iterator[None]:
    """A real worker on a real broker, on a queue of its own."""

    def close(**kwargs: Any) -> None:
        connections.close_all()

    name = f"wall-{uuid.uuid4().hex}"
    routes = app.conf.task_routes
    app.conf.task_routes = {**routes, look.name: {"queue": name}}
    app.amqp.flush_routes()
    task_postrun.connect(close, weak=False, dispatch_uid="tests.close")
    with start_worker(app, pool="solo", perform_ping_check=False, queues=[name], shutdown_timeout=20):
        yield
    task_postrun.disconnect(dispatch_uid="tests.close")
    app.conf.task_routes = routes
    app.amqp.flush_routes()


@TRANSACTIONAL
def test_the_company_travels_with_the_message_through_a_real_worker(worker: None) -> None:
    """Both companies' tasks run in one worker in turn, one of them failing; each sees only its own rows."""
    first, second = two_companies()

    with company_scope(first.pk):
        look.delay("first")
        with company_scope(second.pk):
            look.delay("fail second")
        look.delay("first again")
    look.delay("nobody")

    assert [seen.get(timeout=20) for _ in range(4)] == [
        expected("first", first, in_worker=True),
        expected("fail second", second, in_worker=True),
        expected("first again", first, in_worker=True),
        expected("nobody", None, in_worker=True),
    ]


@TRANSACTIONAL
def test_a_task_queued_on_commit_belongs_to_the_scope_of_the_call_not_of_the_commit(worker: None) -> None:
    """When the outermost transaction commits, the scope is another one, or none."""
    first, second = two_companies()

    with company_scope(first.pk):
        with company_scope(second.pk):
            look.delay_on_commit("inner")
        look.apply_async_on_commit(["outer"])
        with company_scope(second.pk):
            look.apply_async_on_commit(["never"])
            transaction.set_rollback(True)
    with transaction.atomic():
        look.apply_async_on_commit(["none"])

    assert [seen.get(timeout=20) for _ in range(3)] == [
        expected("inner", second, in_worker=True),
        expected("outer", first, in_worker=True),
        expected("none", None, in_worker=True),
    ]
    assert seen.empty()
