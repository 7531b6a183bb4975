import uuid

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.deletion
import pghistory.utils
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models

import residents.grams
import residents.tenancy
from residents.grams import CREATE_FUNCTION, DROP_FUNCTION
from residents.tenancy import CREATE_REFUSAL, DROP_REFUSAL, AppendOnly, CompanyWall


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.RunSQL(CREATE_FUNCTION, DROP_FUNCTION),
        migrations.RunSQL(CREATE_REFUSAL, DROP_REFUSAL),
        migrations.CreateModel(
            name="Account",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                ("login", models.CharField(max_length=80, unique=True)),
                ("is_active", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("language", models.CharField(default="zh-hans", max_length=10)),
                (
                    "theme",
                    models.CharField(
                        blank=True,
                        choices=[("", "system"), ("light", "light"), ("dark", "dark")],
                        default="",
                        max_length=8,
                    ),
                ),
                ("shortcuts", models.BooleanField(default=True)),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Company",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("code", models.SlugField(max_length=30, unique=True)),
                ("name", models.CharField(max_length=80)),
                ("is_active", models.BooleanField(default=True)),
                ("is_demo", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="Building",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("cluster", models.CharField(default="1", max_length=1)),
                ("code", models.CharField(max_length=2)),
                ("name", models.CharField(max_length=30)),
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
            name="Person",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("name", models.CharField(max_length=40)),
                ("pinyin", models.CharField(blank=True, max_length=80)),
                ("initials", models.CharField(blank=True, max_length=20)),
                ("title", models.CharField(blank=True, max_length=6)),
                ("phone", models.CharField(blank=True, max_length=20)),
                ("phone_tail", models.CharField(blank=True, max_length=4)),
                ("is_key_customer", models.BooleanField(default=False)),
                ("care_note", models.CharField(blank=True, max_length=200)),
                ("preferred_times", models.CharField(blank=True, max_length=40)),
                (
                    "tags",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=20), blank=True, default=list, size=None
                    ),
                ),
                ("search", residents.grams.GramsField("name", "initials", "pinyin")),
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
            name="Occupancy",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "role",
                    models.CharField(
                        choices=[("owner", "业主"), ("family", "家人"), ("tenant", "租户"), ("agent", "代办人")],
                        default="owner",
                        max_length=8,
                    ),
                ),
                ("from_on", models.DateField()),
                ("until_on", models.DateField(blank=True, null=True)),
                ("is_contact", models.BooleanField(default=False)),
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
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="occupancies",
                        to="residents.person",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PersonEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("id", models.BigIntegerField()),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False)),
                ("name", models.CharField(max_length=40)),
                ("pinyin", models.CharField(blank=True, max_length=80)),
                ("initials", models.CharField(blank=True, max_length=20)),
                ("title", models.CharField(blank=True, max_length=6)),
                ("phone", models.CharField(blank=True, max_length=20)),
                ("phone_tail", models.CharField(blank=True, max_length=4)),
                ("is_key_customer", models.BooleanField(default=False)),
                ("care_note", models.CharField(blank=True, max_length=200)),
                ("preferred_times", models.CharField(blank=True, max_length=40)),
                (
                    "tags",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=20), blank=True, default=list, size=None
                    ),
                ),
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
                        to="residents.person",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Project",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                (
                    "code",
                    models.CharField(
                        max_length=3,
                        validators=[django.core.validators.RegexValidator("^\\d{3}$", "项目编码为三位数字。")],
                    ),
                ),
                ("office_code", models.CharField(blank=True, max_length=8)),
                ("name", models.CharField(max_length=60)),
                ("hotline", models.CharField(blank=True, max_length=20)),
                ("zone", models.CharField(default="Asia/Shanghai", max_length=40)),
                ("is_active", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
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
            name="Membership",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("front_desk", "前台"),
                            ("specialist", "客服专员"),
                            ("keeper", "楼管员"),
                            ("supervisor", "客服主管"),
                            ("centre_head", "客服中心负责人"),
                            ("estate_manager", "项目经理"),
                            ("quality", "品质主管"),
                            ("trade_supervisor", "工程主管"),
                            ("engineering_duty", "工程值班经理"),
                            ("security_duty", "秩序值班经理"),
                            ("technician", "技工"),
                            ("night_duty", "夜间值班"),
                            ("guard", "门岗"),
                            ("finance", "财务"),
                            ("administration", "行政"),
                            ("company", "公司"),
                            ("admin", "系统管理员"),
                        ],
                        max_length=20,
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
                    "project",
                    residents.tenancy.CompanyForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="memberships",
                        to="residents.project",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="BuildingEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("id", models.BigIntegerField()),
                ("cluster", models.CharField(default="1", max_length=1)),
                ("code", models.CharField(max_length=2)),
                ("name", models.CharField(max_length=30)),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="residents.building",
                    ),
                ),
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
                    "project",
                    residents.tenancy.CompanyForeignKey(
                        db_constraint=False,
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
        migrations.AddField(
            model_name="building",
            name="project",
            field=residents.tenancy.CompanyForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="buildings",
                to="residents.project",
            ),
        ),
        migrations.CreateModel(
            name="ProjectEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("id", models.BigIntegerField()),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False)),
                (
                    "code",
                    models.CharField(
                        max_length=3,
                        validators=[django.core.validators.RegexValidator("^\\d{3}$", "项目编码为三位数字。")],
                    ),
                ),
                ("office_code", models.CharField(blank=True, max_length=8)),
                ("name", models.CharField(max_length=60)),
                ("hotline", models.CharField(blank=True, max_length=20)),
                ("zone", models.CharField(default="Asia/Shanghai", max_length=40)),
                ("is_active", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
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
                        to="residents.project",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Staff",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("number", models.CharField(max_length=12)),
                ("name", models.CharField(max_length=40)),
                ("pinyin", models.CharField(blank=True, max_length=80)),
                ("phone", models.CharField(blank=True, max_length=20)),
                (
                    "trades",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("plumbing", "水电"),
                                ("carpentry", "木瓦"),
                                ("hvac", "空调"),
                                ("lift", "电梯"),
                                ("low_voltage", "弱电"),
                                ("general", "综合"),
                            ],
                            max_length=16,
                        ),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                ("is_active", models.BooleanField(default=True)),
                (
                    "account",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT, related_name="staff", to=settings.AUTH_USER_MODEL
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
                    "deputy",
                    residents.tenancy.CompanyForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.staff",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="MembershipEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("id", models.BigIntegerField()),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("front_desk", "前台"),
                            ("specialist", "客服专员"),
                            ("keeper", "楼管员"),
                            ("supervisor", "客服主管"),
                            ("centre_head", "客服中心负责人"),
                            ("estate_manager", "项目经理"),
                            ("quality", "品质主管"),
                            ("trade_supervisor", "工程主管"),
                            ("engineering_duty", "工程值班经理"),
                            ("security_duty", "秩序值班经理"),
                            ("technician", "技工"),
                            ("night_duty", "夜间值班"),
                            ("guard", "门岗"),
                            ("finance", "财务"),
                            ("administration", "行政"),
                            ("company", "公司"),
                            ("admin", "系统管理员"),
                        ],
                        max_length=20,
                    ),
                ),
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
                        to="residents.membership",
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
                (
                    "staff",
                    residents.tenancy.CompanyForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="residents.staff",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.AddField(
            model_name="membership",
            name="staff",
            field=residents.tenancy.CompanyForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="memberships",
                to="residents.staff",
            ),
        ),
        migrations.CreateModel(
            name="IdempotencyKey",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=80)),
                ("fingerprint", models.CharField(max_length=64)),
                ("status", models.PositiveSmallIntegerField(default=0)),
                ("answer", models.JSONField(null=True)),
                ("created_at", models.DateTimeField()),
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
                    "staff",
                    residents.tenancy.CompanyForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="residents.staff",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="DutyShift",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("front_desk", "前台"),
                            ("specialist", "客服专员"),
                            ("keeper", "楼管员"),
                            ("supervisor", "客服主管"),
                            ("centre_head", "客服中心负责人"),
                            ("estate_manager", "项目经理"),
                            ("quality", "品质主管"),
                            ("trade_supervisor", "工程主管"),
                            ("engineering_duty", "工程值班经理"),
                            ("security_duty", "秩序值班经理"),
                            ("technician", "技工"),
                            ("night_duty", "夜间值班"),
                            ("guard", "门岗"),
                            ("finance", "财务"),
                            ("administration", "行政"),
                            ("company", "公司"),
                            ("admin", "系统管理员"),
                        ],
                        max_length=20,
                    ),
                ),
                ("name", models.CharField(blank=True, max_length=10)),
                ("started_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("is_away", models.BooleanField(default=False)),
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
                        related_name="shifts",
                        to="residents.project",
                    ),
                ),
                (
                    "staff",
                    residents.tenancy.CompanyForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="shifts",
                        to="residents.staff",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="StaffEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("id", models.BigIntegerField()),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False)),
                ("number", models.CharField(max_length=12)),
                ("name", models.CharField(max_length=40)),
                ("pinyin", models.CharField(blank=True, max_length=80)),
                ("phone", models.CharField(blank=True, max_length=20)),
                (
                    "trades",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("plumbing", "水电"),
                                ("carpentry", "木瓦"),
                                ("hvac", "空调"),
                                ("lift", "电梯"),
                                ("low_voltage", "弱电"),
                                ("general", "综合"),
                            ],
                            max_length=16,
                        ),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                ("is_active", models.BooleanField(default=True)),
                (
                    "account",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
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
                    "deputy",
                    residents.tenancy.CompanyForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="residents.staff",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="residents.staff",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Unit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("code", models.CharField(max_length=10)),
                ("entrance", models.CharField(blank=True, max_length=4)),
                ("room", models.CharField(max_length=8)),
                ("label", models.CharField(max_length=40)),
                ("short", models.CharField(max_length=20)),
                ("area", models.DecimalField(blank=True, decimal_places=2, max_digits=8, null=True)),
                ("layout", models.CharField(blank=True, max_length=20)),
                ("hand_over_on", models.DateField(blank=True, null=True)),
                ("search", residents.grams.GramsField("label", "short", "code")),
                (
                    "building",
                    residents.tenancy.CompanyForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="units",
                        to="residents.building",
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
                    "keeper",
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
                        related_name="units",
                        to="residents.project",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="OccupancyEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("id", models.BigIntegerField()),
                (
                    "role",
                    models.CharField(
                        choices=[("owner", "业主"), ("family", "家人"), ("tenant", "租户"), ("agent", "代办人")],
                        default="owner",
                        max_length=8,
                    ),
                ),
                ("from_on", models.DateField()),
                ("until_on", models.DateField(blank=True, null=True)),
                ("is_contact", models.BooleanField(default=False)),
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
                        to="residents.occupancy",
                    ),
                ),
                (
                    "person",
                    residents.tenancy.CompanyForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="residents.person",
                    ),
                ),
                (
                    "unit",
                    residents.tenancy.CompanyForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="residents.unit",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.AddField(
            model_name="occupancy",
            name="unit",
            field=residents.tenancy.CompanyForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="occupancies",
                to="residents.unit",
            ),
        ),
        migrations.CreateModel(
            name="UnitEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("id", models.BigIntegerField()),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False)),
                ("code", models.CharField(max_length=10)),
                ("entrance", models.CharField(blank=True, max_length=4)),
                ("room", models.CharField(max_length=8)),
                ("label", models.CharField(max_length=40)),
                ("short", models.CharField(max_length=20)),
                ("area", models.DecimalField(blank=True, decimal_places=2, max_digits=8, null=True)),
                ("layout", models.CharField(blank=True, max_length=20)),
                ("hand_over_on", models.DateField(blank=True, null=True)),
                (
                    "building",
                    residents.tenancy.CompanyForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="residents.building",
                    ),
                ),
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
                    "keeper",
                    residents.tenancy.CompanyForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="residents.staff",
                    ),
                ),
                (
                    "pgh_obj",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="residents.unit",
                    ),
                ),
                (
                    "project",
                    residents.tenancy.CompanyForeignKey(
                        db_constraint=False,
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
        migrations.AddIndex(
            model_name="person",
            index=models.Index(fields=["company", "phone"], name="residents_person_phone"),
        ),
        migrations.AddIndex(
            model_name="person",
            index=models.Index(fields=["company", "phone_tail"], name="residents_person_tail"),
        ),
        migrations.AddIndex(
            model_name="person",
            index=models.Index(fields=["company", "pinyin"], name="residents_person_pinyin"),
        ),
        migrations.AddIndex(
            model_name="person",
            index=django.contrib.postgres.indexes.GinIndex(fields=["search"], name="residents_person_search"),
        ),
        migrations.AddConstraint(
            model_name="person",
            constraint=models.UniqueConstraint(fields=("company", "id"), name="residents_person_company_id"),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="person",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "residents_personevent" ("care_note", "company_id", "id", "initials", "is_key_customer", "name", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "phone_tail", "pinyin", "preferred_times", "public_id", "tags", "title") VALUES (NEW."care_note", NEW."company_id", NEW."id", NEW."initials", NEW."is_key_customer", NEW."name", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'insert\', NEW."id", NEW."phone", NEW."phone_tail", NEW."pinyin", NEW."preferred_times", NEW."public_id", NEW."tags", NEW."title"); RETURN NULL;',
                    hash="991871e0b3c23580d73c9d3d113c7a99c3f2edc5",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_e6acb",
                    table="residents_person",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="person",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."care_note" IS DISTINCT FROM (NEW."care_note") OR OLD."company_id" IS DISTINCT FROM (NEW."company_id") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."initials" IS DISTINCT FROM (NEW."initials") OR OLD."is_key_customer" IS DISTINCT FROM (NEW."is_key_customer") OR OLD."name" IS DISTINCT FROM (NEW."name") OR OLD."phone" IS DISTINCT FROM (NEW."phone") OR OLD."phone_tail" IS DISTINCT FROM (NEW."phone_tail") OR OLD."pinyin" IS DISTINCT FROM (NEW."pinyin") OR OLD."preferred_times" IS DISTINCT FROM (NEW."preferred_times") OR OLD."public_id" IS DISTINCT FROM (NEW."public_id") OR OLD."tags" IS DISTINCT FROM (NEW."tags") OR OLD."title" IS DISTINCT FROM (NEW."title"))',
                    func='INSERT INTO "residents_personevent" ("care_note", "company_id", "id", "initials", "is_key_customer", "name", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "phone_tail", "pinyin", "preferred_times", "public_id", "tags", "title") VALUES (NEW."care_note", NEW."company_id", NEW."id", NEW."initials", NEW."is_key_customer", NEW."name", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'update\', NEW."id", NEW."phone", NEW."phone_tail", NEW."pinyin", NEW."preferred_times", NEW."public_id", NEW."tags", NEW."title"); RETURN NULL;',
                    hash="fe3fac80ee7ecbdfb344a8e604da29e4f37d9d5b",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_39e95",
                    table="residents_person",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="person",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "residents_personevent" ("care_note", "company_id", "id", "initials", "is_key_customer", "name", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "phone_tail", "pinyin", "preferred_times", "public_id", "tags", "title") VALUES (OLD."care_note", OLD."company_id", OLD."id", OLD."initials", OLD."is_key_customer", OLD."name", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'delete\', OLD."id", OLD."phone", OLD."phone_tail", OLD."pinyin", OLD."preferred_times", OLD."public_id", OLD."tags", OLD."title"); RETURN NULL;',
                    hash="5a2119ea3e35d1d9e58b7bba5bedade2b4637554",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_27330",
                    table="residents_person",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="project",
            constraint=models.UniqueConstraint(fields=("company", "id"), name="residents_project_company_id"),
        ),
        migrations.AddConstraint(
            model_name="project",
            constraint=models.UniqueConstraint(fields=("company", "code"), name="residents_project_code"),
        ),
        migrations.AddConstraint(
            model_name="project",
            constraint=models.CheckConstraint(
                condition=models.Q(("code__regex", "^\\d{3}$")), name="residents_project_code_digits"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="project",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "residents_projectevent" ("code", "company_id", "created_at", "hotline", "id", "is_active", "name", "office_code", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "public_id", "zone") VALUES (NEW."code", NEW."company_id", NEW."created_at", NEW."hotline", NEW."id", NEW."is_active", NEW."name", NEW."office_code", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'insert\', NEW."id", NEW."public_id", NEW."zone"); RETURN NULL;',
                    hash="85124e4e384d200fbda4a0bad4a4c0a7cd3c537f",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_fa17e",
                    table="residents_project",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="project",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "residents_projectevent" ("code", "company_id", "created_at", "hotline", "id", "is_active", "name", "office_code", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "public_id", "zone") VALUES (NEW."code", NEW."company_id", NEW."created_at", NEW."hotline", NEW."id", NEW."is_active", NEW."name", NEW."office_code", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'update\', NEW."id", NEW."public_id", NEW."zone"); RETURN NULL;',
                    hash="463ab2023c009c648811fb42e078c8702f5697a7",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_9d389",
                    table="residents_project",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="project",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "residents_projectevent" ("code", "company_id", "created_at", "hotline", "id", "is_active", "name", "office_code", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "public_id", "zone") VALUES (OLD."code", OLD."company_id", OLD."created_at", OLD."hotline", OLD."id", OLD."is_active", OLD."name", OLD."office_code", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'delete\', OLD."id", OLD."public_id", OLD."zone"); RETURN NULL;',
                    hash="49daa9634dd7b3ce8f9b9c052f4667481bb52a38",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_46852",
                    table="residents_project",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="building",
            constraint=models.UniqueConstraint(fields=("company", "id"), name="residents_building_company_id"),
        ),
        migrations.AddConstraint(
            model_name="building",
            constraint=models.UniqueConstraint(
                fields=("company", "project", "cluster", "code"), name="residents_building_code"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="building",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "residents_buildingevent" ("cluster", "code", "company_id", "id", "name", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "project_id") VALUES (NEW."cluster", NEW."code", NEW."company_id", NEW."id", NEW."name", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'insert\', NEW."id", NEW."project_id"); RETURN NULL;',
                    hash="d8fc0b90091c09de2ff922a25c92d9b0209e1a4d",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_d0cc9",
                    table="residents_building",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="building",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "residents_buildingevent" ("cluster", "code", "company_id", "id", "name", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "project_id") VALUES (NEW."cluster", NEW."code", NEW."company_id", NEW."id", NEW."name", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'update\', NEW."id", NEW."project_id"); RETURN NULL;',
                    hash="c9adc3f21551a2d78f190a3e49d284be7a9a083a",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_ee902",
                    table="residents_building",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="building",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "residents_buildingevent" ("cluster", "code", "company_id", "id", "name", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "project_id") VALUES (OLD."cluster", OLD."code", OLD."company_id", OLD."id", OLD."name", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'delete\', OLD."id", OLD."project_id"); RETURN NULL;',
                    hash="afc14ebf5d7db8d693ca85d7443fb6733194ef1a",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_23b73",
                    table="residents_building",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="staff",
            constraint=models.UniqueConstraint(fields=("company", "id"), name="residents_staff_company_id"),
        ),
        migrations.AddConstraint(
            model_name="staff",
            constraint=models.UniqueConstraint(fields=("company", "number"), name="residents_staff_number"),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="staff",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "residents_staffevent" ("account_id", "company_id", "deputy_id", "id", "is_active", "name", "number", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "pinyin", "public_id", "trades") VALUES (NEW."account_id", NEW."company_id", NEW."deputy_id", NEW."id", NEW."is_active", NEW."name", NEW."number", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'insert\', NEW."id", NEW."phone", NEW."pinyin", NEW."public_id", NEW."trades"); RETURN NULL;',
                    hash="7cb5a15de462759850dbc39954576ae37ab92b45",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_a4d28",
                    table="residents_staff",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="staff",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "residents_staffevent" ("account_id", "company_id", "deputy_id", "id", "is_active", "name", "number", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "pinyin", "public_id", "trades") VALUES (NEW."account_id", NEW."company_id", NEW."deputy_id", NEW."id", NEW."is_active", NEW."name", NEW."number", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'update\', NEW."id", NEW."phone", NEW."pinyin", NEW."public_id", NEW."trades"); RETURN NULL;',
                    hash="61ca4d06b9c1aa16a722a8ca0f63b8517a77216c",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_416c8",
                    table="residents_staff",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="staff",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "residents_staffevent" ("account_id", "company_id", "deputy_id", "id", "is_active", "name", "number", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "pinyin", "public_id", "trades") VALUES (OLD."account_id", OLD."company_id", OLD."deputy_id", OLD."id", OLD."is_active", OLD."name", OLD."number", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'delete\', OLD."id", OLD."phone", OLD."pinyin", OLD."public_id", OLD."trades"); RETURN NULL;',
                    hash="b899a217e792431a8786e63cd7c710745a071df4",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_b2181",
                    table="residents_staff",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddIndex(
            model_name="membership",
            index=models.Index(fields=["company", "role", "project"], name="residents_membership_role"),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.UniqueConstraint(
                fields=("company", "staff", "project", "role"), name="residents_membership_once", nulls_distinct=False
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="membership",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "residents_membershipevent" ("company_id", "id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "project_id", "role", "staff_id") VALUES (NEW."company_id", NEW."id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'insert\', NEW."id", NEW."project_id", NEW."role", NEW."staff_id"); RETURN NULL;',
                    hash="0c63d16e91388b78fbbe7738d7c2f304baf829fd",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_d47fc",
                    table="residents_membership",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="membership",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "residents_membershipevent" ("company_id", "id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "project_id", "role", "staff_id") VALUES (NEW."company_id", NEW."id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'update\', NEW."id", NEW."project_id", NEW."role", NEW."staff_id"); RETURN NULL;',
                    hash="70703adf7694976891c1e062b01bac81ae1c0873",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_31ab0",
                    table="residents_membership",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="membership",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "residents_membershipevent" ("company_id", "id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "project_id", "role", "staff_id") VALUES (OLD."company_id", OLD."id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'delete\', OLD."id", OLD."project_id", OLD."role", OLD."staff_id"); RETURN NULL;',
                    hash="f21a653b481c890e21ecf6e68630830daab6cbd4",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_9f945",
                    table="residents_membership",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddIndex(
            model_name="idempotencykey",
            index=models.Index(fields=["company", "created_at"], name="residents_idempotencykey_age"),
        ),
        migrations.AddConstraint(
            model_name="idempotencykey",
            constraint=models.UniqueConstraint(
                fields=("company", "staff", "key"), name="residents_idempotencykey_once"
            ),
        ),
        migrations.AddIndex(
            model_name="dutyshift",
            index=models.Index(fields=["company", "project", "ends_at"], name="residents_dutyshift_running"),
        ),
        migrations.AddConstraint(
            model_name="dutyshift",
            constraint=models.UniqueConstraint(fields=("company", "id"), name="residents_dutyshift_company_id"),
        ),
        migrations.AddConstraint(
            model_name="dutyshift",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_at__gt", models.F("started_at"))), name="residents_dutyshift_order"
            ),
        ),
        migrations.AddIndex(
            model_name="unit",
            index=models.Index(fields=["company", "project", "short"], name="residents_unit_short"),
        ),
        migrations.AddIndex(
            model_name="unit",
            index=django.contrib.postgres.indexes.GinIndex(fields=["search"], name="residents_unit_search"),
        ),
        migrations.AddConstraint(
            model_name="unit",
            constraint=models.UniqueConstraint(fields=("company", "id"), name="residents_unit_company_id"),
        ),
        migrations.AddConstraint(
            model_name="unit",
            constraint=models.UniqueConstraint(fields=("company", "code"), name="residents_unit_code"),
        ),
        migrations.AddConstraint(
            model_name="unit",
            constraint=models.CheckConstraint(
                condition=models.Q(("code__regex", "^\\d{10}$")), name="residents_unit_code_ten_digits"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="unit",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "residents_unitevent" ("area", "building_id", "code", "company_id", "entrance", "hand_over_on", "id", "keeper_id", "label", "layout", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "project_id", "public_id", "room", "short") VALUES (NEW."area", NEW."building_id", NEW."code", NEW."company_id", NEW."entrance", NEW."hand_over_on", NEW."id", NEW."keeper_id", NEW."label", NEW."layout", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'insert\', NEW."id", NEW."project_id", NEW."public_id", NEW."room", NEW."short"); RETURN NULL;',
                    hash="9868e8263180bc826bbc5a185e0fbbc1fd0f0144",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_7ca7b",
                    table="residents_unit",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="unit",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."area" IS DISTINCT FROM (NEW."area") OR OLD."building_id" IS DISTINCT FROM (NEW."building_id") OR OLD."code" IS DISTINCT FROM (NEW."code") OR OLD."company_id" IS DISTINCT FROM (NEW."company_id") OR OLD."entrance" IS DISTINCT FROM (NEW."entrance") OR OLD."hand_over_on" IS DISTINCT FROM (NEW."hand_over_on") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."keeper_id" IS DISTINCT FROM (NEW."keeper_id") OR OLD."label" IS DISTINCT FROM (NEW."label") OR OLD."layout" IS DISTINCT FROM (NEW."layout") OR OLD."project_id" IS DISTINCT FROM (NEW."project_id") OR OLD."public_id" IS DISTINCT FROM (NEW."public_id") OR OLD."room" IS DISTINCT FROM (NEW."room") OR OLD."short" IS DISTINCT FROM (NEW."short"))',
                    func='INSERT INTO "residents_unitevent" ("area", "building_id", "code", "company_id", "entrance", "hand_over_on", "id", "keeper_id", "label", "layout", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "project_id", "public_id", "room", "short") VALUES (NEW."area", NEW."building_id", NEW."code", NEW."company_id", NEW."entrance", NEW."hand_over_on", NEW."id", NEW."keeper_id", NEW."label", NEW."layout", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'update\', NEW."id", NEW."project_id", NEW."public_id", NEW."room", NEW."short"); RETURN NULL;',
                    hash="0ed9988ed5e6c79f033b9f76cc48c8628cb60e3f",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_676e2",
                    table="residents_unit",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="unit",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "residents_unitevent" ("area", "building_id", "code", "company_id", "entrance", "hand_over_on", "id", "keeper_id", "label", "layout", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "project_id", "public_id", "room", "short") VALUES (OLD."area", OLD."building_id", OLD."code", OLD."company_id", OLD."entrance", OLD."hand_over_on", OLD."id", OLD."keeper_id", OLD."label", OLD."layout", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'delete\', OLD."id", OLD."project_id", OLD."public_id", OLD."room", OLD."short"); RETURN NULL;',
                    hash="da4619a8a55571ff99fdf68b2b003231eba5f3fe",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_bf79c",
                    table="residents_unit",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddIndex(
            model_name="occupancy",
            index=models.Index(fields=["company", "unit"], name="residents_occupancy_unit"),
        ),
        migrations.AddIndex(
            model_name="occupancy",
            index=models.Index(fields=["company", "person"], name="residents_occupancy_person"),
        ),
        migrations.AddConstraint(
            model_name="occupancy",
            constraint=models.UniqueConstraint(
                fields=("company", "unit", "person", "role", "from_on"), name="residents_occupancy_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="occupancy",
            constraint=models.CheckConstraint(
                condition=models.Q(("until_on", None), ("until_on__gte", models.F("from_on")), _connector="OR"),
                name="residents_occupancy_order",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="occupancy",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "residents_occupancyevent" ("company_id", "from_on", "id", "is_contact", "person_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "role", "unit_id", "until_on") VALUES (NEW."company_id", NEW."from_on", NEW."id", NEW."is_contact", NEW."person_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'insert\', NEW."id", NEW."role", NEW."unit_id", NEW."until_on"); RETURN NULL;',
                    hash="a0887f473343702505e7492367fa7e19d72d0390",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_3e9db",
                    table="residents_occupancy",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="occupancy",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "residents_occupancyevent" ("company_id", "from_on", "id", "is_contact", "person_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "role", "unit_id", "until_on") VALUES (NEW."company_id", NEW."from_on", NEW."id", NEW."is_contact", NEW."person_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'update\', NEW."id", NEW."role", NEW."unit_id", NEW."until_on"); RETURN NULL;',
                    hash="e7690d67773ef1109c81a2c48acd96db80aec20e",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_79fd1",
                    table="residents_occupancy",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="occupancy",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "residents_occupancyevent" ("company_id", "from_on", "id", "is_contact", "person_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "role", "unit_id", "until_on") VALUES (OLD."company_id", OLD."from_on", OLD."id", OLD."is_contact", OLD."person_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'delete\', OLD."id", OLD."role", OLD."unit_id", OLD."until_on"); RETURN NULL;',
                    hash="14e42ea9022c4f8f7b177fe2b11838c52ddc7197",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_be3f1",
                    table="residents_occupancy",
                    when="AFTER",
                ),
            ),
        ),
        CompanyWall("Building"),
        CompanyWall("BuildingEvent", references=False),
        CompanyWall("Unit"),
        CompanyWall("UnitEvent", references=False),
        CompanyWall("Person"),
        CompanyWall("PersonEvent", references=False),
        CompanyWall("Occupancy"),
        CompanyWall("OccupancyEvent", references=False),
        CompanyWall("Project", sweeper=True),
        CompanyWall("ProjectEvent", references=False),
        CompanyWall("IdempotencyKey"),
        CompanyWall("Staff"),
        CompanyWall("StaffEvent", references=False),
        CompanyWall("Membership"),
        CompanyWall("MembershipEvent", references=False),
        CompanyWall("DutyShift"),
        AppendOnly("BuildingEvent"),
        AppendOnly("UnitEvent"),
        AppendOnly("PersonEvent"),
        AppendOnly("OccupancyEvent"),
        AppendOnly("ProjectEvent"),
        AppendOnly("StaffEvent"),
        AppendOnly("MembershipEvent"),
    ]
