"""What browsers are told: once per transaction and change, and a Redis that is away costs one short wait."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator

import pytest
import redis
from django.conf import settings
from django.db import transaction

from repairs import actions
from residents.tenancy import company_scope
from tests.repairs.test_repair_path import take
from tests.tickets.sla.builders import EVERYBODY, make_clock, make_ticket
from tests.worlds import T, World
from tickets import live
from tickets.models import Notice
from tickets.outbox import drain
from tickets.sla.sweep import sweep

pytestmark = pytest.mark.django_db(transaction=True, databases=EVERYBODY)


@pytest.fixture
def heard(committed_garden: World) -> Iterator[list[dict[str, object]]]:
    """The messages of the company's channel so far; reading asks Redis for those still on the way."""
    with redis.Redis.from_url(settings.REDIS_URL) as client, client.pubsub() as channel:
        channel.subscribe(f"live:{committed_garden.company.pk}")
        assert channel.get_message(timeout=5) is not None

        class Heard(list[dict[str, object]]):
            def collect(self) -> list[dict[str, object]]:
                while (message := channel.get_message(timeout=0.3)) is not None:
                    self.append(json.loads(message["data"]))
                return self

        yield Heard()


def test_several_events_of_one_transaction_are_told_once(
    committed_garden: World, heard: list[dict[str, object]]
) -> None:
    world = committed_garden
    with company_scope(world.company.pk):
        world.on_duty("front_desk", "technician")
        ticket = actions.report_repair(take(world), project=world.project, by=world.front_desk, at=T("10:00:00"))
        actions.dispatch_repair(ticket.pk, by=world.front_desk, technician=world.technician, at=T("10:00:30"))
        actions.accept_repair(ticket.pk, by=world.technician, at=T("10:00:40"))
    messages = [m for m in heard.collect() if m["event"] == "ticket"]  # type: ignore[attr-defined]
    assert [m["id"] for m in messages] == [str(ticket.public_id)]
    with company_scope(world.company.pk):
        actions.arrive(ticket.pk, by=world.technician, at=T("10:03:00"))
    assert len([m for m in heard.collect() if m["event"] == "ticket"]) == 2  # type: ignore[attr-defined]


def test_what_is_rolled_back_is_not_told_and_takes_nothing_with_it(
    committed_garden: World, heard: list[dict[str, object]]
) -> None:
    class Refused(Exception):
        pass

    with company_scope(committed_garden.company.pk):
        kept = make_ticket(committed_garden, "GD-20250314-1", at=T("10:00"))
        lost = make_ticket(committed_garden, "GD-20250314-2", at=T("10:00"))
        with contextlib.suppress(Refused), transaction.atomic():
            live.publish_on_commit(lost, "ticket")
            live.publish_on_commit(kept, "ticket")
            raise Refused
        live.publish_on_commit(kept, "ticket")
    assert [m["id"] for m in heard.collect()] == [str(kept.public_id)]  # type: ignore[attr-defined]


def test_after_an_outage_each_person_is_alarmed_once_and_not_for_every_clock(
    committed_garden: World, heard: list[dict[str, object]]
) -> None:
    world = committed_garden
    with company_scope(world.company.pk):
        for number in range(5):
            make_clock(make_ticket(world, f"GD-20250314-{number}", at=T("10:00")), "REP-09", at=T("10:00"))
    sweep(at=T("12:00"), catch_up=True)
    drain(at=T("12:00:01"))
    with company_scope(world.company.pk):
        told = {person for (person,) in Notice.objects.values_list("staff_id")}
        assert Notice.objects.count() == 5 * len(told)  # the record still says who was told of which clock
    messages = heard.collect()  # type: ignore[attr-defined]
    alarms = [person for m in messages if m["event"] == "alert" for person in m["staff"]]
    assert sorted(alarms) == sorted(told)
    assert len([m for m in messages if m["event"] == "notice"]) == 4


def test_after_a_failure_nothing_is_tried_for_a_while(settings: object, caplog: pytest.LogCaptureFixture) -> None:
    live._client.cache_clear()
    settings.REDIS_URL = "redis://127.0.0.1:1/0"  # type: ignore[attr-defined] # nobody listens there
    try:
        for _ in range(20):
            live.publish(1, {"event": "ticket"})
        assert len([r for r in caplog.records if r.name == "tickets.live"]) == 1
    finally:
        live._client.cache_clear()
        live._quiet_until = 0.0
