"""What PostgreSQL's own catalogue says about the wall between companies: each function lists what is wrong, or nothing.

They are functions over a cursor, so that a test can break the wall inside a transaction and see that it is noticed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import models

from residents.tenancy import CompanyForeignKey, CompanyModel, CompanyOneToOneField

OURS = {"residents", "tickets", "repairs", "complaints", "decoration", "billing", "frontdesk", "servicedesk"}

WITHOUT_COMPANY = {
    "residents_account": "read at sign-in, before the company is known; one account serves staff and owners",
    "residents_company": "the tenants themselves, found by code at sign-in",
    "tickets_nationalday": "the national calendar is the same for everybody",
    "tickets_sweeprun": "the engine's heartbeat: one sweep serves every company and the row names none",
    "django_migrations": "Django's own, written by migrate alone",
    "django_content_type": "Django's own, names of models",
    "django_session": "Django's own: random keys and a signed body",
    "auth_group": "Django's own, unused",
    "auth_group_permissions": "Django's own, unused",
    "auth_permission": "Django's own, names of permissions",
    "axes_accessattempt": "failed sign-ins, counted before anybody is known",
    "axes_accessattemptexpiration": "failed sign-ins, counted before anybody is known",
    "axes_accessfailurelog": "failed sign-ins, counted before anybody is known",
    "axes_accesslog": "failed sign-ins, counted before anybody is known",
    "pghistory_context": "unused: the context of history lies in the history's rows",
}
UNIQUE_OVER_ALL_COMPANIES = {
    ("residents_staff", ("account_id",)): "an account belongs to one person; accounts have no company",
    (
        "tickets_slafiring",
        ("clock_id", "epoch", "step_no"),
    ): "clock ids come from one sequence; the ledger is per clock",
}
"""Beside primary keys over `id` (one sequence, never chosen by anybody) and `public_id` (random 122 bits)."""

EXPECTED_POLICY = (
    "(company_id = ( SELECT (NULLIF(current_setting('app.company'::text, true), ''::text))::bigint AS \"nullif\"))"
)
CLEARED_FOR_SWEEPER = "true"


def our_models() -> list[type[models.Model]]:
    return [model for model in apps.get_models(include_auto_created=True) if model._meta.app_label in OURS]


def company_models() -> list[type[CompanyModel]]:
    return [model for model in our_models() if issubclass(model, CompanyModel)]


def history_models() -> list[type[models.Model]]:
    return [model for model in our_models() if hasattr(model, "pgh_tracked_model")]


def walled_tables() -> list[str]:
    """Every table that must stand behind the wall, by name."""
    return sorted(model._meta.db_table for model in [*company_models(), *history_models()])


def company_keys() -> Iterator[tuple[type[models.Model], Any]]:
    """Every reference inside a company: its model and field."""
    for model in company_models():
        for field in model._meta.local_fields:
            if isinstance(field, (CompanyForeignKey, CompanyOneToOneField)):
                yield model, field


def rows(cursor: Any, statement: str, params: Any = None) -> list[tuple[Any, ...]]:
    cursor.execute(statement, params)
    found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def tables_outside_the_wall(cursor: Any) -> list[str]:
    """Tables of the schema that are neither behind a forced policy nor listed with a reason."""
    wrong = []
    tables = rows(
        cursor,
        """
        SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity,
               (SELECT a.attnotnull FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'company_id')
        FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'f')
        ORDER BY c.relname
        """,
    )
    policies = _policies(cursor)
    for table, enabled, forced, company_not_null in tables:
        if table in WITHOUT_COMPANY:
            if company_not_null is not None:
                wrong.append(f"{table} has a company and is listed as having none")
            continue
        if company_not_null is None:
            wrong.append(f"{table} has no company and no listed reason")
            continue
        if not company_not_null:
            wrong.append(f"{table}.company_id may be null")
        if not (enabled and forced):
            wrong.append(f"{table} has no forced row-level security")
        wrong += _wrong_policies(table, policies.get(table, {}))
    return wrong


def _policies(cursor: Any) -> dict[str, dict[str, tuple[Any, ...]]]:
    found: dict[str, dict[str, tuple[Any, ...]]] = {}
    for table, name, *rest in rows(
        cursor,
        """
        SELECT c.relname, p.polname, p.polpermissive, p.polcmd,
               ARRAY(SELECT rolname FROM pg_roles WHERE oid = ANY (p.polroles))::text[],
               pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)
        FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
        """,
    ):
        found.setdefault(table, {})[name] = tuple(rest)
    return found


def _wrong_policies(table: str, policies: dict[str, tuple[Any, ...]]) -> list[str]:
    expected: dict[str, tuple[Any, ...]] = {"company": (True, "*", [], EXPECTED_POLICY, EXPECTED_POLICY)}
    if getattr(_model(table), "sweeper_may", ""):
        expected["sweeper"] = (True, "*", ["sd_sweeper"], CLEARED_FOR_SWEEPER, CLEARED_FOR_SWEEPER)
    return [
        f"{table} has a policy '{name}' of another kind than agreed"
        for name in sorted(expected.keys() | policies.keys())
        if expected.get(name) != policies.get(name)
    ]


def _model(table: str) -> type[models.Model] | None:
    return next((model for model in our_models() if model._meta.db_table == table), None)


def keys_across_companies(cursor: Any) -> list[str]:
    """Foreign keys between company tables that do not carry the company, and references without a key at all."""
    walled = set(walled_tables())
    existing: set[tuple[str, str]] = set()
    wrong = []
    for name, table, target, pairs in rows(
        cursor,
        """
        SELECT k.conname, k.conrelid::regclass::text, k.confrelid::regclass::text,
               ARRAY(SELECT ARRAY[a.attname::text, f.attname::text]
                     FROM unnest(k.conkey, k.confkey) AS u(a, f)
                     JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.a
                     JOIN pg_attribute f ON f.attrelid = k.confrelid AND f.attnum = u.f)
        FROM pg_constraint k
        WHERE k.contype = 'f' AND k.connamespace = 'public'::regnamespace AND k.convalidated
        """,
    ):
        if table not in walled or target not in walled:
            continue
        if ["company_id", "company_id"] not in pairs:
            wrong.append(f"{name} of {table} points at {target} without the company")
        existing |= {(table, column) for column, _ in pairs if ["company_id", "company_id"] in pairs}
    for model, field in company_keys():
        if (model._meta.db_table, field.column) not in existing:
            wrong.append(f"{model._meta.db_table}.{field.column} has no composite key")
    for model in company_models():
        wrong += [
            f"{model._meta.db_table}.{field.column} is a plain reference to a company table"
            for field in model._meta.local_fields
            if field.is_relation and not _is_inside(field) and field.related_model._meta.db_table in walled  # type: ignore[union-attr]
        ]
    return wrong


def _is_inside(field: Any) -> bool:
    return isinstance(field, (CompanyForeignKey, CompanyOneToOneField))


def uniqueness_over_all_companies(cursor: Any) -> list[str]:
    """Unique indexes by which one company could learn what another has."""
    return [
        f"{index} of {table} is unique over all companies"
        for table, index, columns in rows(
            cursor,
            """
            SELECT c.relname, i.indexrelid::regclass::text,
                   ARRAY(SELECT pg_get_indexdef(i.indexrelid, n, false)
                         FROM generate_series(1, i.indnkeyatts) AS n)
            FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
            WHERE i.indisunique AND c.relname = ANY (%s)
            """,
            [walled_tables()],
        )
        if "company_id" not in columns
        and tuple(columns) not in {("id",), ("pgh_id",), ("public_id",)}
        and (table, tuple(columns)) not in UNIQUE_OVER_ALL_COMPANIES
    ]


def side_doors(cursor: Any) -> list[str]:
    """Views, materialised views, partitions and functions that run with somebody else's rights."""
    views = rows(
        cursor,
        """
        SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
        AND (c.relkind IN ('v', 'm') OR c.relispartition OR EXISTS (SELECT 1 FROM pg_inherits WHERE inhrelid = c.oid))
        """,
    )
    functions = rows(
        cursor,
        "SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef",
    )
    return [f"{name} shows rows past the wall" for (name,) in views] + [
        f"{name} runs with its owner's rights" for (name,) in functions
    ]


RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN")


def rights(cursor: Any, role: str) -> dict[str, set[str]]:
    """What a role may do with each table of the schema, by grants to it, to PUBLIC and to roles it belongs to.

    A right on some columns only reads `SELECT (code, id)`.
    """
    held: dict[str, set[str]] = {}
    for table, right, whole, columns in rows(
        cursor,
        """
        SELECT c.relname, r, has_table_privilege(%s, c.oid, r),
               CASE WHEN r IN ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES') THEN ARRAY(
                   SELECT a.attname::text FROM pg_attribute a
                   WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                     AND has_column_privilege(%s, c.oid, a.attnum, r) ORDER BY a.attname) END
        FROM pg_class c, unnest(%s::text[]) AS r
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
        """,
        [role, role, list(RIGHTS)],
    ):
        if whole:
            held.setdefault(table, set()).add(right)
        elif columns:
            held.setdefault(table, set()).add(f"{right} ({', '.join(columns)})")
    return held


def agreed_rights(role: str) -> dict[str, set[str]]:
    """What our models say each role may do with the tables of our apps."""
    agreed: dict[str, set[str]] = {}
    for model in our_models():
        table = model._meta.db_table
        if role == "sd_web":
            everything = "SELECT, INSERT, UPDATE, DELETE"
            append_only = getattr(model, "append_only", False)
            said = "SELECT, INSERT" if append_only else getattr(model, "web_may", "") or everything
        elif role == "sd_sweeper":
            said = getattr(model, "sweeper_may", "")
        else:
            said = "SELECT"
        if said:
            agreed[table] = {_in_order(right) for right in re.findall(r"[A-Z]+(?: \([^)]*\))?", said)}
    return agreed


