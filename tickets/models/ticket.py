from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from residents.grams import GramsField, contains_words
from residents.tenancy import CompanyForeignKey, CompanyModel

if TYPE_CHECKING:
    from residents.models import Project, Staff, Unit


class Response(models.TextChoices):
    """The three answers a customer may get; no fourth exists (rule GEN-03)."""

    NOW = "now", _("马上办")
    LATER = "later", _("约定时间")
    CANNOT = "cannot", _("不能办")


class TicketQuerySet(models.QuerySet["Ticket"]):
    def visible_to(self, staff: Staff) -> Self:
        """Tickets of the projects the person works in; where the person is only a technician, own and pooled ones."""
        from residents.roles import Role

        tickets = self if staff.project_ids is None else self.filter(project_id__in=staff.project_ids)
        whole = staff.project_ids_beyond(Role.TECHNICIAN)
        if whole is None or whole == staff.project_ids:
            return tickets
        return tickets.filter(Q(project_id__in=whole) | Q(assignee=staff) | Q(is_pooled=True))

    def open(self) -> Self:
        """Not yet archived, cancelled, merged or closed."""
        return self.filter(closed_at=None)

    def same_fault(
        self, *, project: Project, kind: str, category: str, is_public_area: bool, unit: Unit | None, place: str
    ) -> Self:
        """What may be one fault: one matter of one home, or at one public place as written (rules REP-01, REP-10).

        The home of somebody who reports a public fault is not where the fault is.
        """
        here = Q(place=place) if is_public_area or unit is None else Q(unit=unit)
        return self.filter(here, project=project, kind=kind, category=category, is_public_area=is_public_area)

    def matching(self, words: str) -> Self:
        """Tickets whose number, title, place, contact or description hold the words."""
        return self.filter(contains_words(words))

    def lock(self, pk: int) -> Ticket:
        """Read one ticket in order to change it. Needs an open transaction; never blocks foreign-key checks."""
        return self.select_for_update(of=("self",), no_key=True).defer("search").get(pk=pk)


