"""The outbox: what a commit has left is done once, whatever dies in between."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connections

from residents.tenancy import company_scope
from tests.tickets.sla.builders import EVERYBODY, make_ticket
from tests.tickets.sla.test_sweep import together
from tests.worlds import T, World, make_world
from tickets import outbox
from tickets.models import Outbox, Ticket, TicketEvent
from tickets.outbox import LEASE, MAX_ATTEMPTS, relay

pytestmark = pytest.mark.django_db(transaction=True, databases=EVERYBODY)
NOW = T("10:00")


def put(world: World, topic: str, key: str = "key", **payload: Any) -> None:
    with company_scope(world.company.pk):
        Outbox.objects.bulk_create(
            [
                Outbox(
                    company_id=world.company.pk,
                    dedup_key=key,
                    topic=topic,
                    payload=payload,
                    created_at=NOW,
                    not_before=NOW,
                )
            ],
            ignore_conflicts=True,
        )


def row(world: World, key: str = "key") -> Outbox:
    with company_scope(world.company.pk):
        return Outbox.objects.get(dedup_key=key)


@pytest.fixture
def topics() -> Iterator[None]:
    """Topics of the tests: `test.note` writes a line, `test.fail` writes one and fails."""

    def note(payload: dict[str, Any]) -> None:
        ticket = Ticket.objects.get(pk=payload["ticket"])
        TicketEvent.objects.create(
            company_id=ticket.company_id, ticket=ticket, kind="noted", occurred_at=NOW, entered_at=NOW
        )

    def fail(payload: dict[str, Any]) -> None:
        note(payload)
        raise ValueError("the gateway says no")

    outbox.register_topic("test.note", note)
    outbox.register_topic("test.fail", fail)
    yield
    for topic in ("test.note", "test.fail"):
        outbox._handlers.pop(topic)


@pytest.fixture
def ticket(committed_garden: World, topics: None) -> Ticket:
    with company_scope(committed_garden.company.pk):
        return make_ticket(committed_garden, at=NOW)


def notes(world: World) -> int:
    with company_scope(world.company.pk):
        return TicketEvent.objects.filter(kind="noted").count()


def test_the_same_cause_queues_one_row(committed_garden: World, ticket: Ticket) -> None:
    for _ in range(5):
        put(committed_garden, "test.note", ticket=ticket.pk)
    relay(at=NOW)
    assert notes(committed_garden) == 1


def test_a_row_is_done_once_however_many_relay(committed_garden: World, ticket: Ticket) -> None:
    for number in range(40):
        put(committed_garden, "test.note", f"key{number}", ticket=ticket.pk)
    together(4, lambda _number: [relay(at=NOW, limit=5) for _ in range(10)])
    assert notes(committed_garden) == 40


def test_a_row_whose_worker_died_is_taken_again_when_its_lease_runs_out(
    committed_garden: World, ticket: Ticket
) -> None:
    put(committed_garden, "test.note", ticket=ticket.pk)
    with connections["sweeper"].cursor() as cursor:
        cursor.execute("UPDATE tickets_outbox SET lease_until = %s, attempts = 1", [NOW + LEASE])
    assert relay(at=NOW + LEASE) == 0
    assert relay(at=NOW + LEASE + timedelta(seconds=1)) == 1
    assert notes(committed_garden) == 1


def test_a_worker_that_outlives_its_lease_and_the_one_that_took_over_do_it_once(
    committed_garden: World, topics: None
) -> None:
    with company_scope(committed_garden.company.pk):
        ticket = make_ticket(committed_garden, at=NOW)
    put(committed_garden, "test.slow", ticket=ticket.pk)
    began, go_on = threading.Event(), threading.Event()

    def slow(payload: dict[str, Any]) -> None:
        began.set()
        go_on.wait(10)
        outbox._handlers["test.note"](payload)

    outbox.register_topic("test.slow", slow)
    try:

        def act(number: int) -> None:
            if number == 0:
                relay(at=NOW)
                return
            began.wait(10)
            threading.Timer(0.3, go_on.set).start()
            relay(at=NOW + LEASE + timedelta(seconds=1))

        together(2, act)
    finally:
        outbox._handlers.pop("test.slow")
    assert notes(committed_garden) == 1
    assert row(committed_garden).sent_at is not None


def test_a_failing_row_leaves_nothing_behind_waits_longer_each_time_and_is_given_up(
    committed_garden: World, ticket: Ticket
) -> None:
    put(committed_garden, "test.fail", ticket=ticket.pk)
    at: datetime = NOW
    waits = []
    for _ in range(MAX_ATTEMPTS):
        assert relay(at=at) == 1
        waits.append((row(committed_garden).not_before - at).total_seconds())
        at = row(committed_garden).not_before
    assert waits == [2, 4, 8, 16, 32, 64, 128, 256]
    given_up = row(committed_garden)
    assert (given_up.sent_at, given_up.last_error) == (None, "ValueError: the gateway says no")
    assert given_up.dead_at is not None
    assert relay(at=at + timedelta(hours=1)) == 0
    assert notes(committed_garden) == 0


def test_a_row_that_kills_its_worker_every_time_is_given_up_too(committed_garden: World, ticket: Ticket) -> None:
    put(committed_garden, "test.note", ticket=ticket.pk)
    with connections["sweeper"].cursor() as cursor:
        cursor.execute("UPDATE tickets_outbox SET attempts = %s", [MAX_ATTEMPTS])
    relay(at=NOW)
    assert row(committed_garden).dead_at == NOW
    assert notes(committed_garden) == 0


def test_one_failing_row_does_not_hold_up_the_others(committed_garden: World, ticket: Ticket) -> None:
    put(committed_garden, "test.fail", "a", ticket=ticket.pk)
    put(committed_garden, "test.note", "b", ticket=ticket.pk)
    relay(at=NOW)
    assert row(committed_garden, "b").sent_at == NOW
    assert row(committed_garden, "a").attempts == 1


def test_a_flood_of_one_company_does_not_hold_up_the_message_of_another(
    committed_garden: World, ticket: Ticket
) -> None:
    harbour, meadow = make_world("harbour"), make_world("meadow")
    for number in range(60):
        put(committed_garden, "test.note", f"flood{number}", ticket=ticket.pk)
    for world in (harbour, meadow):
        with company_scope(world.company.pk):
            own = make_ticket(world, at=NOW)
        put(world, "test.note", ticket=own.pk)
    with connections["sweeper"].cursor() as cursor:
        cursor.execute(
            "UPDATE tickets_outbox SET not_before = %s WHERE dedup_key = 'key'", [NOW + timedelta(minutes=1)]
        )

    assert relay(at=NOW + timedelta(minutes=1), limit=9) == 5  # three each, and two companies have one

    assert row(harbour).sent_at == row(meadow).sent_at == NOW + timedelta(minutes=1)
    assert notes(committed_garden) == 3
    assert relay(at=NOW + timedelta(minutes=1), limit=9) == 9
    assert notes(committed_garden) == 12


def test_more_companies_than_a_relay_takes_rows_are_served_oldest_first(committed_garden: World) -> None:
    harbour = make_world("harbour")
    for world, age in ((committed_garden, 1), (harbour, 2)):
        with company_scope(world.company.pk):
            Outbox.objects.create(
                dedup_key="key", topic="test", created_at=NOW, not_before=NOW - timedelta(seconds=age)
            )
    assert relay(at=NOW, limit=1) == 1
    assert (row(harbour).attempts, row(committed_garden).attempts) == (1, 0)


def test_dead_letters_are_found_by_the_auditor(committed_garden: World, ticket: Ticket) -> None:
    from tickets.sla.audit import audit

    put(committed_garden, "test.note", ticket=ticket.pk)
    with connections["sweeper"].cursor() as cursor:
        cursor.execute("UPDATE tickets_outbox SET dead_at = %s", [NOW])
    assert any(finding.startswith("dead_outbox: 1") for finding in audit(at=NOW + timedelta(hours=1)))
