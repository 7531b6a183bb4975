"""The wall between companies: PostgreSQL row-level security, read from one transaction-local setting.

`company_scope` is the only way in. A query outside it sees no row of any company and can write none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from celery.contrib.django.task import DjangoTask
from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connections, models, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

SETTING = "app.company"
# The sub-select is evaluated once per statement, so the index on company_id is used; NULLIF because the setting is an
# empty string, not NULL, for the rest of a session that has used it once.
PREDICATE = f"company_id = (SELECT nullif(current_setting('{SETTING}', true), '')::bigint)"
WEB_ROLE, SWEEPER_ROLE, BACKUP_ROLE = "sd_web", "sd_sweeper", "sd_backup"


@dataclass(frozen=True)
class _Scope:
    company_id: int
    now: datetime


_scopes: ContextVar[dict[str, _Scope]] = ContextVar("company_scopes", default={})  # noqa: B039 - never mutated


def current_company_id(using: str = DEFAULT_DB_ALIAS) -> int | None:
    """The company whose rows are visible now, or None outside every scope."""
    scope = _scopes.get().get(using)
    return scope.company_id if scope else None


def scope_now(using: str = DEFAULT_DB_ALIAS) -> datetime:
    """The database's `now()` of the running transaction, aware. The application server's clock decides nothing.

    Inside a scope it was read when the scope opened and costs nothing; outside it costs one statement.
    """
    scope = _scopes.get().get(using)
    if scope is not None:
        return scope.now
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT now()")
        moment: datetime = cursor.fetchone()[0]
        return moment


@contextmanager
def company_scope(company_id: int, *, using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Open a transaction in which PostgreSQL shows and accepts one company's rows. Scopes nest; safe to repeat.

    The setting ends with the transaction, whatever happens to the connection. An inner scope puts the outer company
    back on its way out, because a released savepoint keeps the setting (a rolled-back one undoes it by itself).
    """
    outer = _scopes.get().get(using)
    with transaction.atomic(using=using):
        now = _enter(company_id, using)
        token = _scopes.set({**_scopes.get(), using: _Scope(company_id, now)})
        try:
            yield
        finally:
            _scopes.reset(token)
        if outer is not None and not connections[using].needs_rollback:
            _enter(outer.company_id, using)
        elif outer is None and connections[using].in_atomic_block and not connections[using].needs_rollback:
            _leave(using)


_in_act: ContextVar[bool] = ContextVar("in_act", default=False)


@contextmanager
def one_act() -> Iterator[None]:
    """All of the body or nothing of it. An act inside another is part of it and costs no savepoint of its own.

    So nobody may catch the refusal of an inner act and go on: where that is wanted, `transaction.atomic` stands. Works
    as a decorator too.
    """
    inside = _in_act.get()
    token = _in_act.set(True)
    try:
        with transaction.atomic(savepoint=not inside):
            yield
    finally:
        _in_act.reset(token)


def _enter(company_id: int, using: str) -> datetime:
    with connections[using].cursor() as cursor:
        cursor.execute("SELECT now(), set_config(%s, %s, true)", [SETTING, str(company_id)])
        moment: datetime = cursor.fetchone()[0]
        return moment


def _leave(using: str) -> None:
    # The outermost scope inside somebody else's transaction (a test) must not stay open behind it.
    connection = connections[using]
    if len(connection.savepoint_ids) == 0:
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, '', true)", [SETTING])


class CompanyForeignKey(models.ForeignKey[Any, Any]):
    """A reference inside one company: the constraint is `(company_id, x_id) -> (company_id, id)`.

    Foreign-key checks bypass row-level security, so a plain constraint would accept the id of a foreign row.
    `CompanyWall` adds the composite one; Django's own is left out.
    """

    def __init__(self, to: Any, on_delete: Any = models.PROTECT, **kwargs: Any) -> None:
        kwargs["db_constraint"] = False
        super().__init__(to, on_delete, **kwargs)


