"""`manage.py sla_sweeper` as a process: the right role sweeps until told to stop, any other is refused at the start."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from urllib.parse import quote, urlsplit, urlunsplit

import pytest
from django.db import connections

from servicedesk.runtime.layout import ROOT
from tests.tickets.sla.builders import EVERYBODY, flood
from tests.tickets.sla.test_sweep import count_ledger, now_of_database
from tests.worlds import World

pytestmark = pytest.mark.django_db(transaction=True, databases=EVERYBODY)
PATIENCE = 60  # seconds; how long it may take on a busy machine, not how long it should


def address(alias: str) -> str:
    """The address of the test database in that role."""
    s = connections[alias].settings_dict
    return f"postgres://{s['USER']}:{quote(str(s['PASSWORD']))}@{s['HOST']}:{s['PORT']}/{s['NAME']}"


def superuser() -> str:
    name = connections["default"].settings_dict["NAME"]
    return urlunsplit(urlsplit(os.environ["DATABASE_SUPERUSER_URL"])._replace(path=f"/{name}"))


def start(**addresses: str) -> subprocess.Popen[str]:
    """The command as an operator starts it, with the roles of the tests but for those named."""
    roles = {"DATABASE_URL": address("default"), "DATABASE_SWEEPER_URL": address("sweeper")}
    return subprocess.Popen(
        [sys.executable, "manage.py", "sla_sweeper", "--interval", "0.2"],
        cwd=ROOT,
        env={**os.environ, **roles, **addresses},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def until(process: subprocess.Popen[str], holds: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert process.poll() is None, process.communicate()[1]
        assert time.monotonic() < end
        time.sleep(0.1)


def test_the_second_driver_sweeps_until_it_is_told_to_stop(committed_garden: World) -> None:
    process = start()
    try:
        for number in range(2):
            flood(committed_garden, 3, due_at=now_of_database(), prefix=f"wave{number}/")
            until(process, lambda due=3 * (number + 1): count_ledger()[0] == due)  # type: ignore[misc]
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("variable", "wrong", "sentence"),
    [
        ("DATABASE_SWEEPER_URL", superuser, "of 'sweeper' is a superuser"),
        ("DATABASE_SWEEPER_URL", lambda: address("owner"), "The role sd_owner of 'sweeper' owns tables"),
        ("DATABASE_SWEEPER_URL", lambda: address("default"), "The role sd_web of 'sweeper' is not sd_sweeper"),
        ("DATABASE_URL", superuser, "of 'default' is a superuser"),
        ("DATABASE_URL", lambda: address("sweeper"), "The role sd_sweeper of 'default' is not sd_web"),
    ],
)
def test_a_role_it_should_not_have_stops_it_at_the_start_in_one_line(
    committed_garden: World, variable: str, wrong: Callable[[], str], sentence: str
) -> None:
    flood(committed_garden, 3, due_at=now_of_database())
    process = start(**{variable: wrong()})
    try:
        _, complaint = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()

    assert process.returncode == 1
    assert len(complaint.splitlines()) == 1
    assert complaint.startswith("CommandError: ")
    assert sentence in complaint
    assert count_ledger() == (0, 0)
