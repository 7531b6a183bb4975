"""The scenarios. Each starts what it needs on the stack, breaks something, and counts."""

from __future__ import annotations

import contextlib
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.chaos.stack import PATIENCE, Failed, Stack, ask, check, tell, until

if TYPE_CHECKING:
    from tests.worlds import World


@dataclass
class Town:
    """What the scenarios work on: the stack, two companies, how many clocks a storm has, how long a long form lasts."""

    stack: Stack
    worlds: list[World]
    clocks: int
    seconds: float
    storms: int = 0

    def storm(self, count: int) -> str:
        """So many one-minute clocks in each company, all due this second. Returns the prefix of their scopes."""
        from tests.tickets.sla.builders import flood

        self.storms += 1
        prefix = f"storm{self.storms}/"
        waves = 5
        for wave in range(waves):
            # In waves, so that no single sweep takes them all.
            now, size = ask("SELECT now()"), count // len(self.worlds) // waves
            for world in self.worlds:
                flood(world, size, due_at=now, prefix=f"{prefix}{wave}/")
            time.sleep(0.2)
        return prefix

    def crowd(self, *, sweepers: int = 1) -> None:
        """Two beats, four workers (two times two processes), and the second driver."""
        for name in ("worker1", "worker2", "beat1", "beat2", *(f"sweeper{n + 1}" for n in range(sweepers))):
            self.stack.start(name)


def fired(prefix: str) -> int:
    """Rows of the ledger of a storm."""
    return int(
        ask(
            "SELECT count(*) FROM tickets_slafiring f JOIN tickets_slaclock c ON c.id = f.clock_id "
            "WHERE c.scope LIKE %s",
            prefix + "%",
        )
    )


def celery_sweeps() -> bool:
    """Whether a worker has swept within the last seconds."""
    return bool(
        ask("SELECT count(*) FROM tickets_sweeprun WHERE driver = 'celery' AND finished_at > now() - interval '3 s'")
    )


def waiting() -> int:
    """Outbox rows neither done nor given up."""
    return int(ask("SELECT count(*) FROM tickets_outbox WHERE sent_at IS NULL AND dead_at IS NULL"))


def nothing_lost_or_doubled(town: Town, prefix: str, count: int) -> None:
    """A storm of first rungs: each clock breached once, one ledger row, one message, done once, told once."""
    check(f"{prefix}: {fired(prefix)} ledger rows for {count} clocks", fired(prefix) == count)
    breached = ask(
        "SELECT count(*) FROM tickets_slaclock WHERE scope LIKE %s AND state = 'breached_open' "
        "AND breached_at = due_at AND next_step = 1",
        prefix + "%",
    )
    check(f"{prefix}: {breached} breaches for {count} clocks", breached == count)
    sent = ask(
        "SELECT count(*) FROM tickets_outbox o JOIN tickets_slaclock c ON o.dedup_key = 'firing/' || c.id || '/1/0' "
        "WHERE c.scope LIKE %s AND o.sent_at IS NOT NULL",
        prefix + "%",
    )
    check(f"{prefix}: {sent} messages done for {count} clocks", sent == count)
    check(f"{prefix}: somebody was told twice or not at all", told(town, prefix) == count)
    check("messages were given up", not ask("SELECT count(*) FROM tickets_outbox WHERE dead_at IS NOT NULL"))


def told(town: Town, prefix: str) -> int:
    """Notices of a storm: the responsible front desk is one person in each company."""
    from residents.tenancy import company_scope
    from tickets.models import Notice

    total = 0
    for world in town.worlds:
        with company_scope(world.company.pk):
            total += Notice.objects.filter(clock__scope__startswith=prefix).count()
    return total