class CompanyOneToOneField(models.OneToOneField[Any, Any]):
    """The same for a record that exists at most once per target.

    The model needs a `UniqueConstraint` over company and field: `CompanyWall` takes Django's own away.
    """

    def __init__(self, to: Any, on_delete: Any = models.PROTECT, **kwargs: Any) -> None:
        kwargs["db_constraint"] = False
        super().__init__(to, on_delete, **kwargs)


class CompanyModel(models.Model):
    """Base of every table that belongs to a company. New rows take the company of the open scope."""

    company = models.ForeignKey("residents.Company", models.PROTECT, related_name="+", db_index=False)

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.company_id is None:
            company_id = current_company_id()
            if company_id is not None:
                self.company_id = company_id
        super().save(*args, **kwargs)


_INSIDE = (CompanyForeignKey, CompanyOneToOneField)


class CompanyWall(Operation):
    """Migration operation: forced row-level security and the composite foreign keys of one model's table.

    `sweeper` adds a policy by which the enforcement role sees and writes every company's rows of this table (what it
    may do is decided by its grants). `fields` limits the foreign keys, for a later migration that adds some.
    `references=False` leaves them all out: history outlives the rows it speaks of.
    """

    reversible = True
    reduces_to_sql = True

    def __init__(
        self,
        model_name: str,
        *,
        sweeper: bool = False,
        fields: Sequence[str] | None = None,
        references: bool = True,
    ) -> None:
        self.model_name, self.sweeper, self.fields, self.references = model_name, sweeper, fields, references

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return (
            self.__class__.__name__,
            [self.model_name],
            {"sweeper": self.sweeper, "fields": self.fields, "references": self.references},
        )

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """The wall is not part of Django's state."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        table = schema_editor.quote_name(model._meta.db_table)
        if self.fields is None:
            schema_editor.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
            schema_editor.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
            schema_editor.execute(f"CREATE POLICY company ON {table} USING ({PREDICATE}) WITH CHECK ({PREDICATE})")
            if self.sweeper:
                schema_editor.execute(
                    f"CREATE POLICY sweeper ON {table} TO {SWEEPER_ROLE} USING (true) WITH CHECK (true)"
                )
        for field in self._inside(model):
            name = schema_editor.quote_name(f"{model._meta.db_table}_{field.column}_company")
            target = schema_editor.quote_name(field.related_model._meta.db_table)
            schema_editor.execute(
                f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY (company_id, {field.column}) "
                f"REFERENCES {target} (company_id, id)"
            )
            if isinstance(field, CompanyOneToOneField):
                # Its own UNIQUE spans all companies and answers before the composite key does: a foreign row with a
                # record would be told from one without. The model's constraint over company and field remains.
                key = schema_editor.quote_name(f"{model._meta.db_table}_{field.column}_key")
                schema_editor.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {key}")

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        model = from_state.apps.get_model(app_label, self.model_name)
        table = schema_editor.quote_name(model._meta.db_table)
        for field in self._inside(model):
            name = schema_editor.quote_name(f"{model._meta.db_table}_{field.column}_company")
            schema_editor.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")
        if self.fields is None:
            schema_editor.execute(f"DROP POLICY IF EXISTS sweeper ON {table}")
            schema_editor.execute(f"DROP POLICY IF EXISTS company ON {table}")
            schema_editor.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
            schema_editor.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")

    def _inside(self, model: type[models.Model]) -> list[Any]:
        if not self.references:
            return []
        return [
            field
            for field in model._meta.local_fields
            if isinstance(field, _INSIDE) and (self.fields is None or field.name in self.fields)
        ]

    def describe(self) -> str:
        return f"Wall between companies on {self.model_name}"


CREATE_REFUSAL = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed or deleted', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$
"""
DROP_REFUSAL = "DROP FUNCTION refuse_change()"


