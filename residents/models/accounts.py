from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models


class AccountManager(BaseUserManager["Account"]):
    def create_user(self, login: str, password: str | None = None, **fields: Any) -> Account:
        """An account that can sign in. `login` is unique over the whole installation."""
        account = self.model(login=login, **fields)
        account.set_password(password)
        account.save(using=self._db)
        return account

    def get_by_natural_key(self, username: str | None) -> Account:
        return self.get(login=username)


class Account(AbstractBaseUser):
    """What signs in: one row per person, without a company, because it is read before the company is known.

    Staff sign in by company code and staff number (`login` is `code/number`), owners by phone.
    """

    login = models.CharField(max_length=80, unique=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    language = models.CharField(max_length=10, default="zh-hans")
    theme = models.CharField(
        max_length=8, blank=True, default="", choices=[("", "system"), ("light", "light"), ("dark", "dark")]
    )
    shortcuts = models.BooleanField(default=True)
    """Whether single-letter shortcuts are on (WCAG 2.1.4 lets a person switch them off)."""

    USERNAME_FIELD = "login"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    objects = AccountManager()
    web_may: ClassVar[str] = "SELECT, INSERT, UPDATE"

    def __str__(self) -> str:
        return self.login
