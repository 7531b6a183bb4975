"""The database's own catalogue shows a wall without a gap, and a gap would be noticed."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import connection, connections

from tests.tenancy import catalogue


@pytest.mark.django_db
def test_every_table_of_ours_has_a_company_behind_a_forced_policy_or_a_listed_reason() -> None:
    with connection.cursor() as cursor:
        assert catalogue.tables_outside_the_wall(cursor) == []


@pytest.mark.django_db
def test_no_reference_between_company_tables_lacks_the_company() -> None:
    with connection.cursor() as cursor:
        assert catalogue.keys_across_companies(cursor) == []


@pytest.mark.django_db
def test_no_unique_index_tells_one_company_what_another_has() -> None:
    with connection.cursor() as cursor:
        assert catalogue.uniqueness_over_all_companies(cursor) == []


@pytest.mark.django_db
def test_no_view_partition_or_function_leads_past_the_wall() -> None:
    with connection.cursor() as cursor:
        assert catalogue.side_doors(cursor) == []


@pytest.mark.django_db
def test_each_role_holds_exactly_the_rights_its_models_speak_of() -> None:
    with connection.cursor() as cursor:
        assert catalogue.rights_beyond_the_agreed(cursor) == []


@pytest.mark.rule("GEN-02")
@pytest.mark.django_db
def test_every_append_only_table_refuses_changes_by_its_owner_too() -> None:
    with connection.cursor() as cursor:
        assert catalogue.changeable_records(cursor) == []


@pytest.mark.django_db
def test_the_lists_of_exceptions_name_only_tables_that_exist() -> None:
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))

    assert set(catalogue.WITHOUT_COMPANY) <= tables
    assert {table for table, _columns in catalogue.UNIQUE_OVER_ALL_COMPANIES} <= tables


def test_tickets_and_clocks_and_the_outbox_carry_no_history_triggers() -> None:
    tracked = {model.pgh_tracked_model.__name__ for model in catalogue.history_models()}  # type: ignore[attr-defined]

    assert tracked == {
        "Project",
        "Building",
        "Unit",
        "Person",
        "Occupancy",
        "Staff",
        "Membership",
        "WorkCalendar",
        "CalendarOverride",
        "RepairCategory",
        "TariffItem",
    }


def test_every_model_of_ours_belongs_to_a_company_or_is_listed() -> None:
    loose = {
        model._meta.db_table
        for model in apps.get_models(include_auto_created=True)
        if model._meta.db_table not in catalogue.walled_tables() and not model._meta.proxy and model._meta.managed
    }

    assert loose <= set(catalogue.WITHOUT_COMPANY)


# Each breaks the wall in one way; the second word is part of the sentence by which it is noticed.
HOLES = [
    ("DROP POLICY company ON tickets_ticket", "tickets_ticket has a policy 'company'"),
    ("ALTER TABLE residents_person NO FORCE ROW LEVEL SECURITY", "residents_person has no forced"),
    ("ALTER TABLE residents_unitevent DISABLE ROW LEVEL SECURITY", "residents_unitevent has no forced"),
    ("CREATE POLICY all_rows ON repairs_visit USING (true)", "repairs_visit has a policy 'all_rows'"),
    ("ALTER POLICY company ON tickets_notice USING (true)", "tickets_notice has a policy 'company'"),
    ("ALTER POLICY sweeper ON tickets_outbox TO PUBLIC", "tickets_outbox has a policy 'sweeper'"),
    ("ALTER TABLE tickets_promise ALTER company_id DROP NOT NULL", "tickets_promise.company_id may be null"),
    ("CREATE TABLE price_ideas (id int)", "price_ideas has no company"),
    ("ALTER TABLE tickets_ticket DROP CONSTRAINT tickets_ticket_unit_id_company", "tickets_ticket.unit_id has no"),
    (
        "ALTER TABLE repairs_visit ADD CONSTRAINT plain FOREIGN KEY (technician_id) REFERENCES residents_staff (id)",
        "plain of repairs_visit points at residents_staff without the company",
    ),
    ("CREATE UNIQUE INDEX one_phone ON residents_person (phone)", "one_phone of residents_person is unique"),
    ("CREATE VIEW everything AS SELECT * FROM tickets_ticket", "everything shows rows"),
    ("CREATE MATERIALIZED VIEW copies AS SELECT * FROM tickets_ticket", "copies shows rows"),
    (
        "CREATE FUNCTION peek() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM tickets_ticket'",
        "peek runs with its owner's rights",
    ),
    ("GRANT TRUNCATE ON tickets_ticket TO sd_web", "sd_web on tickets_ticket: TRUNCATE"),
    ("GRANT UPDATE ON tickets_ticketevent TO sd_web", "sd_web on tickets_ticketevent: UPDATE"),
    ("GRANT UPDATE (data) ON tickets_ticketevent TO PUBLIC", "sd_web on tickets_ticketevent: UPDATE"),
    ("GRANT SELECT ON residents_person TO sd_sweeper", "sd_sweeper on residents_person: SELECT"),
    ("GRANT INSERT ON residents_person TO sd_backup", "sd_backup on residents_person: INSERT"),
    ("ALTER TABLE tickets_slafiring DISABLE TRIGGER append_only", "tickets_slafiring can be changed"),
    ("DROP TRIGGER append_only ON residents_staffevent", "residents_staffevent can be changed"),
]


@pytest.mark.django_db(databases=["default", "owner"])
@pytest.mark.parametrize(("statement", "sentence"), HOLES)
def test_a_hole_in_the_wall_is_noticed(statement: str, sentence: str) -> None:
    """Made by the owner inside the test's transaction, which is rolled back."""
    with connections["owner"].cursor() as cursor:
        assert catalogue.findings(cursor) == []

        cursor.execute(statement)

        found = catalogue.findings(cursor)
    assert [line for line in found if sentence in line], found
