"""The database of the tests is made by the owner's role and then used through the web role, as in production.

Use `@pytest.mark.django_db` for the web role alone. A test that reads through the sweeper's role must commit first:
`@pytest.mark.django_db(transaction=True, databases=["default", "owner", "sweeper"])`; `owner` is what empties the
tables afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connections
from django.test.utils import setup_databases, teardown_databases
from django.utils import translation
from pytest_django.plugin import DjangoDbBlocker

pytest_plugins = ["tests.worlds", "tests.tenancy.fill"]

ALIASES = {"default", "owner", "sweeper"}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests of an `xdist_group` on one worker: pytest 9.2 does not read the name that xdist 3.8 sets."""
    for item in items:
        if (name := vars(item).get("_nodeid")) is not None:
            item._id = type(item._id).parse(name)


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None,
    django_db_blocker: DjangoDbBlocker,
    django_db_keepdb: bool,
    django_db_createdb: bool,
    django_db_modify_db_settings: None,
) -> Iterator[None]:
    """Create and migrate as sd_owner; `default` (sd_web) and `sweeper` (sd_sweeper) then look at the same database.

    All aliases must be named: asked for `default` alone, Django would leave the mirror on the real database.
    """
    with django_db_blocker.unblock():
        made = setup_databases(
            verbosity=0,
            interactive=False,
            aliases=dict.fromkeys(ALIASES),
            keepdb=django_db_keepdb and not django_db_createdb,
        )
        for alias in ALIASES:
            assert str(connections[alias].settings_dict["NAME"]).startswith("test_")
        connections["owner"].close()
    yield
    with django_db_blocker.unblock():
        connections.close_all()
        if not django_db_keepdb:
            teardown_databases(made, verbosity=0)


@pytest.fixture(autouse=True)
def language_of_the_product() -> Iterator[None]:
    """A page fetched in another language leaves that language to the thread."""
    yield
    translation.deactivate()
