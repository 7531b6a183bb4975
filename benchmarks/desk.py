"""The desk's rows of the budget: creating, submitting, searching, and the pages, at the tickets loaded."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta
from time import perf_counter
from typing import Any
from urllib.parse import urlencode

from benchmarks.harness import Row, milliseconds, percentile
from benchmarks.load import RARE, Bench

FORM = "application/x-www-form-urlencoded"
WARM_UP = 5
PASSWORD = "correct-horse"  # noqa: S105 - of the benchmark's own people


def measure(bench: Bench) -> list[Row]:
    """All rows, in the order of the budget table."""
    return [*_create(bench), *_submit(bench), *_search(bench), *_pages(bench)]


def _world(bench: Bench) -> dict[str, Any]:
    from repairs.models import RepairCategory
    from residents.models import DutyShift, Project, Staff, Unit
    from residents.tenancy import scope_now

    now = scope_now()
    clerk = Staff.objects.get(account__login="bench/front_desk")
    technician = Staff.objects.get(account__login="bench/technician")
    for person, role in ((clerk, "front_desk"), (technician, "technician")):
        if not DutyShift.objects.filter(staff=person, ends_at__gt=now).exists():
            DutyShift.objects.create(
                company_id=bench.company,
                project_id=bench.project,
                staff=person,
                role=role,
                started_at=now - timedelta(hours=1),
                ends_at=now + timedelta(hours=20),
            )
    return {
        "clerk": clerk,
        "technician": technician,
        "unit": Unit.objects.filter(project_id=bench.project).first(),
        "category": RepairCategory.objects.get(code="kitchen-leak"),
        "project": Project.objects.get(pk=bench.project),
    }


def _create(bench: Bench, count: int = 300) -> list[Row]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from repairs.actions import RepairIntake, report_repair
    from residents.tenancy import company_scope

    with company_scope(bench.company):
        world = _world(bench)
    intake = RepairIntake(
        category=world["category"], unit=world["unit"], when="now", contact_name="测试业主", not_duplicate=True
    )

    def once() -> None:
        with company_scope(bench.company):
            report_repair(intake, project=world["project"], by=world["clerk"])

    once()
    with company_scope(bench.company), CaptureQueriesContext(connection) as queries:
        report_repair(intake, project=world["project"], by=world["clerk"])
    statements = sum(1 for query in queries if not query["sql"].upper().startswith(("SAVEPOINT", "RELEASE")))
    started = perf_counter()
    for _ in range(count):
        once()
    rate = count / (perf_counter() - started)
    raw = _raw_rate(bench, world, count)
    return [
        Row("creating a repair with its clocks: SQL statements", statements, "", "≤ 12", statements <= 12),
        Row(
            "creating a repair with its clocks",
            rate,
            "a second",
            "≥ 1/3 of the raw rate",
            rate * 3 >= raw,
            f"{rate / raw:.2f} of {raw:.0f} a second",
        ),
    ]


def _raw_rate(bench: Bench, world: dict[str, Any], count: int) -> float:
    """The same rows by hand: one transaction a repair, one statement a table, under the same policies."""
    from django.db import connection

    from residents.tenancy import company_scope
    from tickets.models import SlaClock, Ticket

    with company_scope(bench.company):
        model = Ticket.objects.order_by("-pk").first()
        assert model is not None
        clocks = list(SlaClock.objects.filter(ticket=model).order_by("pk").values_list("pk", flat=True))
        columns = [f.column for f in Ticket._meta.local_concrete_fields if f.name not in {"id", "search"}]
        order = model.repair  # type: ignore[attr-defined]
        order_columns = [f.column for f in order._meta.local_concrete_fields if f.name != "id"]
        clock_columns = [f.column for f in SlaClock._meta.local_concrete_fields if f.name != "id"]
    ticket_sql = _copy(
        "tickets_ticket", columns, {"public_id": "gen_random_uuid()", "number": "%s", "form_key": "NULL"}
    )
    order_sql = _copy("repairs_repairorder", order_columns, {"ticket_id": "%s"})
    clock_sql = _copy("tickets_slaclock", clock_columns, {"ticket_id": "%s", "scope": "scope || '/' || %s"}, many=True)
    started = perf_counter()
    for n in range(count):
        key = uuid.uuid4().hex[:12]
        with company_scope(bench.company), connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO tickets_ticketcounter (company_id, project_id, prefix, day, last) VALUES (%s, %s, 'RW', "
                "current_date, 1) ON CONFLICT (company_id, project_id, prefix, day) "
                "DO UPDATE SET last = tickets_ticketcounter.last + 1 RETURNING last",
                [bench.company, bench.project],
            )
            cursor.execute(ticket_sql, [f"RW-{key}", model.pk])
            ticket = cursor.fetchone()[0]
            cursor.execute(order_sql, [ticket, order.pk])
            cursor.execute(
                "INSERT INTO repairs_visit (company_id, ticket_id, number, accepted_by_system, arrival_method, "
                "miss_reason, finished) VALUES (%s, %s, 1, false, '', '', false)",
                [bench.company, ticket],
            )
            cursor.execute(
                "INSERT INTO tickets_ticketevent (company_id, ticket_id, kind, occurred_at, entered_at, actor_id, "
                "actor_label, audience, data) VALUES (%s, %s, 'reported', now(), now(), %s, '', 'owner', %s)",
                [bench.company, ticket, world["clerk"].pk, json.dumps({"visit": 1, "n": n})],
            )
            cursor.execute(clock_sql, [ticket, key, clocks])
    return count / (perf_counter() - started)


def _copy(table: str, columns: list[str], replaced: dict[str, str], *, many: bool = False) -> str:
    """An INSERT that copies one row, or several by id, with some columns replaced."""
    values = ", ".join(replaced.get(column, column) for column in columns)
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM {table} "
        f"WHERE id {'= ANY(%s)' if many else '= %s'} RETURNING id"
    )


def _client(role: str) -> Any:
    from django.test import Client

    client = Client(SERVER_NAME="localhost")
    answer = client.post("/login/", {"number": f"bench/{role}", "password": PASSWORD, "shift": "early"})
    if answer.status_code != 302:
        raise RuntimeError(f"sign-in answered {answer.status_code}")
    return client


def _homes(count: int) -> list[str]:
    """So many homes that have never reported anything, lived in, as the intake form names them."""
    from residents.models import Building, Person, Unit
    from tests.residents.factories import OccupancyFactory, UnitFactory

    building, owner, have = Building.objects.first(), Person.objects.first(), Unit.objects.count()
    units = [UnitFactory(building=building, room=f"{9999 - have - n:04d}") for n in range(count)]
    for unit in units:
        OccupancyFactory(unit=unit, person=owner)
    return [str(unit.public_id) for unit in units]


def _submit(bench: Bench, count: int = 200) -> list[Row]:
    from residents.tenancy import company_scope

    with company_scope(bench.company):
        world = _world(bench)
        fields = {
            "kind": "repair",
            "scope": "indoor",
            "category": world["category"].code,
            "description": "水槽下方漏水",
            "visit": "now",
            "contact_name": "测试业主",
            "channel": "phone",
            "assignee": world["technician"].number,
            "submit_as": "dispatch",
        }
        homes = iter(_homes(count + WARM_UP))
    client = _client("front_desk")

    def once() -> None:
        body = urlencode({**fields, "unit": next(homes), "form_key": str(uuid.uuid4())})
        answer = client.post("/desk/intake/", body, content_type=FORM, headers={"HX-Request": "true"})
        if answer.status_code != 200:
            raise RuntimeError(f"the intake answered {answer.status_code}: {answer.content[:300]!r}")

    for _ in range(WARM_UP):
        once()
    taken = milliseconds(once, count)
    p50, rate = percentile(taken, 0.5), 1000 * count / sum(taken)
    return [
        Row("submitting the intake form, dispatch included, p50", p50, "ms", "≤ 25 ms", p50 <= 25),
        Row("submitting the intake form, one process", rate, "a second", "≥ 40 a second", rate >= 40),
    ]


def _search(bench: Bench) -> list[Row]:
    from residents.tenancy import company_scope
    from tickets.models import Ticket

    rows = []
    for words, what in (("漏水", "common"), (RARE[:2], "rare")):

        def once(words: str = words) -> None:
            with company_scope(bench.company):
                list(Ticket.objects.matching(words).order_by("-pk")[:50])

        once()
        p95 = percentile(milliseconds(once, 60), 0.95)
        rows.append(
            Row(
                f"two-character word over {bench.tickets:,} tickets ({what}), newest 50, p95",
                p95,
                "ms",
                "≤ 50 ms",
                p95 <= 50,
            )
        )
    return rows


def _pages(bench: Bench) -> list[Row]:
    from residents.tenancy import company_scope
    from tickets.models import Ticket

    with company_scope(bench.company):
        ticket = Ticket.objects.open().filter(kind="repair").order_by("pk").first()
        assert ticket is not None
        detail = f"/tickets/{ticket.public_id}/"
    client = _client("front_desk")
    rows = []
    for what, url in (
        ("console", "/desk/"),
        ("ticket list", "/tickets/"),
        ("ticket list, searched", "/tickets/?q=漏水"),
        ("ticket page", detail),
    ):

        def once(url: str = url) -> None:
            answer = client.get(url)
            if answer.status_code != 200:
                raise RuntimeError(f"{url} answered {answer.status_code}")

        once()
        p95 = percentile(milliseconds(once, 40), 0.95)
        rows.append(Row(f"{what} at {bench.tickets:,} tickets, in process, p95", p95, "ms", "≤ 150 ms", p95 <= 150))
    return rows
