from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from residents.audit import audited
from residents.models.staff import Trade
from residents.tenancy import CompanyForeignKey, CompanyModel, CompanyOneToOneField

if TYPE_CHECKING:
    from residents.models import Project


class TariffItemQuerySet(models.QuerySet["TariffItem"]):
    def current(self, project: Project) -> Self:
        """The price list of a project: its own items and the company's, without those retired."""
        return self.filter(Q(project=project) | Q(project=None), retired_at=None).order_by("code")


@audited()
class TariffItem(CompanyModel):
    """One line of the public price list of special services (rules REP-07, REP-08). A new price is a new row."""

    project = CompanyForeignKey("residents.Project", null=True, blank=True, related_name="+")
    code = models.CharField(max_length=20)
    name = models.CharField(max_length=60)
    price_fen = models.PositiveIntegerField()
    per = models.CharField(max_length=10, default="次")
    published_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True, blank=True)

    objects = TariffItemQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "id"], name="repairs_tariff_company_id"),
            models.UniqueConstraint(
                fields=["company", "project", "code"],
                name="repairs_tariff_current",
                condition=Q(retired_at=None),
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return self.name


@audited()
class RepairCategory(CompanyModel):
    """What can be broken, found by pinyin initials: 厨房漏水 is `cfls`."""

    code = models.CharField(max_length=40)
    name = models.CharField(max_length=40)
    initials = models.CharField(max_length=20)
    group = models.CharField(max_length=20)
    """The system it belongs to: 给排水."""
    trade = models.CharField(max_length=16, choices=Trade.choices, default=Trade.GENERAL)
    is_public_area = models.BooleanField(default=False)
    is_safety = models.BooleanField(default=False)
    """Water, gas or electric safety: such a need is important (rule REP-27)."""
    warranty_months = models.PositiveSmallIntegerField(default=0)
    """Period of the house quality guarantee, counted from the hand-over of the unit; 0 for none (rule REP-05)."""
    template = models.CharField(max_length=200, blank=True)
    tariff = CompanyForeignKey("repairs.TariffItem", null=True, blank=True, related_name="+")
    position = models.PositiveSmallIntegerField(default=100)
    is_active = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "id"], name="repairs_category_company_id"),
            models.UniqueConstraint(fields=["company", "code"], name="repairs_category_code"),
        ]
        indexes = [models.Index(fields=["company", "initials"], name="repairs_category_initials")]

    def __str__(self) -> str:
        return self.name


