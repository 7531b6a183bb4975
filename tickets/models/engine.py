"""The rows of the SLA engine: the database row is the timer, Celery is only a doorbell."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from residents.tenancy import CompanyForeignKey, CompanyModel


class SlaRule(CompanyModel):
    """One version of a promise as a company, or one of its projects, has set it. Never edited: a change is a new row.

    What starts and stops the clock is code (`tickets.sla.definitions`); how long it runs and who is told is data.
    Running clocks keep the version they started with.
    """

    project = CompanyForeignKey("residents.Project", null=True, blank=True, related_name="+")
    code = models.CharField(max_length=24)
    """Key of the definition: the rulebook's ID, sometimes with a part (REP-20.apology)."""
    version = models.PositiveIntegerField()
    is_enabled = models.BooleanField(default=True)
    basis = models.CharField(max_length=4)
    value = models.IntegerField()
    """In the unit of the basis: seconds, days, months, or HHMM for a fixed time."""
    amber_seconds = models.PositiveIntegerField(null=True, blank=True)
    """How long before due the display turns amber; None takes the default of 20 % of the time."""
    ladder = models.JSONField()
    """Rows {level, share, at_least, at_most, audience, effect}; see `tickets.sla.definitions.Step`."""
    created_at = models.DateTimeField()
    created_by = CompanyForeignKey("residents.Staff", null=True, blank=True, related_name="+")
    retired_at = models.DateTimeField(null=True, blank=True)

    sweeper_may: ClassVar[str] = "SELECT"

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "id"], name="tickets_slarule_company_id"),
            models.UniqueConstraint(
                fields=["company", "project", "code", "version"],
                name="tickets_slarule_version",
                nulls_distinct=False,
            ),
            models.UniqueConstraint(
                fields=["company", "project", "code"],
                name="tickets_slarule_current",
                condition=Q(retired_at=None),
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} v{self.version}"


class ClockState(models.TextChoices):
    RUNNING = "running", _("计时中")
    PAUSED = "paused", _("暂停")
    BREACHED_OPEN = "breached_open", _("超时未办")
    MET = "met", _("按时")
    CLOSED_BREACHED = "closed_breached", _("超时完成")
    CANCELLED = "cancelled", _("已取消")
    EXCLUDED = "excluded", _("不计")


LIVE = (ClockState.RUNNING, ClockState.PAUSED, ClockState.BREACHED_OPEN)
_LIVE = Q(state__in=LIVE)


class SlaClockQuerySet(models.QuerySet["SlaClock"]):
    def live(self) -> Self:
        """Running, paused, or overdue and still open."""
        return self.filter(_LIVE)

    def overdue(self, *, at: datetime) -> Self:
        """Live and past due at that moment, whether or not the sweep has been there yet."""
        return self.filter(state__in=(ClockState.RUNNING, ClockState.BREACHED_OPEN), due_at__lt=at)

    def missed(self) -> Self:
        """Breaches of the record, finished late ones included; corrected ones count as met (rule GEN-02)."""
        return self.filter(breached_at__isnull=False, corrected_at=None)


