"""What only a superuser can prepare: database roles, extensions and one leak-proof mark. Safe to repeat.

Used by `make up` and `make test` on the embedded server and by `manage.py bootstrap_database` on any other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import psycopg2
from psycopg2 import errors, sql
from psycopg2.extensions import connection as Connection

OWNER, WEB, SWEEPER, BACKUP = "sd_owner", "sd_web", "sd_sweeper", "sd_backup"
_PLAIN = "LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOREPLICATION"
ATTRIBUTES: dict[str, str] = {
    OWNER: f"{_PLAIN} CREATEDB",  # makes the test databases
    WEB: f"{_PLAIN} NOCREATEDB",
    SWEEPER: f"{_PLAIN} NOCREATEDB",
    # pg_dump refuses to run under row-level security, so the back-up role by-passes it and can only read.
    BACKUP: "LOGIN NOSUPERUSER BYPASSRLS NOCREATEROLE NOREPLICATION NOCREATEDB",
}
# Set on the role, so that they hold behind every connection pool and in every shell. Milliseconds.
LIMITS: dict[str, dict[str, str]] = {
    OWNER: {"lock_timeout": "5000"},
    WEB: {"statement_timeout": "5000", "lock_timeout": "2000", "idle_in_transaction_session_timeout": "15000"},
    SWEEPER: {"statement_timeout": "5000", "lock_timeout": "200", "idle_in_transaction_session_timeout": "15000"},
    BACKUP: {"default_transaction_read_only": "on"},
}
EXTENSIONS = ("pg_trgm", "btree_gin", "btree_gist")


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server and the superuser to prepare it with."""

    host: str
    port: int
    user: str
    password: str

    @classmethod
    def from_url(cls, url: str) -> Server:
        parts = urlsplit(url)
        return cls(
            parts.hostname or "127.0.0.1", parts.port or 5432, parts.username or "", unquote(parts.password or "")
        )

    @contextmanager
    def connect(self, database: str) -> Iterator[Connection]:
        with closing(
            psycopg2.connect(host=self.host, port=self.port, user=self.user, password=self.password, dbname=database)
        ) as connection:
            connection.autocommit = True
            yield connection


def bootstrap(server: Server, database: str, passwords: Mapping[str, str]) -> list[str]:
    """Make the roles with these passwords, the database and its extensions.

    `passwords`: role name to password, for each role of ATTRIBUTES. Returns a sentence for each thing that the
    server did not allow and that the product can live without.
    """
    with server.connect("postgres") as connection:
        for role, attributes in ATTRIBUTES.items():
            _make_role(connection, role, attributes, passwords[role])
        _make_database(connection, database)
    remarks: list[str] = []
    for name in ("template1", database):  # test databases are copies of template1
        with server.connect(name) as connection:
            remarks += _prepare_database(connection, name)
    return remarks


def _make_role(connection: Connection, role: str, attributes: str, password: str) -> None:
    name = sql.Identifier(role)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,))
        verb = sql.SQL("ALTER" if cursor.fetchone() else "CREATE")
        cursor.execute(
            sql.SQL("{} ROLE {} {} PASSWORD {}").format(verb, name, sql.SQL(attributes), sql.Literal(password))
        )
        for setting, value in LIMITS[role].items():
            cursor.execute(
                sql.SQL("ALTER ROLE {} SET {} = {}").format(name, sql.Identifier(setting), sql.Literal(value))
            )
        if role == BACKUP:
            cursor.execute(sql.SQL("GRANT pg_read_all_data TO {}").format(name))


def _make_database(connection: Connection, database: str) -> None:
    name = sql.Identifier(database)
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,))
        if cursor.fetchone() is None:
            cursor.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, sql.Identifier(OWNER)))
        cursor.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
        for role in (WEB, SWEEPER, BACKUP):
            cursor.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, sql.Identifier(role)))


def _prepare_database(connection: Connection, database: str) -> list[str]:
    with connection.cursor() as cursor:
        for extension in EXTENSIONS:
            cursor.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(extension)))
        cursor.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        try:
            # Under row-level security an index is used only for leak-proof operators, and our search is `grams @> ...`.
            # Safe: the operator compares and raises nothing that shows a value. A dump does not carry the mark.
            cursor.execute("ALTER FUNCTION pg_catalog.arraycontains(anyarray, anyarray) LEAKPROOF")
        except errors.InsufficientPrivilege:
            return [f"{database}: arraycontains is not leak-proof, Chinese search will be slow in a large company"]
    return []
