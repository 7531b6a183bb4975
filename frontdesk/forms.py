from __future__ import annotations

import re
import uuid
from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from residents.forms import PlainText
from tickets.intake import CHANNELS

PHONE = re.compile(r"^\+?[\d\s()-]{5,20}$")
SCOPES = (("indoor", gettext_lazy("户内")), ("public", gettext_lazy("公共")))
VISITS = (("now", gettext_lazy("立即")), ("appointment", gettext_lazy("预约")), ("cannot", gettext_lazy("不能办")))
"""The three answers a customer may get (rule GEN-03)."""


class Moment(forms.DateTimeField):
    """A local date and time of the project, as a datetime-local box sends it; the value is aware."""

    default_error_messages = {"invalid": gettext_lazy("请按 2026-03-17 14:30 的格式填写时间。")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)


class IntakeForm(forms.Form):
    """The middle column as it was sent. What it means together is judged by the kind's own intake.

    `unit` and `category` are values that a list offered; `unit_q` and `category_q` are what was typed.
    """

    form_key = forms.UUIDField(required=False)
    kind = PlainText(required=False, max_length=16)
    scope = forms.ChoiceField(choices=SCOPES, required=False)
    unit = PlainText(required=False, max_length=80)
    unit_q = PlainText(required=False, max_length=60)
    place = PlainText(required=False, max_length=80)
    category = PlainText(required=False, max_length=40)
    category_q = PlainText(required=False, max_length=60)
    description = PlainText(required=False, max_length=5000)
    visit = forms.ChoiceField(choices=VISITS, required=False)
    appointment_from = Moment()
    appointment_to = Moment()
    explanation = PlainText(required=False, max_length=500)
    contact_name = PlainText(required=False, max_length=40)
    contact_phone = PlainText(
        required=False,
        max_length=20,
        validators=[RegexValidator(PHONE, gettext_lazy("电话只写数字，例如 13800006621 或 0755-26681234。"))],
    )
    channel = forms.ChoiceField(choices=tuple(CHANNELS.items()), required=False)
    occurred_at = Moment()
    contact_ended_at = Moment()
    important = forms.BooleanField(required=False)
    price_told = forms.BooleanField(required=False)
    told_next_day = forms.BooleanField(required=False)
    link = PlainText(required=False, max_length=60)
    assignee = PlainText(required=False, max_length=12)
    submit_as = forms.ChoiceField(choices=(("dispatch", ""), ("register", "")), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("description", "explanation", "contact_name", "place"):
            self.fields[name].error_messages["max_length"] = _("最多 %(limit_value)d 字，现在 %(show_value)d 字。")

    def clean_form_key(self) -> uuid.UUID:
        # A form without a key, from a script or an old page, is its own first submit.
        return self.cleaned_data["form_key"] or uuid.uuid4()

    def clean_scope(self) -> str:
        return self.cleaned_data["scope"] or "indoor"

    def clean_visit(self) -> str:
        return self.cleaned_data["visit"] or "now"

    def clean_channel(self) -> str:
        return self.cleaned_data["channel"] or "phone"