def crowd(town: Town) -> str:
    """Two beats, four workers and the second driver at one storm; the long form kills one of them every few seconds."""
    town.crowd()
    until("the workers sweep", celery_sweeps)
    began, kills, total = time.monotonic(), 0, 0
    names = ["worker1", "worker2", "beat1", "beat2", "sweeper1"]
    while True:
        prefix = town.storm(town.clocks)
        total += town.clocks
        while town.seconds and (fired(prefix) < town.clocks or waiting()):
            name = random.choice(names)
            town.stack.kill(name)
            town.stack.start(name)
            kills += 1
            time.sleep(random.uniform(1, 6))
            if time.monotonic() - began > town.seconds + 120:
                raise Failed(f"{fired(prefix)} of {town.clocks} fired, {waiting()} messages waiting")
        swept = until("every clock fired", lambda p=prefix: fired(p) >= town.clocks)  # type: ignore[misc]
        until("every message done", lambda: waiting() == 0)
        nothing_lost_or_doubled(town, prefix, town.clocks)
        if time.monotonic() - began >= town.seconds:
            break
    conflicts = ask("SELECT coalesce(sum(conflicts), 0) FROM tickets_sweeprun")
    drivers = ask("SELECT string_agg(DISTINCT driver, ', ' ORDER BY driver) FROM tickets_sweeprun WHERE fired > 0")
    return f"{total} clocks, {total} ledger rows, last storm swept within {swept:.1f} s by {drivers}; {conflicts} " + (
        f"conflicts, {kills} kill -9"
    )


@contextlib.contextmanager
def _stalling(table: str) -> Iterator[None]:
    """A trigger that keeps every statement inserting into the table waiting before it may commit."""
    tell(
        "CREATE FUNCTION stall() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM pg_sleep(2.5); RETURN NULL; END $$"
    )
    tell(f"CREATE TRIGGER stall AFTER INSERT ON {table} FOR EACH STATEMENT EXECUTE FUNCTION stall()")
    try:
        yield
    finally:
        tell(f"DROP TRIGGER stall ON {table}")
        tell("DROP FUNCTION stall()")


def killed_sweeper(town: Town) -> str:
    """kill -9 of a sweeper after the ledger rows are written and before they are committed."""
    count = min(town.clocks, 200)
    with _stalling("tickets_slafiring"):
        prefix = town.storm(count)
        town.stack.start("sweeper1")
        until("a sweeper between ledger and commit", town.stack.stalled)
        town.stack.kill("sweeper1")
        until("its transaction is gone", lambda: not town.stack.stalled())
    check("something of the killed sweep is visible", fired(prefix) == 0)
    town.stack.start("sweeper2")
    until("every clock fired", lambda: fired(prefix) >= count)
    until("every message done", lambda: waiting() == 0)
    nothing_lost_or_doubled(town, prefix, count)
    return f"{count} clocks: 0 rows after the kill, {count} after the next sweep"


def killed_relay(town: Town) -> str:
    """kill -9 of a relay after it has claimed and done a row and before it has committed that."""
    count = min(town.clocks, 20)
    with _stalling("tickets_notice"):
        prefix = town.storm(count)
        town.stack.start("sweeper1")
        until("a relay between its work and the commit", town.stack.stalled)
        until("every clock fired", lambda: fired(prefix) >= count)
        town.stack.kill("sweeper1")
        until("its transaction is gone", lambda: not town.stack.stalled())
    done = count - waiting()
    check("rows are leased", bool(ask("SELECT count(*) FROM tickets_outbox WHERE lease_until > now()")))
    if not town.seconds:
        # The short form does not wait half a minute for the leases to run out.
        tell("UPDATE tickets_outbox SET lease_until = now() WHERE sent_at IS NULL", alias="sweeper")
    town.stack.start("sweeper2")
    until("every message done", lambda: waiting() == 0)
    nothing_lost_or_doubled(town, prefix, count)
    return f"{count} messages: {done} done before the kill, the rest once after the lease"


def redis_away(town: Town) -> str:
    """Redis stopped under two beats and four workers: the second driver enforces, and the workers come back."""
    count = min(town.clocks, 300) if not town.seconds else town.clocks
    town.crowd()
    until("the workers sweep", celery_sweeps)
    town.stack.services.redis.stop()
    prefix = town.storm(count)
    without = until("every clock fired without Redis", lambda: fired(prefix) >= count)
    until("every message done without Redis", lambda: waiting() == 0)
    time.sleep(town.seconds / 5)
    check("Redis did not come back", town.stack.services.redis.restart())
    back = ask("SELECT now()")
    took = until(
        "the workers sweep again",
        lambda: bool(ask("SELECT count(*) FROM tickets_sweeprun WHERE driver = 'celery' AND finished_at > %s", back)),
    )
    again = town.storm(count)
    until("every clock fired with Redis", lambda: fired(again) >= count)
    until("every message done with Redis", lambda: waiting() == 0)
    for storm in (prefix, again):
        nothing_lost_or_doubled(town, storm, count)
    return f"{count} clocks fired within {without:.1f} s without Redis; workers back {took:.1f} s after it returned"


