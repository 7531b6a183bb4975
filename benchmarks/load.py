"""The rows the benchmarks look at: a company with a million tickets, and one with a million open clocks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from benchmarks.harness import run_sql, superuser

if TYPE_CHECKING:
    from tickets.models import WorkCalendar

TITLES = (
    "厨房漏水",
    "卫生间地漏返水",
    "入户门锁打不开",
    "空调外机滴水",
    "客厅插座无电",
    "楼道灯不亮",
    "门禁卡失灵",
    "阳台推拉门脱轨",
)
RARE = "燃气表异响"


@dataclass(frozen=True)
class Bench:
    """Ids of the loaded companies and estates, and how many tickets the desk's company really has."""

    company: int
    project: int
    engine_company: int
    engine_project: int
    tickets: int = 0


def ensure_loaded(tickets: int) -> Bench:
    """Load once; a database that has the rows already is used as it is."""
    import django

    django.setup()
    from residents.models import Company
    from residents.tenancy import company_scope
    from tests.worlds import make_world
    from tickets.setup import install_rules

    if not Company.objects.filter(code="bench").exists():
        for code in ("bench", "bench-engine"):
            world = make_world(code)
            with company_scope(world.company.pk):
                install_rules(world.company)
    ids = {}
    for code in ("bench", "bench-engine"):
        company = Company.objects.get(code=code)
        with company_scope(company.pk):
            from residents.models import Project

            ids[code] = (company.pk, Project.objects.get().pk)
    bench = Bench(*ids["bench"], *ids["bench-engine"])
    _tickets(bench.company, bench.project, tickets, open_share=0.02)
    _tickets(bench.engine_company, bench.engine_project, tickets // 10, open_share=1.0)
    _orders(bench.company)
    return replace(bench, tickets=count("tickets_ticket", bench.company))


def count(table: str, company: int, where: str = "") -> int:
    """How many rows of a table a company has."""
    return int(str(run_sql(f"SELECT count(*) FROM {table} WHERE company_id = %s {where}", [company])[0][0]))


def _tickets(company: int, project: int, wanted: int, *, open_share: float) -> None:
    have = count("tickets_ticket", company)
    if have >= wanted:
        return
    with superuser() as connection, connection.cursor() as cursor:
        # The search index is built afterwards, as any bulk load would.
        cursor.execute("DROP INDEX IF EXISTS tickets_ticket_search")
        cursor.execute(
            """
            INSERT INTO tickets_ticket (company_id, public_id, project_id, number, kind, state, title, description,
                category, is_public_area, unit_id, place, contact_name, contact_phone, channel, response, explanation,
                is_important, owner_id, is_pooled, reported_at, entered_at, last_step_at, handled_at, closed_at,
                accepted_by_owner, accepted_at, reviewed_at, archived_at, archive_number, rework_count, version)
            SELECT %(company)s, gen_random_uuid(), %(project)s,
                   'GD-' || to_char(t.at, 'YYYYMMDD') || '-' || n, 'repair',
                   CASE WHEN t.open THEN
                       (ARRAY['reported','accepted','in_work','completion_reported','accepted_ok'])[1 + n %% 5]
                        ELSE 'archived' END,
                   CASE WHEN n %% 50000 = 0 THEN %(rare)s ELSE (%(titles)s::text[])[1 + n %% 8] END, '',
                   'bench', false, NULL, (1 + n %% 40) || '栋1单元' || (100 + n %% 3000),
                   '测试业主', '', 'phone', 'now', '',
                   false, NULL, false, t.at, t.at, t.at, CASE WHEN t.open THEN NULL ELSE t.at END,
                   CASE WHEN t.open THEN NULL ELSE t.at END, false,
                   CASE WHEN t.open THEN NULL ELSE t.at END, CASE WHEN t.open THEN NULL ELSE t.at END,
                   CASE WHEN t.open THEN NULL ELSE t.at END, '', 0, 1
              FROM generate_series(%(first)s, %(last)s) AS n,
                   LATERAL (SELECT now() - make_interval(secs => (%(last)s - n) * 30 + 60) AS at,
                                   (n > %(last)s * (1 - %(open)s)) AS open) AS t
            """,
            {
                "company": company,
                "project": project,
                "first": have + 1,
                "last": wanted,
                "titles": list(TITLES),
                "rare": RARE,
                "open": open_share,
            },
        )
        cursor.execute("CREATE INDEX IF NOT EXISTS tickets_ticket_search ON tickets_ticket USING gin (search)")
        cursor.execute("VACUUM ANALYZE tickets_ticket")


def _orders(company: int) -> None:
    """Records for the open tickets, so that their pages can be shown, and one running clock each."""
    run_sql(
        """
        INSERT INTO repairs_repairorder (company_id, ticket_id, category_id, in_warranty, warranty_basis, form,
            dispatch_kind,
            trade, visit_no, missed_count, at_night, told_next_day, slip_number, result, part_spec, is_tested,
                is_cleaned,
            charge_fen, waived_fen, receipt_number, price_accepted_by)
        SELECT t.company_id, t.id, (SELECT min(id) FROM repairs_repaircategory WHERE company_id = t.company_id),
            true, '',
               'work_order', 'slip', 'general', 1, 0, false, false, '', '', '', false, false, 0, 0, '', ''
          FROM tickets_ticket t
         WHERE t.company_id = %s AND t.closed_at IS NULL
           AND NOT EXISTS (SELECT 1 FROM repairs_repairorder o WHERE o.company_id = t.company_id AND o.ticket_id = t.id)
        """,
        [company],
    )
    run_sql(
        """
        INSERT INTO repairs_visit (company_id, ticket_id, number, accepted_by_system, arrival_method,
            miss_reason, finished)
        SELECT t.company_id, t.id, 1, false, '', '', false FROM tickets_ticket t
         WHERE t.company_id = %s AND t.closed_at IS NULL
           AND NOT EXISTS (SELECT 1 FROM repairs_visit v WHERE v.company_id = t.company_id AND v.ticket_id = t.id)
        """,
        [company],
    )
    run_sql(
        """
        INSERT INTO tickets_slaclock (company_id, project_id, ticket_id, rule_id, rule_code, scope, cycle_no,
            state, lane,
            is_advisory, basis, value, started_at, running_since, consumed, original_due_at, due_at, amber_at,
                detected_by,
            reason, calendar_revision, is_provisional, epoch, step_at, next_step, next_fire_at, attempts, version)
        SELECT t.company_id, t.project_id, t.id, r.id, r.code, 'ticket:' || t.id, 1, 'running', 1, false,
            r.basis, r.value,
               now(), now(), 0, d.at, d.at, d.at - interval '1 hour', '', '', 0, false, 1,
               ARRAY[d.at - interval '5 h', d.at, d.at + interval '4 h', d.at + interval '24 h'], 0,
                   d.at - interval '5 h', 0, 1
          FROM tickets_ticket t
          JOIN tickets_slarule r ON r.company_id = t.company_id AND r.code = 'REP-26',
               LATERAL (SELECT now() + interval '20 h' + make_interval(secs => t.id %% 20000) AS at) d
         WHERE t.company_id = %s AND t.closed_at IS NULL
           AND NOT EXISTS (SELECT 1 FROM tickets_slaclock c WHERE c.company_id = t.company_id AND c.ticket_id = t.id)
        """,
        [company],
    )
    with superuser() as connection, connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def set_open_clocks(bench: Bench, wanted: int) -> int:
    """So many open clocks in the engine's company, all due far ahead, ten to a ticket; how many there are."""
    with superuser() as connection, connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for table in ("tickets_slafiring", "tickets_outbox", "tickets_slaclockinterval"):
            cursor.execute(f"DELETE FROM {table} WHERE company_id = %s", [bench.engine_company])
        cursor.execute("DELETE FROM tickets_ticketevent WHERE company_id = %s", [bench.engine_company])
        cursor.execute("DELETE FROM tickets_slaclock WHERE company_id = %s", [bench.engine_company])
        cursor.execute("SET session_replication_role = DEFAULT")
        cursor.execute(
            """
            INSERT INTO tickets_slaclock (company_id, project_id, ticket_id, rule_id, rule_code, scope, cycle_no,
                state, lane,
                is_advisory, basis, value, started_at, running_since, consumed, original_due_at, due_at, amber_at,
                detected_by, reason, calendar_revision, is_provisional, epoch, step_at, next_step, next_fire_at,
                    attempts,
                version)
            SELECT t.company_id, t.project_id, t.id, r.id, r.code, 'ticket:' || t.id || '/bench:' || k, 1, 'running',
                   k %% 3, false, r.basis, r.value, now(), now(), 0, d.at, d.at, d.at - interval '1 hour', '',
                       '', 0, false, 1,
                   ARRAY[d.at, d.at + interval '4 h', d.at + interval '24 h'], 0, d.at, 0, 1
              FROM (SELECT * FROM tickets_ticket WHERE company_id = %(company)s ORDER BY id LIMIT %(tickets)s) t
              JOIN tickets_slarule r ON r.company_id = t.company_id AND r.code = 'REP-26',
                   generate_series(1, 10) AS k,
                   LATERAL (SELECT now() + interval '10 d' + make_interval(secs => t.id %% 90000) AS at) d
            """,
            {"company": bench.engine_company, "tickets": wanted // 10},
        )
        cursor.execute("VACUUM ANALYZE tickets_slaclock")
        cursor.execute("VACUUM ANALYZE tickets_slafiring")
        cursor.execute("VACUUM ANALYZE tickets_outbox")
        cursor.execute("VACUUM ANALYZE tickets_ticketevent")
        cursor.execute("CHECKPOINT")
    return count("tickets_slaclock", bench.engine_company, "AND state = 'running'")


def make_due(bench: Bench, wanted: int, *, in_seconds: float = 0.0, per_second: float = 0.0) -> int:
    """Let so many open clocks fall due: all at once in the past, or `per_second` from `in_seconds` on.

    Returns how many do: as many as are left when there are fewer.
    """
    moment = (
        "now() + make_interval(secs => %(ahead)s + n / %(rate)s)"
        if per_second
        else "now() - interval '10 s' + 0 * n * interval '1 s' + make_interval(secs => %(ahead)s)"
    )
    rows = run_sql(
        f"""
        UPDATE tickets_slaclock c
           SET due_at = x.at, original_due_at = x.at, next_fire_at = x.at, amber_at = x.at,
               started_at = x.at - interval '1 d',
               step_at = ARRAY[x.at, x.at + interval '4 h', x.at + interval '24 h']
          FROM (SELECT id, {moment} AS at
                  FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM tickets_slaclock
                         WHERE company_id = %(company)s AND state = 'running' AND next_step = 0 LIMIT %(count)s) s) x
         WHERE c.id = x.id
        RETURNING 1
        """,
        {"ahead": in_seconds, "rate": per_second or 1.0, "company": bench.engine_company, "count": wanted},  # type: ignore[arg-type]
    )
    return len(rows)


def count_on_workdays(bench: Bench) -> tuple[WorkCalendar, date]:
    """Let the open clocks of the engine's company count five workdays, begun within the last ten hours.

    Returns their calendar, published without any day of the company's own, and the next workday.
    """
    from residents.tenancy import company_scope, scope_now
    from tickets.calendars.bases import Basis, due
    from tickets.calendars.store import load_table, publish_revision
    from tickets.calendars.zones import local_wall, zone_named
    from tickets.models import CalendarOverride, WorkCalendar

    with company_scope(bench.engine_company):
        calendar, _made = WorkCalendar.objects.get_or_create(
            project_id=bench.engine_project, defaults={"name": "benchmark"}
        )
        CalendarOverride.objects.filter(calendar=calendar).delete()
        revision, now = publish_revision(calendar), scope_now()
        table = load_table(calendar.pk, revision)
    starts = [now - timedelta(hours=hours) for hours in range(10)]
    dues = [due(Basis.WD, 5, start, table=table).at for start in starts]
    with superuser() as connection, connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE tickets_slaclock c
               SET basis = 'WD', value = 5, calendar_id = %(calendar)s, calendar_revision = %(revision)s,
                   started_at = x.start, running_since = x.start, due_at = x.due, original_due_at = x.due,
                   amber_at = x.due, next_fire_at = x.due,
                   step_at = ARRAY[x.due, x.due + interval '4 h', x.due + interval '24 h']
              FROM unnest(%(starts)s::timestamptz[], %(dues)s::timestamptz[]) WITH ORDINALITY AS x(start, due, n)
             WHERE c.company_id = %(company)s AND c.state = 'running' AND c.id %% 10 = x.n - 1
            """,
            {
                "calendar": calendar.pk,
                "revision": revision,
                "starts": starts,
                "dues": dues,
                "company": bench.engine_company,
            },
        )
        cursor.execute("VACUUM ANALYZE tickets_slaclock")
        cursor.execute("CHECKPOINT")
    next_workday = due(Basis.WD, 1, now, table=table).at
    return calendar, local_wall(next_workday, zone_named(calendar.zone)).date()
