"""What the web role gets to see and write: only rows of the company whose scope is open, in every table."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import DatabaseError, connection, models, transaction

from residents.models import Person, Unit
from residents.tenancy import CompanyModel, company_scope
from tests.tenancy import catalogue
from tests.tenancy.fill import Neighbours
from tickets.models import Ticket

pytestmark = pytest.mark.django_db

REFUSED = "42501"  # insufficient_privilege: by the policy, or by a grant that is not there
NO_SUCH_ROW = "23503"  # foreign_key_violation
TABLES = catalogue.walled_tables()
KEYS = [(model, field.column) for model, field in catalogue.company_keys()]


def select(statement: str, *params: Any) -> Any:
    """The first value of the first row."""
    with connection.cursor() as cursor:
        cursor.execute(statement, params)
        return cursor.fetchone()[0]


def refusal(statement: str, *params: Any) -> str:
    """The SQLSTATE with which the database refuses; fails when it accepts."""
    with pytest.raises(DatabaseError) as caught, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, params)
    state: str = caught.value.__cause__.pgcode  # type: ignore[union-attr]
    return state


def columns(table: str) -> list[str]:
    """The columns that an INSERT may name."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped "
            "AND attgenerated = ''",
            [table],
        )
        return [name for (name,) in cursor.fetchall()]


def a_row(table: str, company_id: int) -> dict[str, Any]:
    """Any row of a company, as JSON; fails where the company has none."""
    with company_scope(company_id):
        found: dict[str, Any] = json.loads(select(f"SELECT row_to_json(t)::text FROM {table} t LIMIT 1"))
        return found


def insert(table: str, row: dict[str, Any]) -> tuple[str, str]:
    """The INSERT of such a row, under a new primary key."""
    row = {**row, **{key: row[key] + 1_000_000 for key in ("id", "pgh_id") if key in row}}
    names = ", ".join(f'"{name}"' for name in columns(table))
    return f"INSERT INTO {table} ({names}) SELECT {names} FROM json_populate_record(NULL::{table}, %s)", json.dumps(row)


@pytest.mark.parametrize("table", TABLES)
def test_without_a_scope_no_row_is_seen_changed_or_added(table: str, neighbours: Neighbours) -> None:
    row = a_row(table, neighbours.garden.company.pk)

    assert select(f"SELECT count(*) FROM {table}") == 0
    assert refusal(*insert(table, row)) == REFUSED
    if table not in catalogue.append_only_tables():
        with connection.cursor() as cursor:
            cursor.execute(f"UPDATE {table} SET company_id = company_id")
            assert cursor.rowcount == 0
            cursor.execute(f"DELETE FROM {table}")
            assert cursor.rowcount == 0


@pytest.mark.parametrize("table", TABLES)
def test_inside_a_scope_rows_of_other_companies_are_neither_seen_nor_touched(
    table: str, neighbours: Neighbours
) -> None:
    home, foreign = neighbours.garden.company.pk, neighbours.rival.company.pk
    foreign_row = a_row(table, foreign)

    with company_scope(home):
        assert select(f"SELECT count(*) > 0 AND every(company_id = %s) FROM {table}", home)
        assert select(f"SELECT count(*) FROM {table} WHERE company_id = %s OR true", foreign) == select(
            f"SELECT count(*) FROM {table}"
        )
        assert refusal(*insert(table, foreign_row)) == REFUSED
        assert refusal(f"UPDATE {table} SET company_id = %s", foreign) == REFUSED
        if table not in catalogue.append_only_tables():
            with connection.cursor() as cursor:
                cursor.execute(f"DELETE FROM {table} WHERE company_id = %s", [foreign])
                assert cursor.rowcount == 0


# What else must differ for the copied row to reach the foreign-key check before another unique index.
FRESH: dict[str, dict[str, Any]] = {
    "tickets_slaclockinterval": {"began_at": "2024-01-01T00:00:00Z"},
    "tickets_slarule": {"version": 99, "retired_at": "2024-01-01T00:00:00Z"},
}


