import uuid

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.datetime
import pghistory.utils
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

import residents.grams
import residents.tenancy
import tickets.models.calendars
from residents.tenancy import AppendOnly, CompanyWall


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("residents", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="NationalDay",
            fields=[
                ("day", models.DateField(primary_key=True, serialize=False)),
                ("working", models.BooleanField()),
                ("name", models.CharField(blank=True, max_length=40)),
                ("source", models.CharField(max_length=40)),
                ("provisional", models.BooleanField(default=False)),
            ],
            options={
                "ordering": ("day",),
            },
        ),
        migrations.CreateModel(
            name="SweepRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(db_index=True)),
                ("driver", models.CharField(max_length=10)),
                ("due_before", models.DateTimeField()),
                ("fired", models.PositiveIntegerField(default=0)),
                ("conflicts", models.PositiveIntegerField(default=0)),
                ("failed", models.PositiveIntegerField(default=0)),
                ("oldest_lag_ms", models.BigIntegerField(default=0)),
                ("mode", models.CharField(default="normal", max_length=8)),
            ],
        ),
        migrations.CreateModel(
            name="CalendarOverride",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("working", models.BooleanField()),
                ("name", models.CharField(max_length=40)),
                (
                    "company",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.company",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SlaRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=24)),
                ("version", models.PositiveIntegerField()),
                ("is_enabled", models.BooleanField(default=True)),
                ("basis", models.CharField(max_length=4)),
                ("value", models.IntegerField()),
                ("amber_seconds", models.PositiveIntegerField(blank=True, null=True)),
                ("ladder", models.JSONField()),
                ("created_at", models.DateTimeField()),
                ("retired_at", models.DateTimeField(blank=True, null=True)),
                (
                    "company",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.company",
                    ),
                ),
                (
                    "created_by",
                    residents.tenancy.CompanyForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.staff",
                    ),
                ),
                (
                    "project",
                    residents.tenancy.CompanyForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.project",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Ticket",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("number", models.CharField(max_length=24)),
                ("kind", models.CharField(max_length=16)),
                ("state", models.CharField(max_length=24)),
                ("title", models.CharField(max_length=80)),
                ("description", models.CharField(blank=True, max_length=5000)),
                ("category", models.CharField(blank=True, max_length=40)),
                ("is_public_area", models.BooleanField(default=False)),
                ("place", models.CharField(max_length=80)),
                ("contact_name", models.CharField(blank=True, max_length=40)),
                ("contact_phone", models.CharField(blank=True, max_length=20)),
                ("channel", models.CharField(default="phone", max_length=12)),
                (
                    "response",
                    models.CharField(
                        choices=[("now", "马上办"), ("later", "约定时间"), ("cannot", "不能办")],
                        default="now",
                        max_length=8,
                    ),
                ),
                ("explanation", models.CharField(blank=True, max_length=500)),
                ("is_important", models.BooleanField(default=False)),
                ("is_pooled", models.BooleanField(default=False)),
                ("reported_at", models.DateTimeField()),
                ("entered_at", models.DateTimeField()),
                ("last_step_at", models.DateTimeField()),
                ("handled_at", models.DateTimeField(blank=True, null=True)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                ("accepted_by_owner", models.BooleanField(default=False)),
                ("accepted_at", models.DateTimeField(blank=True, null=True)),
                ("called_back_at", models.DateTimeField(blank=True, null=True)),
                ("reviewed_at", models.DateTimeField(blank=True, null=True)),
                ("archived_at", models.DateTimeField(blank=True, null=True)),
                ("archive_number", models.CharField(blank=True, max_length=30)),
                ("rework_count", models.PositiveSmallIntegerField(default=0)),
                ("version", models.PositiveIntegerField(default=1)),
                ("form_key", models.UUIDField(blank=True, null=True)),
                ("search", residents.grams.GramsField("number", "title", "place", "contact_name", "description")),
                (
                    "accepted_by",
                    residents.tenancy.CompanyForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.staff",
                    ),
                ),
                (
                    "assignee",
                    residents.tenancy.CompanyForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="assigned_tickets",
                        to="residents.staff",
                    ),
                ),
                (
                    "company",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.company",
                    ),
                ),
                (
                    "merged_into",
                    residents.tenancy.CompanyForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="merged",
                        to="tickets.ticket",
                    ),
                ),
                (
                    "owner",
                    residents.tenancy.CompanyForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.staff",
                    ),
                ),
                (
                    "project",
                    residents.tenancy.CompanyForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tickets",
                        to="residents.project",
                    ),
                ),
                (
                    "reporter",
                    residents.tenancy.CompanyForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tickets",
                        to="residents.person",
                    ),
                ),
                (
                    "reviewed_by",
                    residents.tenancy.CompanyForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.staff",
                    ),
                ),
                (
                    "rework_of",
                    residents.tenancy.CompanyForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reworks",
                        to="tickets.ticket",
                    ),
                ),
                (
                    "unit",
                    residents.tenancy.CompanyForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tickets",
                        to="residents.unit",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SlaClock",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("rule_code", models.CharField(max_length=24)),
                ("scope", models.CharField(max_length=64)),
                ("cycle_no", models.PositiveSmallIntegerField(default=1)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("running", "计时中"),
                            ("paused", "暂停"),
                            ("breached_open", "超时未办"),
                            ("met", "按时"),
                            ("closed_breached", "超时完成"),
                            ("cancelled", "已取消"),
                            ("excluded", "不计"),
                        ],
                        default="running",
                        max_length=16,
                    ),
                ),
                ("lane", models.PositiveSmallIntegerField(default=0)),
                ("is_advisory", models.BooleanField(default=False)),
                ("basis", models.CharField(max_length=4)),
                ("value", models.IntegerField()),
                ("started_at", models.DateTimeField()),
                ("running_since", models.DateTimeField(blank=True, null=True)),
                ("consumed", models.BigIntegerField(default=0)),
                ("original_due_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("amber_at", models.DateTimeField()),
                ("stopped_at", models.DateTimeField(blank=True, null=True)),
                ("breached_at", models.DateTimeField(blank=True, null=True)),
                ("detected_by", models.CharField(blank=True, max_length=8)),
                ("detected_at", models.DateTimeField(blank=True, null=True)),
                ("corrected_at", models.DateTimeField(blank=True, null=True)),
                ("reason", models.CharField(blank=True, max_length=120)),
                ("calendar_revision", models.PositiveIntegerField(default=0)),
                ("is_provisional", models.BooleanField(default=False)),
                ("epoch", models.PositiveSmallIntegerField(default=1)),
                (
                    "step_at",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.DateTimeField(), default=list, size=None
                    ),
                ),
                ("next_step", models.PositiveSmallIntegerField(default=0)),
                ("next_fire_at", models.DateTimeField(blank=True, null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("version", models.PositiveIntegerField(default=1)),
                (
                    "company",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.company",
                    ),
                ),
                (
                    "project",
                    residents.tenancy.CompanyForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.project",
                    ),
                ),
                (
                    "rule",
                    residents.tenancy.CompanyForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tickets.slarule",
                    ),
                ),
                (
                    "ticket",
                    residents.tenancy.CompanyForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="clocks",
                        to="tickets.ticket",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Promise",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("subject", models.CharField(max_length=80)),
                ("promised_at", models.DateTimeField()),
                ("made_at", models.DateTimeField()),
                ("kept_at", models.DateTimeField(blank=True, null=True)),
                (
                    "company",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.company",
                    ),
                ),
                (
                    "made_by",
                    residents.tenancy.CompanyForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.staff",
                    ),
                ),
                (
                    "replaced_by",
                    residents.tenancy.CompanyForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="replaces",
                        to="tickets.promise",
                    ),
                ),
                (
                    "ticket",
                    residents.tenancy.CompanyForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="promises",
                        to="tickets.ticket",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("epoch", models.PositiveSmallIntegerField(default=0)),
                ("step_no", models.PositiveSmallIntegerField(default=0)),
                ("level", models.PositiveSmallIntegerField(default=0)),
                ("kind", models.CharField(max_length=16)),
                ("text", models.CharField(max_length=200)),
                ("dedup_key", models.CharField(max_length=120)),
                ("created_at", models.DateTimeField()),
                ("acknowledged_at", models.DateTimeField(blank=True, null=True)),
                (
                    "company",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.company",
                    ),
                ),
                (
                    "project",
                    residents.tenancy.CompanyForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.project",
                    ),
                ),
                (
                    "staff",
                    residents.tenancy.CompanyForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notices",
                        to="residents.staff",
                    ),
                ),
                (
                    "clock",
                    residents.tenancy.CompanyForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notices",
                        to="tickets.slaclock",
                    ),
                ),
                (
                    "ticket",
                    residents.tenancy.CompanyForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="notices",
                        to="tickets.ticket",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Callback",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("called_at", models.DateTimeField()),
                (
                    "method",
                    models.CharField(
                        choices=[("phone", "电话"), ("visit", "上门"), ("message", "书面消息")],
                        default="phone",
                        max_length=8,
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("reached", "已接通"),
                            ("no_answer", "未接通"),
                            ("later", "约时间再打"),
                            ("message_sent", "已留书面消息"),
                        ],
                        max_length=12,
                    ),
                ),
                ("is_second", models.BooleanField(default=False)),
                ("person_reached", models.CharField(blank=True, max_length=40)),
                ("is_solved", models.BooleanField(blank=True, null=True)),
                ("answers", models.JSONField(default=dict)),
                ("satisfaction", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("words", models.CharField(blank=True, max_length=1000)),
                ("demand", models.CharField(blank=True, max_length=500)),
                ("next_try_at", models.DateTimeField(blank=True, null=True)),
                (
                    "caller",
                    residents.tenancy.CompanyForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.staff",
                    ),
                ),
                (
                    "company",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.company",
                    ),
                ),
                (
                    "follow_up",
                    residents.tenancy.CompanyForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tickets.ticket",
                    ),
                ),
                (
                    "ticket",
                    residents.tenancy.CompanyForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="callbacks",
                        to="tickets.ticket",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Attachment",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "purpose",
                    models.CharField(
                        choices=[
                            ("before", "维修前照片"),
                            ("after", "维修后照片"),
                            ("signature", "业主签字"),
                            ("consent", "暂离同意书"),
                            ("slip", "交回的作业联"),
                            ("receipt", "收据"),
                            ("other", "其他"),
                        ],
                        default="other",
                        max_length=10,
                    ),
                ),
                ("file", models.FileField(max_length=120, upload_to="")),
                ("content_type", models.CharField(max_length=30)),
                ("name", models.CharField(max_length=120)),
                ("size", models.PositiveIntegerField()),
                ("width", models.PositiveIntegerField(default=0)),
                ("height", models.PositiveIntegerField(default=0)),
                ("uploaded_at", models.DateTimeField()),
                ("taken_at", models.DateTimeField(blank=True, null=True)),
                ("visit_no", models.PositiveSmallIntegerField(default=0)),
                (
                    "company",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.company",
                    ),
                ),
                (
                    "uploaded_by",
                    residents.tenancy.CompanyForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.staff",
                    ),
                ),
                (
                    "ticket",
                    residents.tenancy.CompanyForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="attachments",
                        to="tickets.ticket",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Approval",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("subject", models.CharField(max_length=20)),
                ("reason", models.CharField(max_length=500)),
                ("amount_fen", models.PositiveIntegerField(default=0)),
                ("asked_at", models.DateTimeField()),
                (
                    "decision",
                    models.CharField(
                        choices=[("waiting", "待批"), ("granted", "同意"), ("refused", "退回")],
                        default="waiting",
                        max_length=8,
                    ),
                ),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("note", models.CharField(blank=True, max_length=500)),
                (
                    "asked_by",
                    residents.tenancy.CompanyForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.staff",
                    ),
                ),
                (
                    "company",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.company",
                    ),
                ),
                (
                    "decided_by",
                    residents.tenancy.CompanyForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.staff",
                    ),
                ),
                (
                    "ticket",
                    residents.tenancy.CompanyForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="approvals",
                        to="tickets.ticket",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="TicketCounter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("prefix", models.CharField(max_length=4)),
                ("day", models.DateField()),
                ("last", models.PositiveIntegerField(default=0)),
                (
                    "company",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.company",
                    ),
                ),
                (
                    "project",
                    residents.tenancy.CompanyForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.project",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="TicketEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=32)),
                ("occurred_at", models.DateTimeField()),
                ("entered_at", models.DateTimeField()),
                ("recorded_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("actor_label", models.CharField(blank=True, max_length=20)),
                (
                    "audience",
                    models.CharField(
                        choices=[("internal", "内部"), ("owner", "业主可见")], default="internal", max_length=8
                    ),
                ),
                ("data", models.JSONField(default=dict)),
                (
                    "actor",
                    residents.tenancy.CompanyForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.staff",
                    ),
                ),
                (
                    "company",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.company",
                    ),
                ),
                (
                    "ticket",
                    residents.tenancy.CompanyForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="events",
                        to="tickets.ticket",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SlaClockInterval",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("is_running", models.BooleanField()),
                ("began_at", models.DateTimeField()),
                ("reason", models.CharField(blank=True, max_length=120)),
                (
                    "clock",
                    residents.tenancy.CompanyForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="intervals",
                        to="tickets.slaclock",
                    ),
                ),
                (
                    "company",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.company",
                    ),
                ),
                (
                    "event",
                    residents.tenancy.CompanyForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tickets.ticketevent",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="TicketReporter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=40)),
                ("phone", models.CharField(blank=True, max_length=20)),
                ("reported_at", models.DateTimeField()),
                ("replied_at", models.DateTimeField(blank=True, null=True)),
                (
                    "came_from",
                    residents.tenancy.CompanyForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tickets.ticket",
                    ),
                ),
                (
                    "company",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.company",
                    ),
                ),
                (
                    "person",
                    residents.tenancy.CompanyForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.person",
                    ),
                ),
                (
                    "ticket",
                    residents.tenancy.CompanyForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reporters",
                        to="tickets.ticket",
                    ),
                ),
                (
                    "unit",
                    residents.tenancy.CompanyForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.unit",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="WorkCalendar",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=40)),
                ("zone", models.CharField(default="Asia/Shanghai", max_length=40)),
                ("weekly_hours", models.JSONField(default=tickets.models.calendars.default_hours)),
                ("revision", models.PositiveIntegerField(default=0)),
                (
                    "company",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.company",
                    ),
                ),
                (
                    "project",
                    residents.tenancy.CompanyForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="calendars",
                        to="residents.project",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="slaclock",
            name="calendar",
            field=residents.tenancy.CompanyForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tickets.workcalendar",
            ),
        ),
        migrations.CreateModel(
            name="CalendarOverrideEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("id", models.BigIntegerField()),
                ("day", models.DateField()),
                ("working", models.BooleanField()),
                ("name", models.CharField(max_length=40)),
                (
                    "company",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="residents.company",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="tickets.calendaroverride",
                    ),
                ),
                (
                    "calendar",
                    residents.tenancy.CompanyForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="tickets.workcalendar",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.AddField(
            model_name="calendaroverride",
            name="calendar",
            field=residents.tenancy.CompanyForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="overrides",
                to="tickets.workcalendar",
            ),
        ),
        migrations.CreateModel(
            name="CalendarDay",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("revision", models.PositiveIntegerField()),
                ("day", models.DateField()),
                ("is_workday", models.BooleanField()),
                ("provisional", models.BooleanField(default=False)),
                ("source", models.CharField(blank=True, max_length=40)),
                (
                    "opens_at",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.DateTimeField(), default=list, size=None
                    ),
                ),
                (
                    "closes_at",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.DateTimeField(), default=list, size=None
                    ),
                ),
                ("seconds_before", models.BigIntegerField()),
                ("workdays_before", models.IntegerField()),
                (
                    "company",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.company",
                    ),
                ),
                (
                    "calendar",
                    residents.tenancy.CompanyForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="days",
                        to="tickets.workcalendar",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="WorkCalendarEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("id", models.BigIntegerField()),
                ("name", models.CharField(max_length=40)),
                ("zone", models.CharField(default="Asia/Shanghai", max_length=40)),
                ("weekly_hours", models.JSONField(default=tickets.models.calendars.default_hours)),
                ("revision", models.PositiveIntegerField(default=0)),
                (
                    "company",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="residents.company",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="tickets.workcalendar",
                    ),
                ),
                (
                    "project",
                    residents.tenancy.CompanyForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="residents.project",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Outbox",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("dedup_key", models.CharField(max_length=120)),
                ("topic", models.CharField(max_length=16)),
                ("payload", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField()),
                ("not_before", models.DateTimeField()),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                ("dead_at", models.DateTimeField(blank=True, null=True)),
                ("last_error", models.CharField(blank=True, max_length=300)),
                (
                    "company",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.company",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("dead_at", None), ("sent_at", None)),
                        fields=["not_before"],
                        name="tickets_outbox_waiting",
                    )
                ],
                "constraints": [models.UniqueConstraint(fields=("company", "dedup_key"), name="tickets_outbox_once")],
            },
        ),
        migrations.CreateModel(
            name="SlaFiring",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "clock_id", "epoch", "step_no", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("epoch", models.PositiveSmallIntegerField()),
                ("step_no", models.PositiveSmallIntegerField()),
                ("scheduled_for", models.DateTimeField()),
                ("fired_at", models.DateTimeField()),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("fired", "已通知"),
                            ("collapsed", "并入更高级别"),
                            ("superseded", "已被取代"),
                            ("failed", "失败"),
                        ],
                        max_length=10,
                    ),
                ),
                ("sweep_id", models.BigIntegerField(blank=True, null=True)),
                (
                    "clock",
                    residents.tenancy.CompanyForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="firings",
                        to="tickets.slaclock",
                    ),
                ),
                (
                    "company",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.company",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["company", "fired_at"], name="tickets_slafiring_log")],
            },
        ),
        migrations.AddConstraint(
            model_name="slarule",
            constraint=models.UniqueConstraint(fields=("company", "id"), name="tickets_slarule_company_id"),
        ),
        migrations.AddConstraint(
            model_name="slarule",
            constraint=models.UniqueConstraint(
                fields=("company", "project", "code", "version"), name="tickets_slarule_version", nulls_distinct=False
            ),
        ),
        migrations.AddConstraint(
            model_name="slarule",
            constraint=models.UniqueConstraint(
                condition=models.Q(("retired_at", None)),
                fields=("company", "project", "code"),
                name="tickets_slarule_current",
                nulls_distinct=False,
            ),
        ),
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(fields=["company", "project", "-id"], name="tickets_ticket_newest"),
        ),
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(fields=["company", "project", "state", "-id"], name="tickets_ticket_state"),
        ),
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(fields=["company", "unit", "-id"], name="tickets_ticket_unit"),
        ),
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(
                condition=models.Q(("closed_at", None)),
                fields=["company", "assignee", "-id"],
                name="tickets_ticket_assignee",
            ),
        ),
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(
                condition=models.Q(("closed_at", None)),
                fields=["company", "project", "category"],
                name="tickets_ticket_open_fault",
            ),
        ),
        migrations.AddIndex(
            model_name="ticket",
            index=django.contrib.postgres.indexes.GinIndex(fields=["search"], name="tickets_ticket_search"),
        ),
        migrations.AddConstraint(
            model_name="ticket",
            constraint=models.UniqueConstraint(fields=("company", "id"), name="tickets_ticket_company_id"),
        ),
        migrations.AddConstraint(
            model_name="ticket",
            constraint=models.UniqueConstraint(fields=("company", "project", "number"), name="tickets_ticket_number"),
        ),
        migrations.AddConstraint(
            model_name="ticket",
            constraint=models.UniqueConstraint(fields=("company", "form_key"), name="tickets_ticket_form_key"),
        ),
        migrations.AddConstraint(
            model_name="ticket",
            constraint=models.CheckConstraint(
                condition=models.Q(("reported_at__lte", models.F("entered_at"))),
                name="tickets_ticket_not_from_the_future",
            ),
        ),
        migrations.AddConstraint(
            model_name="ticket",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("reviewed_by", None),
                    ("accepted_by", None),
                    models.Q(("reviewed_by", models.F("accepted_by")), _negated=True),
                    _connector="OR",
                ),
                name="tickets_ticket_reviewer_is_not_acceptor",
            ),
        ),
        migrations.AddConstraint(
            model_name="ticket",
            constraint=models.CheckConstraint(
                condition=models.Q(("reviewed_at", None), ("accepted_at__isnull", False), _connector="OR"),
                name="tickets_ticket_accept_then_review",
            ),
        ),
        migrations.AddConstraint(
            model_name="ticket",
            constraint=models.CheckConstraint(
                condition=models.Q(("archived_at", None), ("reviewed_at__isnull", False), _connector="OR"),
                name="tickets_ticket_review_then_archive",
            ),
        ),
        migrations.AddConstraint(
            model_name="ticket",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("response", "cannot"), _negated=True),
                    models.Q(("explanation", ""), _negated=True),
                    _connector="OR",
                ),
                name="tickets_ticket_cannot_is_explained",
            ),
        ),
        migrations.AddIndex(
            model_name="promise",
            index=models.Index(fields=["company", "ticket"], name="tickets_promise_ticket"),
        ),
        migrations.AddConstraint(
            model_name="promise",
            constraint=models.UniqueConstraint(fields=("company", "id"), name="tickets_promise_company_id"),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(fields=["company", "staff", "-id"], name="tickets_notice_inbox"),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(fields=["company", "clock"], name="tickets_notice_clock"),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.UniqueConstraint(fields=("company", "staff", "dedup_key"), name="tickets_notice_once"),
        ),
        migrations.AddIndex(
            model_name="callback",
            index=models.Index(fields=["company", "ticket", "called_at"], name="tickets_callback_ticket"),
        ),
        migrations.AddConstraint(
            model_name="callback",
            constraint=models.CheckConstraint(
                condition=models.Q(("satisfaction", None), ("satisfaction__range", (1, 5)), _connector="OR"),
                name="tickets_callback_scale",
            ),
        ),
        migrations.AddConstraint(
            model_name="callback",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("outcome", "reached"), _negated=True),
                    models.Q(("is_solved__isnull", False), models.Q(("person_reached", ""), _negated=True)),
                    _connector="OR",
                ),
                name="tickets_callback_reached_says_what",
            ),
        ),
        migrations.AddIndex(
            model_name="attachment",
            index=models.Index(fields=["company", "ticket", "id"], name="tickets_attachment_ticket"),
        ),
        migrations.AddConstraint(
            model_name="attachment",
            constraint=models.UniqueConstraint(fields=("company", "id"), name="tickets_attachment_company_id"),
        ),
        migrations.AddIndex(
            model_name="approval",
            index=models.Index(fields=["company", "ticket"], name="tickets_approval_ticket"),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("decided_by", None), models.Q(("decided_by", models.F("asked_by")), _negated=True), _connector="OR"
                ),
                name="tickets_approval_not_by_the_asker",
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("decided_at", None), ("decision", "waiting")),
                    models.Q(models.Q(("decision", "waiting"), _negated=True), ("decided_at__isnull", False)),
                    _connector="OR",
                ),
                name="tickets_approval_decided",
            ),
        ),
        migrations.AddConstraint(
            model_name="ticketcounter",
            constraint=models.UniqueConstraint(
                fields=("company", "project", "prefix", "day"), name="tickets_counter_once"
            ),
        ),
        migrations.AddIndex(
            model_name="ticketevent",
            index=models.Index(fields=["company", "ticket", "id"], name="tickets_event_ticket"),
        ),
        migrations.AddConstraint(
            model_name="ticketevent",
            constraint=models.UniqueConstraint(fields=("company", "id"), name="tickets_event_company_id"),
        ),
        migrations.AddConstraint(
            model_name="ticketevent",
            constraint=models.CheckConstraint(
                condition=models.Q(("occurred_at__lte", models.F("entered_at"))),
                name="tickets_event_not_from_the_future",
            ),
        ),
        migrations.AddConstraint(
            model_name="slaclockinterval",
            constraint=models.UniqueConstraint(
                fields=("company", "clock", "began_at"), name="tickets_interval_no_overlap"
            ),
        ),
        migrations.AddIndex(
            model_name="ticketreporter",
            index=models.Index(fields=["company", "ticket"], name="tickets_reporter_ticket"),
        ),
        migrations.AddConstraint(
            model_name="ticketreporter",
            constraint=models.UniqueConstraint(fields=("company", "id"), name="tickets_reporter_company_id"),
        ),
        migrations.AddConstraint(
            model_name="workcalendar",
            constraint=models.UniqueConstraint(fields=("company", "id"), name="tickets_workcalendar_company_id"),
        ),
        migrations.AddConstraint(
            model_name="workcalendar",
            constraint=models.UniqueConstraint(
                fields=("company", "project"), name="tickets_workcalendar_project", nulls_distinct=False
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="workcalendar",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "tickets_workcalendarevent" ("company_id", "id", "name", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "project_id", "revision", "weekly_hours", "zone") VALUES (NEW."company_id", NEW."id", NEW."name", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'insert\', NEW."id", NEW."project_id", NEW."revision", NEW."weekly_hours", NEW."zone"); RETURN NULL;',
                    hash="0f2a6adafe3a5db265d2f6128eb28678aa7209f2",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_cae79",
                    table="tickets_workcalendar",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="workcalendar",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "tickets_workcalendarevent" ("company_id", "id", "name", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "project_id", "revision", "weekly_hours", "zone") VALUES (NEW."company_id", NEW."id", NEW."name", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'update\', NEW."id", NEW."project_id", NEW."revision", NEW."weekly_hours", NEW."zone"); RETURN NULL;',
                    hash="d35b41d240aec77157782498ca5c13d6a8e70255",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_77846",
                    table="tickets_workcalendar",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="workcalendar",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "tickets_workcalendarevent" ("company_id", "id", "name", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "project_id", "revision", "weekly_hours", "zone") VALUES (OLD."company_id", OLD."id", OLD."name", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'delete\', OLD."id", OLD."project_id", OLD."revision", OLD."weekly_hours", OLD."zone"); RETURN NULL;',
                    hash="35f7409a1f61b51d11b173cb3b41538cdc8c7806",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_a8436",
                    table="tickets_workcalendar",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddIndex(
            model_name="slaclock",
            index=models.Index(
                condition=models.Q(("next_fire_at__isnull", False)),
                fields=["lane", "next_fire_at"],
                name="tickets_slaclock_due",
            ),
        ),
        migrations.AddIndex(
            model_name="slaclock",
            index=models.Index(fields=["company", "ticket"], name="tickets_slaclock_ticket"),
        ),
        migrations.AddIndex(
            model_name="slaclock",
            index=models.Index(
                condition=models.Q(("state__in", ("running", "paused", "breached_open"))),
                fields=["company", "project", "due_at"],
                name="tickets_slaclock_queue",
            ),
        ),
        migrations.AddIndex(
            model_name="slaclock",
            index=models.Index(
                condition=models.Q(("state__in", ("running", "paused", "breached_open")), ("calendar__isnull", False)),
                fields=["calendar", "due_at"],
                name="tickets_slaclock_rearm",
            ),
        ),
        migrations.AddIndex(
            model_name="slaclock",
            index=models.Index(fields=["company", "rule_code", "due_at"], name="tickets_slaclock_attain"),
        ),
        migrations.AddConstraint(
            model_name="slaclock",
            constraint=models.UniqueConstraint(fields=("company", "id"), name="tickets_slaclock_company_id"),
        ),
        migrations.AddConstraint(
            model_name="slaclock",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ("running", "paused", "breached_open"))),
                fields=("company", "rule_code", "scope"),
                name="tickets_slaclock_one_live",
            ),
        ),
        migrations.AddConstraint(
            model_name="slaclock",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("next_fire_at", None), ("state__in", ("running", "breached_open")), _connector="OR"
                ),
                name="tickets_slaclock_armed_is_running",
            ),
        ),
        migrations.AddConstraint(
            model_name="slaclock",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "paused"), _negated=True), ("running_since", None), _connector="OR"
                ),
                name="tickets_slaclock_paused_is_still",
            ),
        ),
        migrations.AddConstraint(
            model_name="slaclock",
            constraint=models.CheckConstraint(
                condition=models.Q(("stopped_at", None), ("next_fire_at", None), _connector="OR"),
                name="tickets_slaclock_stopped_is_silent",
            ),
        ),
        migrations.AddConstraint(
            model_name="slaclock",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("breached_at", None),
                    ("state__in", ("breached_open", "closed_breached", "paused")),
                    _connector="OR",
                ),
                name="tickets_slaclock_breach_stays",
            ),
        ),
        migrations.AddConstraint(
            model_name="calendaroverride",
            constraint=models.UniqueConstraint(fields=("company", "calendar", "day"), name="tickets_override_once"),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="calendaroverride",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "tickets_calendaroverrideevent" ("calendar_id", "company_id", "day", "id", "name", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "working") VALUES (NEW."calendar_id", NEW."company_id", NEW."day", NEW."id", NEW."name", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'insert\', NEW."id", NEW."working"); RETURN NULL;',
                    hash="55f7ca4205114ca4d46dd04b9ea8db7ce4db61b1",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_64c94",
                    table="tickets_calendaroverride",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="calendaroverride",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "tickets_calendaroverrideevent" ("calendar_id", "company_id", "day", "id", "name", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "working") VALUES (NEW."calendar_id", NEW."company_id", NEW."day", NEW."id", NEW."name", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'update\', NEW."id", NEW."working"); RETURN NULL;',
                    hash="6b3dfc061bddd768130e8f40f43af125e21d77b1",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_b6465",
                    table="tickets_calendaroverride",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="calendaroverride",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "tickets_calendaroverrideevent" ("calendar_id", "company_id", "day", "id", "name", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "working") VALUES (OLD."calendar_id", OLD."company_id", OLD."day", OLD."id", OLD."name", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'delete\', OLD."id", OLD."working"); RETURN NULL;',
                    hash="c5df90cf9fe162d84fe1af21848a462daaf0111d",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_cf77c",
                    table="tickets_calendaroverride",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="calendarday",
            constraint=models.UniqueConstraint(
                fields=("company", "calendar", "revision", "day"), name="tickets_calendarday_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="sweeprun",
            constraint=models.UniqueConstraint(
                condition=models.Q(("mode", "gap")), fields=("started_at",), name="tickets_sweeprun_one_gap"
            ),
        ),
        migrations.AddIndex(
            model_name="slaclock",
            index=models.Index(
                condition=models.Q(("next_fire_at", None), ("state__in", ("running", "breached_open"))),
                fields=["project"],
                name="tickets_slaclock_silent",
            ),
        ),
        migrations.AddIndex(
            model_name="slaclock",
            index=models.Index(
                condition=models.Q(("attempts__gt", 0)), fields=["attempts"], name="tickets_slaclock_failing"
            ),
        ),
        migrations.AddIndex(
            model_name="outbox",
            index=models.Index(
                condition=models.Q(("dead_at__isnull", False)), fields=["dead_at"], name="tickets_outbox_dead"
            ),
        ),
        CompanyWall("WorkCalendar"),
        CompanyWall("WorkCalendarEvent", references=False),
        CompanyWall("CalendarOverride"),
        CompanyWall("CalendarOverrideEvent", references=False),
        CompanyWall("CalendarDay"),
        CompanyWall("SlaRule", sweeper=True),
        CompanyWall("SlaClock", sweeper=True),
        CompanyWall("SlaClockInterval"),
        CompanyWall("SlaFiring", sweeper=True),
        CompanyWall("Outbox", sweeper=True),
        CompanyWall("Notice"),
        CompanyWall("TicketReporter"),
        CompanyWall("Promise"),
        CompanyWall("Callback"),
        CompanyWall("Attachment"),
        CompanyWall("Approval"),
        CompanyWall("Ticket", sweeper=True),
        CompanyWall("TicketCounter"),
        CompanyWall("TicketEvent", sweeper=True),
        AppendOnly("WorkCalendarEvent"),
        AppendOnly("CalendarOverrideEvent"),
        AppendOnly("CalendarDay"),
        AppendOnly("SlaClockInterval"),
        AppendOnly("SlaFiring"),
        AppendOnly("Callback"),
        AppendOnly("TicketEvent"),
        migrations.RunSQL(
            # Rows of the hot table change a few times and are then left alone: keep dead versions close and short-lived.
            "ALTER TABLE tickets_slaclock SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02)",
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(
            # An unknown moment would leave a clock that nothing ever fires.
            "ALTER TABLE tickets_slaclock ADD CONSTRAINT tickets_slaclock_rungs_known "
            "CHECK (array_position(step_at, NULL) IS NULL)",
            "ALTER TABLE tickets_slaclock DROP CONSTRAINT tickets_slaclock_rungs_known",
        ),
        migrations.RunSQL(
            # A breach is never erased (rule GEN-02): no clock is deleted, no breach moved or taken back.
            "CREATE TRIGGER breach_stays BEFORE UPDATE OF breached_at ON tickets_slaclock FOR EACH ROW "
            "WHEN (OLD.breached_at IS NOT NULL AND NEW.breached_at IS DISTINCT FROM OLD.breached_at) "
            "EXECUTE FUNCTION refuse_change(); "
            "CREATE TRIGGER clock_stays BEFORE DELETE ON tickets_slaclock FOR EACH ROW "
            "EXECUTE FUNCTION refuse_change()",
            "DROP TRIGGER clock_stays ON tickets_slaclock; DROP TRIGGER breach_stays ON tickets_slaclock",
        ),
        migrations.RunSQL(
            # A version of a rule is never edited, only retired, and once (rule GEN-08: each clock keeps the value it used).
            "CREATE TRIGGER version_stays BEFORE UPDATE ON tickets_slarule FOR EACH ROW "
            "WHEN (OLD.retired_at IS NOT NULL OR to_jsonb(NEW) - 'retired_at' <> to_jsonb(OLD) - 'retired_at') "
            "EXECUTE FUNCTION refuse_change(); "
            "CREATE TRIGGER version_kept BEFORE DELETE ON tickets_slarule FOR EACH ROW "
            "EXECUTE FUNCTION refuse_change()",
            "DROP TRIGGER version_kept ON tickets_slarule; DROP TRIGGER version_stays ON tickets_slarule",
        ),
    ]