def postgres_restarted(town: Town) -> str:
    """PostgreSQL restarted under a sweeper at work: the same process goes on by itself."""
    from django.db import connections

    count = min(town.clocks, 300) if not town.seconds else town.clocks
    sweeper = town.stack.start("sweeper1")
    prefix = town.storm(count)
    until("the sweeper is at work", lambda: fired(prefix) > 0)
    connections.close_all()
    town.stack.services.postgres.stop()
    time.sleep(1 + town.seconds / 10)
    check("PostgreSQL did not come back", town.stack.services.postgres.restart())
    again = town.storm(count)
    took = until("every clock fired after the restart", lambda: fired(prefix) + fired(again) >= 2 * count)
    until("every message done after the restart", lambda: waiting() == 0)
    check("the sweeper was started anew", sweeper.poll() is None)
    for storm in (prefix, again):
        nothing_lost_or_doubled(town, storm, count)
    return f"{2 * count} clocks; the same sweeper was done {took:.1f} s after the restart"


def deploys(town: Town) -> str:
    """Workers alone, each told to stop and started anew in turn, again and again during storms."""
    for name in ("worker1", "worker2", "beat1"):
        town.stack.start(name)
    until("the workers sweep", celery_sweeps)
    began, total, count = time.monotonic(), 0, 0
    while True:
        prefix = town.storm(town.clocks)
        for name in ("worker1", "worker2", "beat1"):
            town.stack.deploy(name)
            count += 1
            time.sleep(min(town.seconds / 15, 20))
        total += town.clocks
        until("every clock fired", lambda p=prefix: fired(p) >= town.clocks)  # type: ignore[misc]
        until("every message done", lambda: waiting() == 0)
        nothing_lost_or_doubled(town, prefix, town.clocks)
        if time.monotonic() - began >= town.seconds:
            return f"{total} clocks, each fired and told once over {count} stops"


def frozen_workers(town: Town) -> str:
    """Workers that stay connected and take nothing: the age of the last sweep says so, the second driver goes on."""
    from servicedesk.health import SWEEP_MAY_BE, _sweep

    workers = ("worker1", "worker2")
    for name in (*workers, "beat1"):
        town.stack.start(name)
    until("the workers sweep", celery_sweeps)
    check("the engine is not well", _sweep()[0])
    for name in workers:
        town.stack.signal(name, signal.SIGSTOP)
    prefix = town.storm(town.clocks)
    if not town.seconds:
        # The short form does not wait half a minute for the sweep to grow old.
        tell(f"UPDATE tickets_sweeprun SET finished_at = finished_at - interval '{SWEEP_MAY_BE - 3} s'")
    took = until("the engine is reported as standing still", lambda: not _sweep()[0])
    check("frozen workers have fired something", fired(prefix) == 0)
    town.stack.start("sweeper1")
    until("every clock fired", lambda: fired(prefix) >= town.clocks)
    until("every message done", lambda: waiting() == 0)
    check("the engine is not well again", _sweep()[0])
    for name in workers:
        town.stack.signal(name, signal.SIGCONT)
    until("the workers sweep again", celery_sweeps)
    nothing_lost_or_doubled(town, prefix, town.clocks)
    return f"reported {took:.0f} s after the storm, {town.clocks} clocks fired once by the second driver"


def stale_ticks(town: Town) -> str:
    """The ticks of a night without workers, and then one worker: it throws them away and does the work once."""
    import redis
    from django.conf import settings

    from servicedesk.celery import app

    count = 28_800 if town.seconds else 1_000
    with app.producer_pool.acquire(block=True) as producer, redis.Redis.from_url(settings.REDIS_URL) as broker:
        for number in range(count):
            name = "tickets.tasks.sweep" if number % 2 else "tickets.tasks.relay"
            app.send_task(name, producer=producer, expires=1, ignore_result=True)
        time.sleep(3)  # until the last of them is too old, and what another scenario has left

        def queued() -> int:
            return sum(int(broker.llen(queue)) for queue in ("sla", "default"))

        check("the ticks are not queued", queued() >= count)
        prefix = town.storm(town.clocks)
        town.stack.start("worker1")
        took = until("the queues are empty", lambda: queued() == 0, patience=4 * PATIENCE)
        check("a stale tick did something", fired(prefix) == 0 and waiting() == 0)
    town.stack.start("beat1")
    until("every clock fired", lambda: fired(prefix) >= town.clocks)
    until("every message done", lambda: waiting() == 0)
    nothing_lost_or_doubled(town, prefix, town.clocks)
    return (
        f"{count} stale ticks gone within {took:.1f} s without an effect, {town.clocks} clocks fired by the next ones"
    )


