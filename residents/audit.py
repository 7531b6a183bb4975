"""Who changed a record that has no ticket, and what it was before: triggers write it, whatever the way of the change.

Bulk updates and raw SQL are recorded too. The history of a company stands behind the same wall as its rows, the web
role can add to it and read it, and nobody changes it. What has a ticket is told by the ticket's own events.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import pghistory
from django.db import models

if TYPE_CHECKING:
    pass

Model = TypeVar("Model", bound=type[models.Model])


def audited(*, exclude: tuple[str, ...] = ()) -> Callable[[Model], Model]:
    """Class decorator: keep every state of the rows in `<Model>Event`, with who and which request in `pgh_context`.

    Derived columns are named in `exclude`. The migration that adds it needs `CompanyWall(..., references=False)` and
    `AppendOnly` for the event model; a test finds the one that was forgotten.
    """
    decorate: Callable[[Model], Model] = pghistory.track(
        pghistory.InsertEvent(),
        pghistory.UpdateEvent(),
        pghistory.DeleteEvent(),
        exclude=list(exclude),
        # The context lies in the row itself: pghistory's own table of contexts has no company.
        context_field=pghistory.ContextJSONField(),
        context_id_field=None,  # type: ignore[arg-type]  # documented, but not in its types
        attrs={"append_only": True},
    )
    return decorate
