"""An unsafe call under a key happens once, whatever happened to its answer on the way."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection

from residents.models import IdempotencyKey
from residents.tenancy import company_scope
from tests.api.conftest import REPAIRS, Caller, problem
from tests.api.test_repairs import intake
from tests.worlds import World, make_world
from tickets.models import Ticket, TicketEvent

Call = Callable[[str], Caller]
KEY = "call-2025-03-14-0001"


def test_the_same_key_again_gets_the_first_answer_and_makes_nothing(garden: World, caller: Call) -> None:
    first = caller("front_desk").post(REPAIRS, intake(garden), Idempotency_Key=KEY)
    again = caller("front_desk").post(REPAIRS, intake(garden), Idempotency_Key=KEY)

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again["Idempotency-Replayed"] == "true"
    assert "Idempotency-Replayed" not in first
    assert Ticket.objects.count() == 1


def test_the_same_key_for_another_body_is_refused(garden: World, caller: Call) -> None:
    caller("front_desk").post(REPAIRS, intake(garden), Idempotency_Key=KEY)

    refused = problem(caller("front_desk").post(REPAIRS, intake(garden, description="另一处"), Idempotency_Key=KEY))

    assert (refused["status"], refused["code"]) == (422, "idempotency-key-reused")
    assert Ticket.objects.count() == 1


def test_the_same_key_for_another_address_is_refused(garden: World, caller: Call) -> None:
    made = caller("front_desk").post(REPAIRS, intake(garden), Idempotency_Key=KEY).json()["id"]

    assert problem(caller("front_desk").act(made, "urge", Idempotency_Key=KEY))["status"] == 422
    assert not TicketEvent.objects.filter(kind="urged").exists()


def test_an_act_under_a_key_happens_once(garden: World, caller: Call) -> None:
    made = caller("front_desk").post(REPAIRS, intake(garden)).json()["id"]

    for _ in range(3):
        assert caller("front_desk").act(made, "comment", {"text": "到"}, Idempotency_Key=KEY).status_code == 200

    assert TicketEvent.objects.filter(kind="comment").count() == 1


def test_a_refused_call_keeps_nothing_and_may_be_corrected_under_its_key(garden: World, caller: Call) -> None:
    body = intake(garden)
    del body["unit"]

    assert caller("front_desk").post(REPAIRS, body, Idempotency_Key=KEY).status_code == 422
    assert not IdempotencyKey.objects.exists()
    assert caller("front_desk").post(REPAIRS, intake(garden), Idempotency_Key=KEY).status_code == 201


def test_the_key_of_one_person_says_nothing_to_another(garden: World, caller: Call) -> None:
    caller("front_desk").post(REPAIRS, intake(garden), Idempotency_Key=KEY)

    other = caller("supervisor").post(REPAIRS, intake(garden, not_duplicate=True), Idempotency_Key=KEY)

    assert other.status_code == 201
    assert "Idempotency-Replayed" not in other
    assert Ticket.objects.count() == 2


def test_the_key_of_one_company_says_nothing_to_another(garden: World, caller: Call) -> None:
    rival = make_world("rival")
    caller("front_desk").post(REPAIRS, intake(garden), Idempotency_Key=KEY)

    with company_scope(rival.company.pk):
        body = intake(rival)
        stranger = Caller(rival, rival.front_desk)
    answer = stranger.post(REPAIRS, body, Idempotency_Key=KEY)

    assert answer.status_code == 201
    assert "Idempotency-Replayed" not in answer


def test_a_key_is_forgotten_after_a_day(garden: World, caller: Call) -> None:
    caller("front_desk").post(REPAIRS, intake(garden), Idempotency_Key=KEY)
    kept = IdempotencyKey.objects.get()
    IdempotencyKey.objects.update(created_at=kept.created_at - timedelta(hours=24, seconds=1))

    again = caller("front_desk").post(REPAIRS, intake(garden, not_duplicate=True), Idempotency_Key=KEY)

    assert again.status_code == 201
    assert "Idempotency-Replayed" not in again
    assert IdempotencyKey.objects.count() == 1


@pytest.mark.parametrize("key", ["short", "x" * 81, "with a blank", "ключ-ключ"])
def test_a_key_that_is_none_is_refused(key: str, garden: World, caller: Call) -> None:
    answer = caller("front_desk").post(REPAIRS, intake(garden), Idempotency_Key=key)

    assert problem(answer)["status"] == 422


@pytest.mark.django_db(transaction=True, databases=["default", "owner", "sweeper"])
def test_two_calls_at_once_under_one_key_have_one_effect(committed_garden: World) -> None:
    world = committed_garden
    callers = [Caller(world, world.front_desk) for _ in range(2)]
    with company_scope(world.company.pk):
        body = intake(world)
    statuses: list[int] = []

    def call(caller: Caller) -> None:
        try:
            statuses.append(caller.post(REPAIRS, body, Idempotency_Key=KEY).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=call, args=(caller,)) for caller in callers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert statuses == [201, 201]
    with company_scope(world.company.pk):
        assert Ticket.objects.count() == 1
