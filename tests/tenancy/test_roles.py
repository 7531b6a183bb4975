"""The other roles: the owner cannot rewrite the record, the sweeper reaches the engine's tables only, the back-up
reads everything and writes nothing; a web role that is too strong stops the start."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any
from urllib.parse import urlsplit

import psycopg2
import pytest
from django.core.management.base import SystemCheckError
from django.db import DatabaseError, connections, transaction

from residents.tenancy import company_scope
from servicedesk.checks import check_roles, refuse_bad_start
from tests.tenancy import catalogue
from tests.tenancy.fill import Neighbours

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner", "sweeper"])

SUPERUSER = "DATABASE_SUPERUSER_URL"


def attempt(alias: str, statement: str) -> str:
    """The SQLSTATE with which a role is refused; empty when it succeeds. What it did is rolled back."""
    try:
        with transaction.atomic(using=alias), connections[alias].cursor() as cursor:
            cursor.execute(statement)
            transaction.set_rollback(True, using=alias)
    except DatabaseError as error:
        state: str = error.__cause__.pgcode  # type: ignore[union-attr]
        return state
    return ""


def count(alias: str, table: str) -> int:
    with connections[alias].cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        found: int = cursor.fetchone()[0]
        return found


@pytest.mark.rule("GEN-02")
def test_not_even_the_owner_of_the_tables_changes_what_is_append_only(committed_neighbours: Neighbours) -> None:
    tables = catalogue.append_only_tables()
    assert {"tickets_ticketevent", "tickets_slafiring", "tickets_slaclockinterval", "residents_staffevent"} <= {*tables}
    with company_scope(committed_neighbours.garden.company.pk, using="owner"):
        for table in tables:
            assert count("owner", table) > 0, table
            assert attempt("owner", f"UPDATE {table} SET company_id = company_id") == "42501", table
            assert attempt("owner", f"DELETE FROM {table}") == "42501", table


def test_the_owner_of_the_tables_sees_no_row_without_a_scope(committed_neighbours: Neighbours) -> None:
    assert [table for table in catalogue.walled_tables() if count("owner", table)] == []


def test_the_sweeper_may_do_in_every_table_what_its_models_say_and_nothing_else(
    committed_neighbours: Neighbours,
) -> None:
    agreed = catalogue.agreed_rights("sd_sweeper")
    companies = {world.company.pk for world in (committed_neighbours.garden, committed_neighbours.rival)}

    for table in catalogue.walled_tables():
        may = agreed.get(table, set())
        if "SELECT" in may:
            with connections["sweeper"].cursor() as cursor:
                cursor.execute(f"SELECT DISTINCT company_id FROM {table}")
                assert {company for (company,) in cursor.fetchall()} == companies, table
        elif not may:
            assert attempt("sweeper", f"SELECT company_id FROM {table}") == "42501", table
        changes = {
            "UPDATE": f"UPDATE {table} SET company_id = company_id WHERE false",
            "DELETE": f"DELETE FROM {table} WHERE false",
            "INSERT": f"INSERT INTO {table} (company_id) SELECT 1 WHERE false",
            "TRUNCATE": f"TRUNCATE {table} CASCADE",
        }
        for right, statement in changes.items():
            assert (attempt("sweeper", statement) == "") == (right in may), (table, right)
    for table in ("residents_account", "django_session"):
        assert attempt("sweeper", f"SELECT * FROM {table}") == "42501"


def test_what_the_sweeper_writes_carries_the_company_of_its_cause(committed_neighbours: Neighbours) -> None:
    """Its policy lets it write for every company; the composite key still ties each row to its clock's company."""
    home, foreign = (world.company.pk for world in (committed_neighbours.garden, committed_neighbours.rival))
    with connections["sweeper"].cursor() as cursor:
        cursor.execute("SELECT id FROM tickets_slaclock WHERE company_id = %s LIMIT 1", [home])
        clock = cursor.fetchone()[0]

    firing = (
        "INSERT INTO tickets_slafiring (company_id, clock_id, epoch, step_no, scheduled_for, fired_at, outcome) "
        "VALUES ({}, {}, 77, 1, now(), now(), 'fired')"
    )
    assert attempt("sweeper", firing.format(home, clock)) == ""
    assert attempt("sweeper", firing.format(foreign, clock)) == "23503"


@contextmanager
def session_of(role: str, password: str) -> Iterator[Any]:
    settings = connections["owner"].settings_dict
    with closing(
        psycopg2.connect(
            host=settings["HOST"], port=settings["PORT"], dbname=settings["NAME"], user=role, password=password
        )
    ) as session:
        session.autocommit = True
        with session.cursor() as cursor:
            yield cursor


@pytest.mark.skipif("DATABASE_BACKUP_PASSWORD" not in os.environ, reason="run by make test, which knows the password")
def test_the_back_up_role_reads_every_company_and_writes_nothing(committed_neighbours: Neighbours) -> None:
    with session_of("sd_backup", os.environ["DATABASE_BACKUP_PASSWORD"]) as cursor:
        for table in catalogue.walled_tables():
            cursor.execute(f"SELECT count(DISTINCT company_id) FROM {table}")
            assert cursor.fetchone() == (2,), table
        cursor.execute("SET default_transaction_read_only = off")
        for table in catalogue.walled_tables():
            for statement in (
                f"INSERT INTO {table} (company_id) SELECT 1 WHERE false",
                f"UPDATE {table} SET company_id = 1 WHERE false",
                f"DELETE FROM {table} WHERE false",
                f"TRUNCATE {table}",
            ):
                with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                    cursor.execute(statement)


@contextmanager
def web_as(user: str, password: str) -> Iterator[None]:
    """The web's connection under another role."""
    web = connections["default"]
    web.close()
    given = {key: web.settings_dict[key] for key in ("USER", "PASSWORD")}
    web.settings_dict.update({"USER": user, "PASSWORD": password})
    try:
        yield
    finally:
        web.close()
        web.settings_dict.update(given)


def superuser() -> tuple[str, str]:
    parts = urlsplit(os.environ[SUPERUSER])
    return parts.username or "", parts.password or ""


STRONG = {"has BYPASSRLS": "BYPASSRLS", "is a superuser": "SUPERUSER", "owns tables": "IN ROLE sd_owner"}
# Roles belong to the whole server, which parallel test processes share.
ROLE = f"sd_strong_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"


@pytest.mark.skipif(SUPERUSER not in os.environ, reason="run by make test, which knows a superuser")
@pytest.mark.parametrize("power", STRONG)
def test_a_web_role_for_which_the_wall_does_not_stand_stops_the_start(power: str) -> None:
    """Real roles: one that by-passes policies, a superuser, a member of the owner's role."""
    database = connections["owner"].settings_dict["NAME"]
    with session_of(*superuser()) as cursor:
        cursor.execute(f"DROP ROLE IF EXISTS {ROLE}")
        cursor.execute(f"CREATE ROLE {ROLE} LOGIN PASSWORD 'strong' {STRONG[power]}")
        cursor.execute(f'GRANT CONNECT ON DATABASE "{database}" TO {ROLE}')
        try:
            with web_as(ROLE, "strong"):
                found = check_roles(None, databases=["default"])
                with pytest.raises(SystemCheckError, match=power):
                    refuse_bad_start()
        finally:
            connections["default"].close()
            cursor.execute(f'REVOKE ALL ON DATABASE "{database}" FROM {ROLE}')
            cursor.execute(f"DROP ROLE {ROLE}")

    assert f"{ROLE} of 'default' {power}" in " ".join(message.msg for message in found)
    assert {message.id for message in found} == {"servicedesk.E003"}
