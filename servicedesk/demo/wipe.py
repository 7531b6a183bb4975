"""Taking a demo company away again, with everything it has. Never any other company."""

from __future__ import annotations

import shutil
from graphlib import TopologicalSorter
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import connections, models

from residents.models import Account, Company
from residents.tenancy import CompanyModel, company_scope

OWNER = "owner"


def wipe(company: Company, *, logins: str) -> None:
    """Delete a demo company, its rows, its accounts (`logins` is what they begin with) and its files.

    Histories and events refuse to be deleted, to the owner of the tables too; their triggers rest until the end of this
    one transaction. The wall stays: the statements see this company alone. Raises ValueError for any other company.
    """
    if not company.is_demo:
        raise ValueError(f"{company.code} is not a demo company")
    tables = [model._meta.db_table for model in _children_first()]
    with company_scope(company.pk, using=OWNER), connections[OWNER].cursor() as cursor:
        quoted = [connections[OWNER].ops.quote_name(table) for table in tables]
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in quoted:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for table in quoted:
            cursor.execute(f"DELETE FROM {table} WHERE company_id = %s", [company.pk])  # noqa: S608 - our own tables
        for table in quoted:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        Account.objects.using(OWNER).filter(login__startswith=logins).delete()
        cursor.execute("DELETE FROM residents_company WHERE id = %s AND is_demo", [company.pk])
    shutil.rmtree(Path(settings.MEDIA_ROOT) / str(company.pk), ignore_errors=True)


def _children_first() -> list[type[models.Model]]:
    """Every table with a company, each before those it refers to."""
    models_with_company = [
        model
        for model in apps.get_models(include_auto_created=True)
        if any(field.name == "company" for field in model._meta.local_fields) and not model._meta.proxy
    ]
    waits_for: dict[type[models.Model], set[type[models.Model]]] = {model: set() for model in models_with_company}
    for model in models_with_company:
        for field in model._meta.local_fields:
            target = field.related_model
            if isinstance(target, type) and target is not model and target in waits_for and _is_guarded(model):
                waits_for[target].add(model)
    return list(TopologicalSorter(waits_for).static_order())


def _is_guarded(model: type[models.Model]) -> bool:
    # The references of histories are not checked by the database.
    return issubclass(model, CompanyModel)
