from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from residents.tenancy import CompanyForeignKey, CompanyModel


class TicketReporter(CompanyModel):
    """One person who reported the matter. Each reporter of a public fault is owed a reply (rules REP-01, REP-02)."""

    ticket = CompanyForeignKey("tickets.Ticket", related_name="reporters")
    person = CompanyForeignKey("residents.Person", null=True, blank=True, related_name="+")
    unit = CompanyForeignKey("residents.Unit", null=True, blank=True, related_name="+")
    name = models.CharField(max_length=40)
    """Empty for somebody who left only a number: the reply is owed all the same."""
    phone = models.CharField(max_length=20, blank=True)
    reported_at = models.DateTimeField()
    came_from = CompanyForeignKey("tickets.Ticket", null=True, blank=True, related_name="+")
    """The duplicate ticket that brought this reporter here."""
    replied_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["company", "id"], name="tickets_reporter_company_id")]
        indexes = [models.Index(fields=["company", "ticket"], name="tickets_reporter_ticket")]

    def __str__(self) -> str:
        return self.name or gettext("未留姓名（尾号 %(tail)s）") % {"tail": self.phone[-4:]}


class Promise(CompanyModel):
    """A time promised to a customer: kept, or replaced by a new one before it passes (rule GEN-04)."""

    ticket = CompanyForeignKey("tickets.Ticket", related_name="promises")
    subject = models.CharField(max_length=80)
    promised_at = models.DateTimeField()
    made_by = CompanyForeignKey("residents.Staff", null=True, blank=True, related_name="+")
    made_at = models.DateTimeField()
    is_call = models.BooleanField(default=False, db_default=False)
    """To call the customer again at that time: whatever comes of the call, it keeps the promise."""
    kept_at = models.DateTimeField(null=True, blank=True)
    replaced_by = CompanyForeignKey("tickets.Promise", null=True, blank=True, related_name="replaces")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["company", "id"], name="tickets_promise_company_id")]
        indexes = [models.Index(fields=["company", "ticket"], name="tickets_promise_ticket")]

    def __str__(self) -> str:
        return f"{self.subject} {self.promised_at:%m-%d %H:%M}"

    @property
    def is_open(self) -> bool:
        """Neither kept nor replaced: the customer still waits for it."""
        return self.kept_at is None and self.replaced_by_id is None


class Callback(CompanyModel):
    """One attempt to ask the customer, successful or not (rules CBK-10, CBK-11)."""

    class Method(models.TextChoices):
        PHONE = "phone", _("电话")
        VISIT = "visit", _("上门")
        MESSAGE = "message", _("书面消息")

    class Outcome(models.TextChoices):
        REACHED = "reached", _("已接通")
        NO_ANSWER = "no_answer", _("未接通")
        LATER = "later", _("约时间再打")
        MESSAGE_SENT = "message_sent", _("已留书面消息")

    ticket = CompanyForeignKey("tickets.Ticket", related_name="callbacks")
    called_at = models.DateTimeField()
    caller = CompanyForeignKey("residents.Staff", null=True, blank=True, related_name="+")
    method = models.CharField(max_length=8, choices=Method.choices, default=Method.PHONE)
    outcome = models.CharField(max_length=12, choices=Outcome.choices)
    is_second = models.BooleanField(default=False)
    """The second callback of an important need (rule REP-27)."""
    person_reached = models.CharField(max_length=40, blank=True)
    is_solved = models.BooleanField(null=True, blank=True)
    answers = models.JSONField(default=dict)
    """What else the script asks: on_time, manners, charges_told; each yes, no or unknown."""
    satisfaction = models.PositiveSmallIntegerField(null=True, blank=True)
    """5 very satisfied to 1 very dissatisfied; the top two count as satisfied."""
    words = models.CharField(max_length=1000, blank=True)
    demand = models.CharField(max_length=500, blank=True)
    next_try_at = models.DateTimeField(null=True, blank=True)
    follow_up = CompanyForeignKey("tickets.Ticket", null=True, blank=True, related_name="+")

    append_only: ClassVar[bool] = True

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(satisfaction=None) | Q(satisfaction__range=(1, 5)),
                name="tickets_callback_scale",
            ),
            models.CheckConstraint(
                condition=~Q(outcome="reached") | (Q(is_solved__isnull=False) & ~Q(person_reached="")),
                name="tickets_callback_reached_says_what",
            ),
        ]
        indexes = [
            models.Index(
                fields=["company", "ticket", "called_at"],
                name="tickets_callback_ticket",
            )
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.outcome}"


class Attachment(CompanyModel):
    """A file of a ticket. Pictures are re-encoded before they are stored; nothing is served from its original bytes."""

    class Purpose(models.TextChoices):
        BEFORE = "before", _("维修前照片")
        AFTER = "after", _("维修后照片")
        SIGNATURE = "signature", _("业主签字")
        CONSENT = "consent", _("暂离同意书")
        SLIP = "slip", _("交回的作业联")
        RECEIPT = "receipt", _("收据")
        OTHER = "other", _("其他")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    ticket = CompanyForeignKey("tickets.Ticket", related_name="attachments")
    purpose = models.CharField(max_length=10, choices=Purpose.choices, default=Purpose.OTHER)
    file = models.FileField(max_length=120)
    content_type = models.CharField(max_length=30)
    name = models.CharField(max_length=120)
    """The name the uploader gave, for display only; the stored name is random."""
    size = models.PositiveIntegerField()
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    uploaded_by = CompanyForeignKey("residents.Staff", null=True, blank=True, related_name="+")
    uploaded_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True, blank=True)
    visit_no = models.PositiveSmallIntegerField(default=0)
    """The visit it belongs to; 0 for none."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["company", "id"], name="tickets_attachment_company_id")]
        indexes = [models.Index(fields=["company", "ticket", "id"], name="tickets_attachment_ticket")]

    def __str__(self) -> str:
        return self.name


class Approval(CompanyModel):
    """A request that needs a superior's yes: relief of fees, refusing a job, an extension (rules ROLE-10, REP-28)."""

    class Decision(models.TextChoices):
        WAITING = "waiting", _("待批")
        GRANTED = "granted", _("同意")
        REFUSED = "refused", _("退回")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    ticket = CompanyForeignKey("tickets.Ticket", related_name="approvals")
    subject = models.CharField(max_length=20)
    reason = models.CharField(max_length=500)
    amount_fen = models.PositiveIntegerField(default=0)
    """Money at stake, in fen."""
    asked_by = CompanyForeignKey("residents.Staff", related_name="+")
    asked_at = models.DateTimeField()
    decision = models.CharField(max_length=8, choices=Decision.choices, default=Decision.WAITING)
    decided_by = CompanyForeignKey("residents.Staff", null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=models.F("asked_by")),
                name="tickets_approval_not_by_the_asker",
            ),
            models.CheckConstraint(
                condition=Q(decision="waiting", decided_at=None)
                | (~Q(decision="waiting") & Q(decided_at__isnull=False)),
                name="tickets_approval_decided",
            ),
        ]
        indexes = [models.Index(fields=["company", "ticket"], name="tickets_approval_ticket")]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.subject} {self.decision}"
