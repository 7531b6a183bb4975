from __future__ import annotations

from django.db import models

from residents.tenancy import CompanyForeignKey, CompanyModel


class IdempotencyKey(CompanyModel):
    """An unsafe API call that was answered: the same key again gets the same answer instead of a second effect.

    Kept for 24 hours. Written in the transaction of the call itself, so that an effect without its answer cannot exist.
    """

    staff = CompanyForeignKey("residents.Staff", related_name="+")
    key = models.CharField(max_length=80)
    fingerprint = models.CharField(max_length=64)
    """SHA-256 of method, path and body, in hexadecimal: the same key for another call is a mistake of the caller."""
    status = models.PositiveSmallIntegerField(default=0)
    """HTTP status of the answer; 0 only while the call runs, which no other transaction sees."""
    answer = models.JSONField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "staff", "key"], name="residents_idempotencykey_once"),
        ]
        indexes = [models.Index(fields=["company", "created_at"], name="residents_idempotencykey_age")]

    def __str__(self) -> str:
        return self.key
