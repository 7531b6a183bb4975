"""What has done its work goes after a time; what is on the record, or was given up, stays."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from residents.tenancy import company_scope
from tests.tickets.sla.builders import EVERYBODY, flood, just_after, just_before
from tests.tickets.sla.test_sweep import count_ledger, now_of_database, owner_sql, together
from tests.worlds import T, World, make_world
from tickets.models import Outbox, SweepRun
from tickets.outbox import drain
from tickets.purging import KEEP_RUNS, KEEP_SENT, purge
from tickets.sla.sweep import sweep, sweep_all
from tickets.tasks import purge as purge_task

pytestmark = pytest.mark.django_db(transaction=True, databases=EVERYBODY)
NOW = T("10:00")


def put(world: World, key: str, **fields: datetime | None) -> None:
    with company_scope(world.company.pk):
        Outbox.objects.create(dedup_key=key, topic="test", created_at=NOW, not_before=NOW, **fields)


def keys(world: World) -> set[str]:
    with company_scope(world.company.pk):
        return set(Outbox.objects.values_list("dedup_key", flat=True))


def run(name: str, *, ended: datetime, mode: str = "normal") -> None:
    SweepRun.objects.using("sweeper").create(
        started_at=ended, finished_at=ended, due_before=ended, driver=name, mode=mode
    )


def test_messages_sent_long_ago_go_in_every_company_and_the_rest_stays(committed_garden: World) -> None:
    harbour = make_world("harbour")
    long_ago = NOW - KEEP_SENT
    for world in (committed_garden, harbour):
        put(world, "old", sent_at=just_before(long_ago))
        put(world, "just kept", sent_at=long_ago)
        put(world, "new", sent_at=NOW)
        put(world, "waiting")
        put(world, "given up", dead_at=just_before(long_ago))
    assert purge(at=NOW) == 2
    for world in (committed_garden, harbour):
        assert keys(world) == {"just kept", "new", "waiting", "given up"}
    assert purge(at=NOW) == 0
    assert purge(at=just_after(NOW)) == 2


def test_more_than_a_batch_goes_and_two_purges_at_once_do_not_disturb_each_other(committed_garden: World) -> None:
    for number in range(40):
        put(committed_garden, f"old{number}", sent_at=NOW - KEEP_SENT - timedelta(seconds=number + 1))
    put(committed_garden, "new", sent_at=NOW)
    together(3, lambda _number: purge(at=NOW, batch=7))
    purge(at=NOW, batch=7)
    assert keys(committed_garden) == {"new"}


def test_a_rung_whose_message_is_gone_does_not_fire_again(committed_garden: World) -> None:
    flood(committed_garden, 3, due_at=NOW)
    sweep_all(at=T("10:00:01"))
    drain(at=T("10:00:02"))
    purge(at=NOW + KEEP_SENT + timedelta(minutes=1))
    assert count_ledger() == (3, 0)
    owner_sql("ALTER TABLE tickets_slaclock NO FORCE ROW LEVEL SECURITY")
    try:
        owner_sql("UPDATE tickets_slaclock SET next_step = 0, next_fire_at = step_at[1]")  # a cursor restored by hand
    finally:
        owner_sql("ALTER TABLE tickets_slaclock FORCE ROW LEVEL SECURITY")
    assert sweep_all(at=T("10:00:03")).conflicts == 3
    assert count_ledger() == (3, 0)


def test_sweeps_of_a_week_ago_go_and_gaps_and_the_newest_stay(committed_garden: World) -> None:
    week_ago = NOW - KEEP_RUNS
    run("old", ended=just_before(week_ago))
    run("gap", ended=just_before(week_ago), mode="gap")
    run("kept", ended=week_ago)
    assert purge(at=NOW) == 1
    assert set(SweepRun.objects.values_list("driver", flat=True)) == {"gap", "kept"}


def test_after_weeks_without_a_sweep_the_next_one_still_sees_the_gap(committed_garden: World) -> None:
    sweep(driver="sweeper")
    owner_sql("UPDATE tickets_sweeprun SET started_at = now() - interval '20 d', finished_at = now() - interval '20 d'")
    purge()
    sweep(driver="sweeper")
    gap = SweepRun.objects.get(mode="gap")
    assert (gap.finished_at - gap.started_at).days == 20


def test_the_periodic_task_purges_by_the_databases_time(committed_garden: World) -> None:
    put(committed_garden, "old", sent_at=now_of_database() - KEEP_SENT - timedelta(minutes=1))
    put(committed_garden, "new", sent_at=now_of_database() - KEEP_SENT + timedelta(minutes=10))
    assert purge_task() == 1
    assert keys(committed_garden) == {"new"}
