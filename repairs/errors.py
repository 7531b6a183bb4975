from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from residents.errors import DomainError, GateClosed
from tickets.models import Ticket


class DuplicateSuspected(GateClosed):
    """The same fault seems to be reported already; `candidates` are the open tickets to choose from (rule REP-10)."""

    code = "duplicate"
    sentence = _("同一处可能已经报修：请选择并入，或确认不是同一处。")

    def __init__(self, candidates: list[Ticket]) -> None:
        self.candidates = candidates
        super().__init__(rule="REP-10", field="not_duplicate")


class TechnicianUnavailable(DomainError):
    """The technician is off shift, away, or of another trade; a reason lets the dispatch through."""

    code = "technician"
    sentence = _("这位技工现在不能接单。")