class AppendOnly(Operation):
    """Migration operation: a trigger that refuses UPDATE and DELETE, for the owner of the table too (rule GEN-02)."""

    reversible = True
    reduces_to_sql = True

    def __init__(self, model_name: str) -> None:
        self.model_name = model_name

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return self.__class__.__name__, [self.model_name], {}

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Triggers are not part of Django's state."""

    def database_forwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        table = schema_editor.quote_name(to_state.apps.get_model(app_label, self.model_name)._meta.db_table)
        schema_editor.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )

    def database_backwards(
        self,
        app_label: str,
        schema_editor: BaseDatabaseSchemaEditor,
        from_state: ProjectState,
        to_state: ProjectState,
    ) -> None:
        table = schema_editor.quote_name(from_state.apps.get_model(app_label, self.model_name)._meta.db_table)
        schema_editor.execute(f"DROP TRIGGER append_only ON {table}")

    def describe(self) -> str:
        return f"Rows of {self.model_name} are never changed"


def grant_roles(using: str) -> None:
    """Give each database role what it needs on our tables and nothing else, in one transaction. Safe to repeat.

    A model says `append_only = True` when the web role may only add and read, `web_may = "SELECT, INSERT"` when it may
    do less than everything for another reason, and `sweeper_may = "SELECT, UPDATE"` for what the enforcement role may
    do. Runs after every migrate, as the owner of the tables.
    """
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [WEB_ROLE])
        if cursor.fetchone() is None:
            return
        cursor.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {WEB_ROLE}, {SWEEPER_ROLE}")
        cursor.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {WEB_ROLE}")
        cursor.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {WEB_ROLE}, {SWEEPER_ROLE}")
        cursor.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {BACKUP_ROLE}")
        cursor.execute(f"GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO {BACKUP_ROLE}")
        existing = set(connections[using].introspection.table_names(cursor))
        quote = connections[using].ops.quote_name
        for model in apps.get_models(include_auto_created=True):
            table = model._meta.db_table
            if table not in existing:
                continue
            web_may = "SELECT, INSERT" if getattr(model, "append_only", False) else getattr(model, "web_may", "")
            if web_may:
                cursor.execute(f"REVOKE ALL ON {quote(table)} FROM {WEB_ROLE}")
                cursor.execute(f"GRANT {web_may} ON {quote(table)} TO {WEB_ROLE}")
            if sweeper_may := getattr(model, "sweeper_may", ""):
                cursor.execute(f"GRANT {sweeper_may} ON {quote(table)} TO {SWEEPER_ROLE}")
        # Written by migrate alone, or by nobody: history carries its own context inside the wall.
        for table in existing & {"django_migrations", "pghistory_context"}:
            cursor.execute(f"REVOKE INSERT, UPDATE, DELETE ON {quote(table)} FROM {WEB_ROLE}")


class CompanyTask(DjangoTask):  # type: ignore[type-arg]  # generic in the stubs only
    """A Celery task that runs in the company whose scope was open when it was queued.

    The company travels as a message header. `delay_on_commit` captures it at the call, because by the time the
    outermost transaction commits the scope may be another one or none.
    """

    abstract = True

    def apply_async_on_commit(self, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        kwargs["headers"] = {
            "company_id": current_company_id(),
            **(kwargs.get("headers") or {}),
        }
        super().apply_async_on_commit(*args, **kwargs)

    def delay_on_commit(self, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        self.apply_async_on_commit(args, kwargs)

    def apply_async(  # type: ignore[override]
        self, args: Any = None, kwargs: Any = None, **options: Any
    ) -> Any:
        headers = dict(options.pop("headers", None) or {})
        headers.setdefault("company_id", current_company_id())
        return super().apply_async(args, kwargs, headers=headers, **options)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        headers = getattr(self.request, "headers", None) or {}
        company_id = headers.get("company_id", getattr(self.request, "company_id", None))
        if company_id is None:
            return super().__call__(*args, **kwargs)
        with company_scope(int(company_id)):
            return super().__call__(*args, **kwargs)
