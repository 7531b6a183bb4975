"""System checks: every bad setting by name, and a web role that could by-pass the wall between companies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps.config import AppConfig
from django.core.checks import CheckMessage, Error, Tags, register, run_checks
from django.core.management.base import SystemCheckError
from django.db import DatabaseError, OperationalError, connections

from residents.tenancy import SWEEPER_ROLE, WEB_ROLE
from servicedesk import environment

# What row-level security does not hold back: a superuser, BYPASSRLS, and the owner of a table (or a member of the
# owner's role). One row, true where the role is too strong.
_POWERS = """
    SELECT rolname, rolsuper, rolbypassrls,
           EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                   WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'v', 'm')
                     AND pg_has_role(current_user, c.relowner, 'MEMBER'))
    FROM pg_roles WHERE rolname = current_user
"""
# The roles that answer people or act for every company; the owner of the tables is meant to own them. The policies name
# them: under another role the sweep would see no clock, and no deadline would be enforced without an error.
_GUARDED = {"default": WEB_ROLE, "sweeper": SWEEPER_ROLE}


@register(Tags.security)
def check_environment(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Every environment variable that is missing or cannot be understood, all at once."""
    return [
        Error(f"{problem.variable} {problem.sentence}.", hint="docs/operations.md lists them.", id="servicedesk.E001")
        for problem in environment.problems
    ]


@register(Tags.database)
def check_roles(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Refuse a web or sweeper role for which the wall between companies would not stand."""
    return [message for alias in _GUARDED if alias in (databases or ()) for message in _check_role(alias)]


def _check_role(alias: str) -> list[CheckMessage]:
    try:
        with connections[alias].cursor() as cursor:
            cursor.execute(_POWERS)
            name, is_superuser, by_passes, owns_tables = cursor.fetchone()
    except OperationalError:
        return [Error(f"The database of '{alias}' does not answer.", id="servicedesk.E002")]
    except DatabaseError as error:
        return [Error(f"The role of '{alias}' cannot be read: {type(error).__name__}.", id="servicedesk.E002")]
    hint = "Use the role that `manage.py bootstrap_database` makes; it owns nothing."
    powers = {"is a superuser": is_superuser, "has BYPASSRLS": by_passes, "owns tables": owns_tables}
    if not any(powers.values()) and name != _GUARDED[alias]:
        return [Error(f"The role {name} of '{alias}' is not {_GUARDED[alias]}.", hint=hint, id="servicedesk.E004")]
    return [
        Error(
            f"The role {name} of '{alias}' {power}: companies would see each other.", hint=hint, id="servicedesk.E003"
        )
        for power, has_it in powers.items()
        if has_it
    ]


def refuse_bad_start() -> None:
    """Raise SystemCheckError with every finding when a process that serves people or clocks must not start."""
    errors = [
        message
        for message in run_checks(tags=[Tags.security, Tags.database], databases=list(_GUARDED))
        if message.is_serious()
    ]
    for alias in _GUARDED:
        connections[alias].close()  # a forking server must not share this connection
    if errors:
        raise SystemCheckError("\n".join(str(message) for message in errors))