def deadlock_storm(town: Town) -> str:
    """Eight people close and move tickets while two sweepers fire their clocks."""
    before = ask("SELECT sum(deadlocks) FROM pg_stat_database")
    for name in ("sweeper1", "sweeper2"):
        town.stack.start(name)
    lasts = max(town.seconds, 6.0)
    counts = [0] * 8
    errors: list[str] = []
    threads = [
        threading.Thread(target=_desk, args=(town.worlds[n % 2], n, lasts, counts, errors)) for n in range(len(counts))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    until(
        "nothing is due",
        lambda: not ask("SELECT count(*) FROM tickets_slaclock WHERE next_fire_at < now() - interval '1 s'"),
    )
    until("every message done", lambda: waiting() == 0)
    check(f"errors: {errors[:3]}", not errors)
    deadlocks = ask("SELECT sum(deadlocks) FROM pg_stat_database") - before
    check(f"{deadlocks} deadlocks", deadlocks == 0)
    missed = ask(
        "SELECT count(*) FROM tickets_slaclock WHERE NOT is_advisory AND breached_at IS NULL "
        "AND (stopped_at > due_at OR (stopped_at IS NULL AND state = 'running' AND due_at < now() - interval '5 s'))"
    )
    check(f"{missed} breaches missed", missed == 0)
    doubled = ask(
        "SELECT count(*) FROM (SELECT data -> 'clock' FROM tickets_ticketevent WHERE kind = 'breached' "
        "GROUP BY 1 HAVING count(*) > 1) t"
    )
    check(f"{doubled} breaches recorded twice", doubled == 0)
    breaches = ask("SELECT count(*) FROM tickets_ticketevent WHERE kind = 'breached'")
    return f"{sum(counts)} tickets by 8 people, {breaches} breaches, 0 deadlocks, 0 missed, 0 doubled"


def _desk(world: World, number: int, lasts: float, counts: list[int], errors: list[str]) -> None:
    """One person at the desk: reports of a minute ago, due at once, which are then dispatched or withdrawn."""
    from django.db import connections

    from repairs import actions
    from residents.errors import DomainError
    from residents.tenancy import company_scope, scope_now
    from tests.repairs.test_repair_path import take

    end = time.monotonic() + lasts
    while time.monotonic() < end:
        try:
            with company_scope(world.company.pk):
                ticket = actions.report_repair(
                    take(world, not_duplicate=True),
                    project=world.project,
                    by=world.front_desk,
                    at=scope_now() - timedelta(seconds=random.choice((40, 59, 61, 90))),
                )
            time.sleep(random.uniform(0, 0.2))
            with company_scope(world.company.pk):
                if random.random() < 0.7:
                    actions.dispatch_repair(
                        ticket.pk, by=world.front_desk, technician=world.technician, override_reason="演练"
                    )
                else:
                    actions.cancel_repair(ticket.pk, by=world.front_desk, reason="演练", withdrawn_by="测试业主")
            counts[number] += 1
        except DomainError:
            continue  # refused in words: that is an answer
        except Exception as error:  # noqa: BLE001 - the report names it
            errors.append(f"{type(error).__name__}: {error}")
    connections.close_all()


SCENARIOS: dict[str, Callable[[Town], str]] = {
    "killed_sweeper": killed_sweeper,
    "killed_relay": killed_relay,
    "crowd": crowd,
    "redis_away": redis_away,
    "postgres_restarted": postgres_restarted,
    "deploys": deploys,
    "frozen_workers": frozen_workers,
    "stale_ticks": stale_ticks,
    "deadlock_storm": deadlock_storm,
}
