"""What every benchmark shares: a database of its own, rows of a table, percentiles, and the report."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from urllib.parse import urlsplit, urlunsplit

import psycopg2
from psycopg2.extensions import connection as Connection

DATABASE = "servicedesk_bench"
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Row:
    """One measured line: what, the figure in its unit, the budget, and how it stands to the raw SQL of the same run."""

    what: str
    figure: float
    unit: str
    budget: str
    is_met: bool
    against: str = "—"

    def cells(self) -> list[str]:
        """As the table shows it."""
        figure = f"{self.figure:,.0f}" if self.figure >= 100 else f"{self.figure:.2f}"
        return [self.what, f"{figure} {self.unit}".strip(), self.budget, self.against, "yes" if self.is_met else "NO"]


def use_own_database() -> str:
    """Point this process and its children at the benchmark's database, made and migrated if need be.

    Needs the servers of `make bench`. Returns the superuser's address of that database: it loads the rows, because
    loading a million through policies would measure the policies.
    """
    superuser = os.environ["DATABASE_SUPERUSER_URL"]
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_SWEEPER_URL", "DATABASE_SUPERUSER_URL"):
        os.environ[name] = _with_database(os.environ[name])
    from servicedesk.runtime.bootstrap import Server, _make_database, _prepare_database

    server = Server.from_url(superuser)
    with server.connect("postgres") as connection:
        _make_database(connection, DATABASE)
    with server.connect(DATABASE) as connection:
        _prepare_database(connection, DATABASE)
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--database=owner", "-v0"], cwd=ROOT, check=True, env=os.environ
    )
    return os.environ["DATABASE_SUPERUSER_URL"]


def _with_database(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"/{DATABASE}"))


@contextmanager
def superuser() -> Iterator[Connection]:
    """An autocommit connection that no policy holds back."""
    connection = psycopg2.connect(os.environ["DATABASE_SUPERUSER_URL"])
    connection.autocommit = True
    try:
        yield connection
    finally:
        connection.close()


def run_sql(sql: str, values: Sequence[object] = ()) -> list[tuple[object, ...]]:
    """One statement as the superuser; its rows, if it has any."""
    with superuser() as connection, connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall() if cursor.description else []


def milliseconds(act: Callable[[], object], times: int) -> list[float]:
    """How long each of so many runs took, sorted."""
    taken = []
    for _ in range(times):
        started = perf_counter()
        act()
        taken.append((perf_counter() - started) * 1000)
    return sorted(taken)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which that share of the sorted values lies."""
    return values[min(int(len(values) * share), len(values) - 1)]


def machine() -> str:
    """One line about where the figures come from."""
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.processor() or platform.machine(),
    )
    version = run_sql("SHOW server_version")[0][0]
    return f"{os.cpu_count()} cores ({model}), Python {platform.python_version()}, PostgreSQL {version}"


def markdown(rows: Sequence[Row]) -> str:
    """The table of a report."""
    head = ["What", "Figure", "Budget", "Against, in the same run", "Met"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(row.cells()) + " |" for row in rows]
    return "\n".join(lines)


def today() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d")
