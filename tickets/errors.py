from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from residents.errors import DomainError


class IllegalTransition(DomainError):
    """The workflow has no such step from the ticket's state; nothing was stored."""

    code = "illegal-transition"
    sentence = _("当前状态不能做这一步。")


class TicketClosed(DomainError):
    """The ticket is archived, cancelled or merged."""

    code = "closed"
    sentence = _("工单已经结束，不能再改。")


class UploadRefused(DomainError):
    """The file is not one we store; the sentence says why and what to do."""

    status = 422
    code = "upload"