class Ticket(CompanyModel):
    """One matter of a customer from intake to archive, of any kind; what only its kind knows is in the kind's record.

    `public_id` is the only id that leaves the server. `state` changes in one function, `tickets.workflow.step`.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    project = CompanyForeignKey("residents.Project", related_name="tickets")
    number = models.CharField(max_length=24)
    kind = models.CharField(max_length=16)
    state = models.CharField(max_length=24)
    title = models.CharField(max_length=80)
    description = models.CharField(max_length=5000, blank=True)
    category = models.CharField(max_length=40, blank=True)
    is_public_area = models.BooleanField(default=False)
    unit = CompanyForeignKey("residents.Unit", null=True, blank=True, related_name="tickets")
    place = models.CharField(max_length=80)
    """Where, as staff say it: 3栋1单元2502, or a public place."""
    reporter = CompanyForeignKey("residents.Person", null=True, blank=True, related_name="tickets")
    contact_name = models.CharField(max_length=40, blank=True)
    contact_phone = models.CharField(max_length=20, blank=True)
    channel = models.CharField(max_length=12, default="phone")
    response = models.CharField(max_length=8, choices=Response.choices, default=Response.NOW)
    explanation = models.CharField(max_length=500, blank=True)
    """What the customer was told when the answer is 'cannot' (rule GEN-03)."""
    is_important = models.BooleanField(default=False)
    """An important need: a second callback within a month (rule REP-27)."""

    owner = CompanyForeignKey("residents.Staff", null=True, blank=True, related_name="+")
    """Who took the matter first and answers for it (首问责任人)."""
    assignee = CompanyForeignKey("residents.Staff", null=True, blank=True, related_name="assigned_tickets")
    is_pooled = models.BooleanField(default=False)
    """Waiting in the open pool for any technician of the trade."""

    reported_at = models.DateTimeField()
    """When the customer really reported it."""
    entered_at = models.DateTimeField()
    """When it was typed in."""
    last_step_at = models.DateTimeField()
    """When the latest step taken by a person really happened; the next one may not be earlier (rule GEN-01)."""
    handled_at = models.DateTimeField(null=True, blank=True)
    """When the work was finished, the anchor of every callback."""
    closed_at = models.DateTimeField(null=True, blank=True)

    accepted_by = CompanyForeignKey("residents.Staff", null=True, blank=True, related_name="+")
    accepted_by_owner = models.BooleanField(default=False)
    accepted_at = models.DateTimeField(null=True, blank=True)
    called_back_at = models.DateTimeField(null=True, blank=True)
    reviewed_by = CompanyForeignKey("residents.Staff", null=True, blank=True, related_name="+")
    reviewed_at = models.DateTimeField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    archive_number = models.CharField(max_length=30, blank=True)

    merged_into = CompanyForeignKey("tickets.Ticket", null=True, blank=True, related_name="merged")
    rework_of = CompanyForeignKey("tickets.Ticket", null=True, blank=True, related_name="reworks")
    rework_count = models.PositiveSmallIntegerField(default=0)
    version = models.PositiveIntegerField(default=1)
    form_key = models.UUIDField(null=True, blank=True)
    """The key of the form that made it: submitting the same form twice finds the ticket instead of making another."""
    search = GramsField("number", "title", "place", "contact_name", "description")

    _loaded: dict[str, Any]

    objects = TicketQuerySet.as_manager()
    sweeper_may: ClassVar[str] = "SELECT"

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "id"], name="tickets_ticket_company_id"),
            models.UniqueConstraint(fields=["company", "project", "number"], name="tickets_ticket_number"),
            models.UniqueConstraint(fields=["company", "form_key"], name="tickets_ticket_form_key"),
            models.CheckConstraint(
                condition=Q(reported_at__lte=models.F("entered_at")),
                name="tickets_ticket_not_from_the_future",
            ),
            models.CheckConstraint(
                condition=Q(reviewed_by=None) | Q(accepted_by=None) | ~Q(reviewed_by=models.F("accepted_by")),
                name="tickets_ticket_reviewer_is_not_acceptor",
            ),
            models.CheckConstraint(
                condition=Q(reviewed_at=None) | Q(accepted_at__isnull=False),
                name="tickets_ticket_accept_then_review",
            ),
            models.CheckConstraint(
                condition=Q(archived_at=None) | Q(reviewed_at__isnull=False),
                name="tickets_ticket_review_then_archive",
            ),
            models.CheckConstraint(
                condition=~Q(response="cannot") | ~Q(explanation=""),
                name="tickets_ticket_cannot_is_explained",
            ),
        ]
        indexes = [
            models.Index(fields=["company", "project", "-id"], name="tickets_ticket_newest"),
            models.Index(
                fields=["company", "project", "state", "-id"],
                name="tickets_ticket_state",
            ),
            models.Index(fields=["company", "unit", "-id"], name="tickets_ticket_unit"),
            models.Index(
                fields=["company", "assignee", "-id"],
                name="tickets_ticket_assignee",
                condition=Q(closed_at=None),
            ),
            models.Index(
                fields=["company", "project", "category"],
                name="tickets_ticket_open_fault",
                condition=Q(closed_at=None),
            ),
            GinIndex(fields=["search"], name="tickets_ticket_search"),
        ]

    def __str__(self) -> str:
        return self.number

    @classmethod
    def from_db(cls, db: str | None, field_names: Collection[str], values: Collection[Any], **rest: Any) -> Self:
        ticket = super().from_db(db, field_names, values, **rest)
        ticket._loaded = dict(zip(field_names, values, strict=False))
        return ticket

    def save_changes(self) -> None:
        """Write the columns that differ from what was read: a step changes four of forty, and seldom a searched one."""
        loaded = self._loaded
        changed = [name for name, value in loaded.items() if self.__dict__.get(name) != value]
        self.save(update_fields=changed)
        loaded.update({name: self.__dict__[name] for name in changed})

    def insert(self) -> None:
        """Store a new row; later changes of the same object are written as changes."""
        self.save(force_insert=True)
        self._loaded = {f.attname: self.__dict__[f.attname] for f in self._meta.concrete_fields if not f.generated}

    @property
    def short_number(self) -> str:
        """Without the year, as staff say it on the phone: GD-0317-042."""
        prefix, day, counter = self.number.split("-")
        return f"{prefix}-{day[4:]}-{counter}"

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


class TicketCounter(CompanyModel):
    """The last number given per project, prefix and day. Gaps are allowed, repeats are not."""

    project = CompanyForeignKey("residents.Project", related_name="+")
    prefix = models.CharField(max_length=4)
    day = models.DateField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["company", "project", "prefix", "day"],
                name="tickets_counter_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.prefix} {self.day} {self.last}"


class TicketEvent(CompanyModel):
    """Something that happened to a ticket: append-only, with the real time and the time of entry (rule GEN-01)."""

    class Audience(models.TextChoices):
        INTERNAL = "internal", _("内部")
        OWNER = "owner", _("业主可见")

    ticket = CompanyForeignKey("tickets.Ticket", related_name="events")
    kind = models.CharField(max_length=32)
    occurred_at = models.DateTimeField()
    entered_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())
    """The database's own clock, whatever `at` a simulation passed."""
    actor = CompanyForeignKey("residents.Staff", null=True, blank=True, related_name="+")
    actor_label = models.CharField(max_length=20, blank=True)
    """Who acted when it was nobody on the staff: 系统 or 业主."""
    audience = models.CharField(max_length=8, choices=Audience.choices, default=Audience.INTERNAL)
    data = models.JSONField(default=dict)

    append_only: ClassVar[bool] = True
    sweeper_may: ClassVar[str] = "SELECT, INSERT"

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "id"], name="tickets_event_company_id"),
            models.CheckConstraint(
                condition=Q(occurred_at__lte=models.F("entered_at")),
                name="tickets_event_not_from_the_future",
            ),
        ]
        indexes = [models.Index(fields=["company", "ticket", "id"], name="tickets_event_ticket")]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.kind}"