class RepairOrder(CompanyModel):
    """What only a repair knows about its ticket: warranty or paid, dispatch, slip, result, money."""

    class Form(models.TextChoices):
        WORK_ORDER = "work_order", _("客户服务中心工作单")
        REPAIR_ORDER = "repair_order", _("工程维修单")

    class DispatchKind(models.TextChoices):
        SLIP = "slip", _("打单派工")
        ORAL = "oral", _("口头派工")

    ticket = CompanyOneToOneField("tickets.Ticket", related_name="repair")
    category = CompanyForeignKey("repairs.RepairCategory", related_name="+")
    in_warranty = models.BooleanField(default=True)
    warranty_basis = models.CharField(max_length=120, blank=True)
    form = models.CharField(max_length=12, choices=Form.choices, default=Form.WORK_ORDER)
    contact_ended_at = models.DateTimeField(null=True, blank=True)
    informed_at = models.DateTimeField(null=True, blank=True)
    """When engineering was told, before or with the dispatch (rule REP-06)."""

    tariff = CompanyForeignKey("repairs.TariffItem", null=True, blank=True, related_name="+")
    price_told_at = models.DateTimeField(null=True, blank=True)
    price_accepted_by = models.CharField(max_length=40, blank=True)

    dispatched_at = models.DateTimeField(null=True, blank=True)
    dispatch_kind = models.CharField(max_length=6, choices=DispatchKind.choices, default=DispatchKind.SLIP)
    trade = models.CharField(max_length=16, choices=Trade.choices, default=Trade.GENERAL)
    visit_no = models.PositiveSmallIntegerField(default=1)
    missed_count = models.PositiveSmallIntegerField(default=0)
    at_night = models.BooleanField(default=False)
    told_next_day = models.BooleanField(default=False)
    """Night duty could not do it and told the resident it will be arranged next day (rule REP-33)."""

    slip_number = models.CharField(max_length=30, blank=True)
    slip_printed_at = models.DateTimeField(null=True, blank=True)
    slip_taken_at = models.DateTimeField(null=True, blank=True)
    slip_returned_at = models.DateTimeField(null=True, blank=True)
    completion_entered_at = models.DateTimeField(null=True, blank=True)

    completed_at = models.DateTimeField(null=True, blank=True)
    completion_reported_at = models.DateTimeField(null=True, blank=True)
    result = models.CharField(max_length=1000, blank=True)
    part_spec = models.CharField(max_length=200, blank=True)
    is_tested = models.BooleanField(default=False)
    is_cleaned = models.BooleanField(default=False)

    charge_fen = models.PositiveIntegerField(default=0)
    """What the work costs so far: every round adds its own, and nothing that a reopened one charged vanishes."""
    waived_fen = models.PositiveIntegerField(default=0)
    paid_fen = models.PositiveIntegerField(default=0, db_default=0)
    """What receipts were given for (rule REP-36)."""
    receipt_number = models.CharField(max_length=30, blank=True)
    """The latest; each stands in its event."""

    first_visit: Visit | None = None
    """The row just made with this one, for the act that made both; None on an order that was read."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "id"], name="repairs_order_company_id"),
            models.UniqueConstraint(fields=["company", "ticket"], name="repairs_order_ticket"),
            models.CheckConstraint(
                condition=Q(in_warranty=True) | Q(dispatched_at=None) | Q(price_told_at__isnull=False),
                name="repairs_order_paid_price_told",
                violation_error_message="REP-07",
            ),
            models.CheckConstraint(
                condition=Q(in_warranty=True, form="work_order") | Q(in_warranty=False, form="repair_order"),
                name="repairs_order_warranty_decides_form",
                violation_error_message="REP-05",
            ),
            models.CheckConstraint(
                condition=Q(completed_at=None) | Q(is_tested=True),
                name="repairs_order_finished_is_tested",
            ),
            models.CheckConstraint(
                condition=Q(charge_fen__gte=F("waived_fen") + F("paid_fen")),
                name="repairs_order_waived_and_paid_in_charge",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.form}"

    @property
    def payable_fen(self) -> int:
        """What the customer bears of all rounds, in fen."""
        return self.charge_fen - self.waived_fen

    @property
    def owed_fen(self) -> int:
        """What no receipt has been given for yet, in fen."""
        return self.payable_fen - self.paid_fen


class Outcome(models.TextChoices):
    """How a visit ends. Only what is fixed is finished; after the others somebody comes again (rule REP-18)."""

    FIXED = "fixed", _("已修好")
    REWORK = "rework", _("需返工")
    PARTS = "parts", _("等配件")
    CONTRACTOR = "contractor", _("转外委")


UNFINISHED = tuple(word for word in Outcome.values if word != Outcome.FIXED)


class Visit(CompanyModel):
    """One way to the customer: an appointment or 'now', arrival, start, departure."""

    ticket = CompanyForeignKey("tickets.Ticket", related_name="visits")
    number = models.PositiveSmallIntegerField()
    technician = CompanyForeignKey("residents.Staff", null=True, blank=True, related_name="visits")
    window_from = models.DateTimeField(null=True, blank=True)
    window_to = models.DateTimeField(null=True, blank=True)
    """End of the agreed window, the due moment of the arrival (rule REP-20); None means 'now'."""
    accepted_at = models.DateTimeField(null=True, blank=True)
    accepted_by_system = models.BooleanField(default=False)
    arrived_at = models.DateTimeField(null=True, blank=True)
    arrival_method = models.CharField(max_length=10, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    left_at = models.DateTimeField(null=True, blank=True)
    missed_at = models.DateTimeField(null=True, blank=True)
    miss_reason = models.CharField(max_length=200, blank=True)
    apologised_at = models.DateTimeField(null=True, blank=True)
    consent = CompanyForeignKey("tickets.Attachment", null=True, blank=True, related_name="+")
    finished = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "id"], name="repairs_visit_company_id"),
            models.UniqueConstraint(fields=["company", "ticket", "number"], name="repairs_visit_number"),
            models.CheckConstraint(
                condition=Q(window_from=None, window_to=None)
                | Q(window_from__isnull=False, window_to__gte=F("window_from")),
                name="repairs_visit_window",
            ),
            # Nobody leaves before the repair is finished, except with the owner's written consent (REP-18, REP-19).
            models.CheckConstraint(
                condition=Q(left_at=None) | Q(finished=True) | Q(consent__isnull=False),
                name="repairs_visit_leave_finished_or_consent",
            ),
        ]
        indexes = [models.Index(fields=["company", "technician", "-id"], name="repairs_visit_technician")]

    def __str__(self) -> str:
        return f"{self.ticket_id} #{self.number}"

    @property
    def is_appointment(self) -> bool:
        return self.window_to is not None


class MaterialLine(CompanyModel):
    """A material used, with its price in fen; under warranty it costs the customer nothing."""

    order = CompanyForeignKey("repairs.RepairOrder", related_name="materials")
    name = models.CharField(max_length=60)
    quantity = models.DecimalField(max_digits=8, decimal_places=2, default=1)
    price_fen = models.PositiveIntegerField(default=0)
    is_warranty = models.BooleanField(default=True)

    append_only: ClassVar[bool] = False

    def __str__(self) -> str:
        return self.name