class SlaClock(CompanyModel):
    """One running measurement of one promise: the hot row of the engine, kept narrow.

    `step_at` holds the moment of every ladder step, computed when the clock is armed, so that the sweep is one
    statement without calendar arithmetic. All instants are aware.
    """

    project = CompanyForeignKey("residents.Project", related_name="+")
    ticket = CompanyForeignKey("tickets.Ticket", null=True, blank=True, related_name="clocks")
    rule = CompanyForeignKey("tickets.SlaRule", related_name="+")
    rule_code = models.CharField(max_length=24)
    scope = models.CharField(max_length=64)
    """What one clock is for: ticket:12, ticket:12/visit:2, ticket:12/reporter:88."""
    cycle_no = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(max_length=16, choices=ClockState.choices, default=ClockState.RUNNING)
    lane = models.PositiveSmallIntegerField(default=0)
    """0 seconds and minutes, 1 hours and days, 2 months: the order in which a storm is worked off."""
    is_advisory = models.BooleanField(default=False)
    """Warns but never breaches (REP-25 in public areas)."""
    basis = models.CharField(max_length=4)
    value = models.IntegerField()
    started_at = models.DateTimeField()
    running_since = models.DateTimeField(null=True, blank=True)
    consumed = models.BigIntegerField(default=0)
    """Seconds used before the last pause, in the clock's own time."""
    original_due_at = models.DateTimeField()
    due_at = models.DateTimeField()
    amber_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True, blank=True)
    breached_at = models.DateTimeField(null=True, blank=True)
    """Always the due moment, never the moment the sweep came by."""
    detected_by = models.CharField(max_length=8, blank=True)
    detected_at = models.DateTimeField(null=True, blank=True)
    corrected_at = models.DateTimeField(null=True, blank=True)
    """The step really happened in time but was entered late: the breach stays on record, the result counts as met."""
    reason = models.CharField(max_length=120, blank=True)
    """Why it was cancelled, corrected or excluded: the kind of an event, or a sentence as the source has it."""
    calendar = CompanyForeignKey("tickets.WorkCalendar", null=True, blank=True, related_name="+")
    calendar_revision = models.PositiveIntegerField(default=0)
    is_provisional = models.BooleanField(default=False)
    epoch = models.PositiveSmallIntegerField(default=1)
    step_at = ArrayField(models.DateTimeField(), default=list)
    next_step = models.PositiveSmallIntegerField(default=0)
    next_fire_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    version = models.PositiveIntegerField(default=1)

    objects = SlaClockQuerySet.as_manager()
    sweeper_may: ClassVar[str] = "SELECT, UPDATE"

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["company", "id"], name="tickets_slaclock_company_id"),
            models.UniqueConstraint(
                fields=["company", "rule_code", "scope"],
                name="tickets_slaclock_one_live",
                condition=_LIVE,
            ),
            models.CheckConstraint(
                condition=Q(next_fire_at=None) | Q(state__in=(ClockState.RUNNING, ClockState.BREACHED_OPEN)),
                name="tickets_slaclock_armed_is_running",
            ),
            models.CheckConstraint(
                condition=~Q(state=ClockState.PAUSED) | Q(running_since=None),
                name="tickets_slaclock_paused_is_still",
            ),
            models.CheckConstraint(
                condition=Q(stopped_at=None) | Q(next_fire_at=None),
                name="tickets_slaclock_stopped_is_silent",
            ),
            models.CheckConstraint(
                condition=Q(breached_at=None)
                | Q(
                    state__in=(
                        ClockState.BREACHED_OPEN,
                        ClockState.CLOSED_BREACHED,
                        ClockState.PAUSED,
                    )
                ),
                name="tickets_slaclock_breach_stays",
            ),
        ]
        indexes = [
            models.Index(
                fields=["lane", "next_fire_at"],
                name="tickets_slaclock_due",
                condition=Q(next_fire_at__isnull=False),
            ),
            models.Index(fields=["company", "ticket"], name="tickets_slaclock_ticket"),
            models.Index(
                fields=["company", "project", "due_at"],
                name="tickets_slaclock_queue",
                condition=_LIVE,
            ),
            models.Index(
                fields=["calendar", "due_at"],
                name="tickets_slaclock_rearm",
                condition=_LIVE & Q(calendar__isnull=False),
            ),
            models.Index(
                fields=["company", "rule_code", "due_at"],
                name="tickets_slaclock_attain",
            ),
            # What the auditor looks for: live clocks that nothing will fire, clocks that failed when they were fired.
            models.Index(
                fields=["project"],
                name="tickets_slaclock_silent",
                condition=Q(
                    state__in=(ClockState.RUNNING, ClockState.BREACHED_OPEN),
                    next_fire_at=None,
                ),
            ),
            models.Index(
                fields=["attempts"],
                name="tickets_slaclock_failing",
                condition=Q(attempts__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule_code} {self.scope}"

    @property
    def is_live(self) -> bool:
        return self.state in LIVE

    @property
    def counts_as_met(self) -> bool:
        """Met in time, or shown by a correction to have been."""
        return self.state == ClockState.MET or self.corrected_at is not None


class SlaClockInterval(CompanyModel):
    """A stretch in which a clock stood still or ran again: with `started_at` of the clock, from when it runs first, the
    truth about time used; the clock only caches it.
    """

    clock = CompanyForeignKey("tickets.SlaClock", related_name="intervals")
    is_running = models.BooleanField()
    began_at = models.DateTimeField()
    reason = models.CharField(max_length=120, blank=True)
    event = CompanyForeignKey("tickets.TicketEvent", null=True, blank=True, related_name="+")

    append_only: ClassVar[bool] = True

    class Meta:
        # An interval ends where the next one begins, so intervals of one clock cannot overlap.
        constraints = [
            models.UniqueConstraint(
                fields=["company", "clock", "began_at"],
                name="tickets_interval_no_overlap",
            )
        ]

    def __str__(self) -> str:
        return f"{self.clock_id} {self.began_at:%H:%M:%S}"


class SlaFiring(CompanyModel):
    """One ladder step executed once: the primary key is the exactly-once guarantee of the engine."""

    class Outcome(models.TextChoices):
        FIRED = "fired", _("已通知")
        COLLAPSED = "collapsed", _("并入更高级别")

    pk = models.CompositePrimaryKey("clock_id", "epoch", "step_no")
    clock = CompanyForeignKey("tickets.SlaClock", related_name="firings")
    epoch = models.PositiveSmallIntegerField()
    step_no = models.PositiveSmallIntegerField()
    scheduled_for = models.DateTimeField()
    fired_at = models.DateTimeField()
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    sweep_id = models.BigIntegerField(null=True, blank=True)

    append_only: ClassVar[bool] = True
    sweeper_may: ClassVar[str] = "SELECT, INSERT"

    class Meta:
        indexes = [models.Index(fields=["company", "fired_at"], name="tickets_slafiring_log")]

    def __str__(self) -> str:
        return f"{self.clock_id}/{self.epoch}/{self.step_no}"


class SweepRun(models.Model):
    """One sweep that had work, or the latest idle one: the engine's heartbeat. It has no company: it serves all."""

    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(db_index=True)
    driver = models.CharField(max_length=10)
    due_before = models.DateTimeField()
    fired = models.PositiveIntegerField(default=0)
    conflicts = models.PositiveIntegerField(default=0)
    """Firings another run had already made: duplicates prevented by the ledger."""
    failed = models.PositiveIntegerField(default=0)
    oldest_lag_ms = models.BigIntegerField(default=0)
    mode = models.CharField(max_length=8, default="normal")
    """normal, catch_up, or gap: nobody swept between `started_at` and `finished_at`."""

    sweeper_may: ClassVar[str] = "SELECT, INSERT, UPDATE, DELETE"

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["started_at"],
                name="tickets_sweeprun_one_gap",
                condition=Q(mode="gap"),
            )
        ]

    web_may: ClassVar[str] = "SELECT"

    def __str__(self) -> str:
        return f"{self.finished_at:%H:%M:%S} {self.fired}"


