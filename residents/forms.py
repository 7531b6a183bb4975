from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _


class PlainText(forms.CharField):
    """Text without NUL, which PostgreSQL cannot store; the person hears it as a sentence, not as an error."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if isinstance(text, str) and "\x00" in text:
            raise forms.ValidationError(_("文字里有无法保存的字符，请重新输入。"))
        return text


class SignInForm(forms.Form):
    """Staff number, alone or behind the company's code (yunxi/0107), password, and the shift to start."""

    number = PlainText(label=_("工号"), max_length=60)
    password = forms.CharField(label=_("密码"), max_length=200, widget=forms.PasswordInput)
    shift = forms.CharField(label=_("班次"), max_length=10, required=False)
