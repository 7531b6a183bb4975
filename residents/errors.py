"""Refusals that a person can read.

Actions raise them and store nothing; `servicedesk` turns them into a page, a partial or problem details once.
"""

from __future__ import annotations

from typing import ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Sentence = str | Promise


class DomainError(Exception):
    """A refusal with a sentence for the person who asked.

    `status` is the HTTP status of the answer, `code` a stable word for programs, `rule` the ID of the rule that refuses
    (REP-19) or an empty string, `field` the form field at fault or an empty string.
    """

    status: ClassVar[int] = 409
    code: ClassVar[str] = "refused"
    sentence: Sentence = _("现在不能这样做。")

    def __init__(self, sentence: Sentence | None = None, *, rule: str = "", field: str = "") -> None:
        self.sentence = sentence if sentence is not None else self.sentence
        self.rule = rule
        self.field = field
        super().__init__(str(self.sentence))


class NotAllowed(DomainError):
    """The role of the person does not include this act."""

    status = 403
    code = "not-allowed"
    sentence = _("您的岗位没有这项权限，请联系主管。")


class NotFound(DomainError):
    """It does not exist, or the person may not know that it does."""

    status = 404
    code = "not-found"
    sentence = _("没有找到，可能已被移走，或不在您的项目内。")


class InvalidInput(DomainError):
    """Something typed is wrong; `field` says which."""

    status = 422
    code = "invalid"
    sentence = _("填写有误，请检查。")


class GateClosed(DomainError):
    """A step that a rule makes impossible to skip was not done; `rule` names it."""

    code = "gate"


class StaleVersion(DomainError):
    """Somebody else changed the ticket after this page was loaded; nothing was stored."""

    code = "stale"
    sentence = _("工单刚被别人更新过，请看最新内容后再提交；您写的内容还在。")