@pytest.mark.parametrize(("model", "column"), KEYS, ids=lambda value: getattr(value, "__name__", value))
def test_no_reference_can_point_at_a_row_of_another_company(
    model: type[CompanyModel], column: str, neighbours: Neighbours
) -> None:
    """The foreign id is a real one: the plain key of a naive schema would accept it."""
    table = model._meta.db_table
    target: Any = next(field.related_model for field in model._meta.local_fields if field.column == column)
    foreign_id = a_row(target._meta.db_table, neighbours.rival.company.pk)["id"]
    row = a_row(table, neighbours.garden.company.pk)

    with company_scope(neighbours.garden.company.pk):
        if getattr(model, "append_only", False) or table in FRESH:
            state = refusal(*insert(table, {**row, **FRESH.get(table, {}), column: foreign_id}))
        else:
            one = f"ctid = (SELECT ctid FROM {table} LIMIT 1)"
            state = refusal(f"UPDATE {table} SET {column} = %s WHERE {one}", foreign_id)

    assert state == NO_SUCH_ROW


def test_a_reference_to_a_row_of_the_same_company_is_accepted(neighbours: Neighbours) -> None:
    """The control of the test above: what refuses there is the company, not the statement."""
    with company_scope(neighbours.garden.company.pk), connection.cursor() as cursor:
        keeper = neighbours.garden.keeper
        cursor.execute("UPDATE residents_unit SET keeper_id = %s", [keeper.pk])

        assert Unit.objects.get().keeper == keeper


def test_a_foreign_ticket_with_a_record_looks_like_one_without(neighbours: Neighbours) -> None:
    """A unique index over all companies would answer 'taken' for the one and 'no such row' for the other."""
    row = a_row("repairs_repairorder", neighbours.garden.company.pk)
    taken = neighbours.tickets["rival"].pk

    with company_scope(neighbours.garden.company.pk):
        answers = {refusal(*insert("repairs_repairorder", {**row, "ticket_id": pk})) for pk in (taken, 987_654_321)}

    assert answers == {NO_SUCH_ROW}


def test_the_same_phone_code_and_number_may_exist_in_two_companies(neighbours: Neighbours) -> None:
    seen = []
    for world in (neighbours.garden, neighbours.rival):
        with company_scope(world.company.pk):
            seen.append(
                (
                    Person.objects.values_list("phone", flat=True).first(),
                    Unit.objects.values_list("code", flat=True).filter(room="2502").first(),
                    Ticket.objects.order_by("pk").values_list("number", flat=True).first(),
                    {staff.number for staff in world.staff.values()},
                )
            )

    assert seen[0] == seen[1]


def test_a_search_cannot_be_widened_by_what_is_typed(neighbours: Neighbours) -> None:
    with company_scope(neighbours.rival.company.pk):
        Person.objects.update(name="鳄梨七号", care_note="鳄梨七号")

    with company_scope(neighbours.garden.company.pk), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM residents_person WHERE name LIKE '%鳄梨%' OR 1 = 1 OR company_id > 0")
        widened = cursor.fetchone()[0]

        assert widened == Person.objects.count()
        assert not Person.objects.filter(name__contains="鳄梨").exists()


def test_the_wall_cannot_be_switched_off_from_inside(neighbours: Neighbours) -> None:
    with company_scope(neighbours.garden.company.pk):
        for statement in (
            "ALTER TABLE tickets_ticket DISABLE ROW LEVEL SECURITY",
            "DROP POLICY company ON tickets_ticket",
            "ALTER TABLE tickets_ticketevent DISABLE TRIGGER append_only",
            "TRUNCATE tickets_ticket CASCADE",
            "SET ROLE sd_owner",
            "SET SESSION AUTHORIZATION sd_owner",
            "SET session_replication_role = replica",
            "CREATE VIEW mine AS SELECT 1",
            "COPY tickets_ticket TO PROGRAM 'cat'",
            "SELECT pg_read_file('PG_VERSION')",
        ):
            assert refusal(statement) == REFUSED, statement
        # Asked to go without the policies, the database refuses instead of showing everything.
        assert refusal("SET LOCAL row_security = off; SELECT * FROM tickets_ticket") == REFUSED


def test_every_table_of_ours_is_walked() -> None:
    """The parameters above come from the models; a model that is not registered would slip through both."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'company_id' "
            "WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace"
        )
        with_company = sorted(name for (name,) in cursor.fetchall())

    assert with_company == TABLES
    assert all(issubclass(model, models.Model) for model, _column in KEYS)
