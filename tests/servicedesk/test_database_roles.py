"""The wall between companies stands only if the roles are as weak as they should be."""

from __future__ import annotations

import pytest
from django.db import ProgrammingError, connection, connections, transaction

from servicedesk.checks import check_roles, refuse_bad_start


@pytest.mark.django_db
def test_the_web_role_owns_nothing_and_bypasses_nothing() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")
        role = cursor.fetchone()
        cursor.execute("SELECT count(*) FROM pg_class WHERE pg_get_userbyid(relowner) = current_user")
        owned = cursor.fetchone()

    assert role == ("sd_web", False, False)
    assert owned == (0,)


@pytest.mark.django_db
def test_the_web_role_cannot_change_tables_or_become_the_owner() -> None:
    for statement in ("CREATE TABLE mine (id int)", "TRUNCATE django_session", "SET ROLE sd_owner"):
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            connection.cursor().execute(statement)


@pytest.mark.django_db
def test_statements_of_the_web_role_end_after_five_seconds() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout'), current_setting('lock_timeout')")
        limits = cursor.fetchone()

    assert limits == ("5s", "2s")


@pytest.mark.django_db(transaction=True, databases=["default", "owner", "sweeper"])
def test_the_sweeper_waits_at_most_a_fifth_of_a_second_for_a_lock() -> None:
    with connections["sweeper"].cursor() as cursor:
        cursor.execute("SELECT current_user, current_setting('lock_timeout')")
        limits = cursor.fetchone()

    assert limits == ("sd_sweeper", "200ms")


@pytest.mark.django_db
def test_trigrams_of_chinese_words_exist() -> None:
    """Under LC_CTYPE=C they would be empty, and searches would find nothing without an error."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT cardinality(show_trgm('漏水')), proleakproof FROM pg_proc WHERE proname = 'arraycontains'"
        )
        trigrams, is_leak_proof = cursor.fetchone()

    assert trigrams > 0
    assert is_leak_proof


@pytest.mark.django_db(transaction=True, databases=["default", "owner", "sweeper"])
def test_the_roles_as_bootstrapped_are_accepted() -> None:
    assert check_roles(None, databases=["default", "sweeper"]) == []
    refuse_bad_start()


@pytest.mark.django_db(transaction=True, databases=["default", "owner", "sweeper"])
def test_a_web_role_that_owns_tables_is_refused() -> None:
    web, owner = connections["default"], connections["owner"]
    web.close()
    given = {key: web.settings_dict[key] for key in ("USER", "PASSWORD")}
    web.settings_dict.update({key: owner.settings_dict[key] for key in given})

    try:
        found = check_roles(None, databases=["default"])
    finally:
        web.close()
        web.settings_dict.update(given)

    assert [message.id for message in found] == ["servicedesk.E003"]
    assert "sd_owner of 'default' owns tables" in found[0].msg