class Outbox(CompanyModel):
    """Something to do after the commit that caused it: tell people, change a ticket, send a message.

    The key is computed from the cause, so that a repeated cause finds the row instead of doubling the effect.
    """

    dedup_key = models.CharField(max_length=120)
    topic = models.CharField(max_length=16)
    payload = models.JSONField(default=dict)
    created_at = models.DateTimeField()
    not_before = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    dead_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True)

    sweeper_may: ClassVar[str] = "SELECT, INSERT, UPDATE, DELETE"

    class Meta:
        constraints = [models.UniqueConstraint(fields=["company", "dedup_key"], name="tickets_outbox_once")]
        indexes = [
            models.Index(
                fields=["company", "not_before"],
                name="tickets_outbox_queue",
                condition=Q(sent_at=None, dead_at=None),
            ),
            models.Index(
                fields=["dead_at"],
                name="tickets_outbox_dead",
                condition=Q(dead_at__isnull=False),
            ),
            models.Index(
                fields=["sent_at"],
                name="tickets_outbox_done",
                condition=Q(sent_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.dedup_key


CAUGHT_UP = "caught_up"
"""Kind of the notices that an engine sent after it had been away: unread, they are one line to their reader."""


class Notice(CompanyModel):
    """A line in somebody's notice centre. Clock alarms name the firing they come from and wait for 收到."""

    project = CompanyForeignKey("residents.Project", related_name="+")
    staff = CompanyForeignKey("residents.Staff", related_name="notices")
    ticket = CompanyForeignKey("tickets.Ticket", null=True, blank=True, related_name="notices")
    clock = CompanyForeignKey("tickets.SlaClock", null=True, blank=True, related_name="notices")
    epoch = models.PositiveSmallIntegerField(default=0)
    step_no = models.PositiveSmallIntegerField(default=0)
    level = models.PositiveSmallIntegerField(default=0)
    kind = models.CharField(max_length=16)
    text = models.CharField(max_length=200)
    """The sentence as the source has it, with the names of its facts."""
    facts = models.JSONField(default=dict)
    dedup_key = models.CharField(max_length=120)
    created_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["company", "staff", "dedup_key"], name="tickets_notice_once")]
        indexes = [
            models.Index(fields=["company", "staff", "-id"], name="tickets_notice_inbox"),
            models.Index(fields=["company", "clock"], name="tickets_notice_clock"),
        ]

    def __str__(self) -> str:
        return self.sentence

    @property
    def sentence(self) -> str:
        """The text with its facts, in the language of whoever reads it."""
        if not self.facts:
            return self.text
        facts, label = dict(self.facts), self.facts.get("label")
        if label:
            # The name of a clock is a word of the source, as the sentence is.
            facts["label"] = gettext(label)
        return gettext(self.text) % facts