def _in_order(right: str) -> str:
    """`SELECT (id, code)` as `SELECT (code, id)`."""
    name, _, columns = right.partition(" (")
    return f"{name} ({', '.join(sorted(columns.rstrip(')').split(', ')))})" if columns else name


def rights_beyond_the_agreed(cursor: Any) -> list[str]:
    """Grants that no model speaks of, per role."""
    ours = {model._meta.db_table for model in our_models()}
    wrong = []
    for role in ("sd_web", "sd_sweeper", "sd_backup"):
        held, agreed = rights(cursor, role), agreed_rights(role)
        for table in sorted(held.keys() | agreed.keys()):
            if table in ours:
                beyond = held.get(table, set()) ^ agreed.get(table, set())
            else:  # Django's own: rows may be changed, never the table
                beyond = held.get(table, set()) - {"SELECT", "INSERT", "UPDATE", "DELETE"}
                if role == "sd_sweeper":
                    beyond = held.get(table, set())
            if beyond:
                wrong.append(f"{role} on {table}: {', '.join(sorted(beyond))}")
    return wrong


def append_only_tables() -> list[str]:
    return sorted(model._meta.db_table for model in our_models() if getattr(model, "append_only", False))


def changeable_records(cursor: Any) -> list[str]:
    """Append-only tables whose refusal of changes is missing or switched off."""
    guarded = {
        table
        for (table,) in rows(
            cursor,
            """
            SELECT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
            WHERE t.tgname = 'append_only' AND t.tgenabled IN ('O', 'A') AND p.proname = 'refuse_change'
              AND t.tgtype & 1 = 1 AND t.tgtype & 2 = 2 AND t.tgtype & 8 = 8 AND t.tgtype & 16 = 16
            """,
        )
    }
    return [f"{table} can be changed by its owner" for table in append_only_tables() if table not in guarded]


def findings(cursor: Any) -> list[str]:
    """Everything that is wrong with the wall."""
    return [
        *tables_outside_the_wall(cursor),
        *keys_across_companies(cursor),
        *uniqueness_over_all_companies(cursor),
        *side_doors(cursor),
        *rights_beyond_the_agreed(cursor),
        *changeable_records(cursor),
    ]
