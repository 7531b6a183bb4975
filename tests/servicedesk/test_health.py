"""What /healthz and /readyz say to people, load balancers and health checks."""

from __future__ import annotations

import uuid

import pytest
from django.db import connections
from django.test import Client
from pytest_django.fixtures import Settings

DATABASES = ["default", "owner", "sweeper"]


def swept(seconds_ago: float) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "INSERT INTO tickets_sweeprun (started_at, finished_at, driver, due_before, fired, conflicts, failed, "
            "oldest_lag_ms, mode) SELECT t, t, 'test', t, 0, 0, 0, 0, 'normal' "
            "FROM (SELECT now() - make_interval(secs => %s) AS t)",
            [seconds_ago],
        )


def test_a_living_process_is_healthy_without_any_database(client: Client) -> None:
    answer = client.get("/healthz")

    assert (answer.status_code, answer.content) == (200, b"ok")


@pytest.mark.django_db(transaction=True, databases=DATABASES)
def test_the_site_is_ready_when_database_redis_and_sweep_are(client: Client) -> None:
    swept(3)

    answer = client.get("/readyz")

    body = answer.json()
    assert answer.status_code == 200
    assert (body["ready"], body["failing"], body["database"], body["redis"]) == (True, [], "ok", "ok")
    assert 3 <= body["sweep"] <= 30


@pytest.mark.django_db(transaction=True, databases=DATABASES)
@pytest.mark.parametrize(("seconds_ago", "sweep"), [(None, "never"), (31, 31)])
def test_an_engine_that_stands_still_is_named(client: Client, seconds_ago: int | None, sweep: str | int) -> None:
    if seconds_ago is not None:
        swept(seconds_ago)

    answer = client.get("/readyz")

    body = answer.json()
    assert (answer.status_code, body["failing"]) == (503, ["sweep"])
    assert body["sweep"] == sweep or int(body["sweep"]) >= 31


@pytest.mark.django_db(transaction=True, databases=DATABASES)
def test_a_missing_redis_is_named_and_the_rest_still_looked_at(client: Client, settings: Settings) -> None:
    swept(1)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"

    answer = client.get("/readyz")

    body = answer.json()
    assert (answer.status_code, body["failing"], body["database"]) == (503, ["redis"], "ok")


def test_a_request_keeps_the_id_that_its_proxy_gave(client: Client) -> None:
    given = uuid.uuid4().hex

    assert client.get("/healthz", headers={"X-Request-ID": given}).headers["X-Request-ID"] == given


def test_an_id_that_could_forge_a_log_line_is_replaced(client: Client) -> None:
    answered = client.get("/healthz", headers={"X-Request-ID": "a b\tlevel=error"}).headers["X-Request-ID"]

    assert uuid.UUID(answered).version == 4


def test_the_browser_is_told_to_run_nothing_but_our_own_files(client: Client) -> None:
    headers = client.get("/healthz").headers

    policy = dict(part.strip().split(" ", 1) for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["object-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
