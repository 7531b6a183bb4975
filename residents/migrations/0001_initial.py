import uuid

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import residents.grams
import residents.tenancy
from residents.grams import CREATE_FUNCTION, DROP_FUNCTION
from residents.tenancy import CREATE_REFUSAL, DROP_REFUSAL, CompanyWall


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.RunSQL(CREATE_FUNCTION, DROP_FUNCTION),
        migrations.RunSQL(CREATE_REFUSAL, DROP_REFUSAL),
        migrations.CreateModel(
            name="Account",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                (
                    "last_login",
                    models.DateTimeField(blank=True, null=True, verbose_name="last login"),
                ),
                ("login", models.CharField(max_length=80, unique=True)),
                ("is_active", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("language", models.CharField(default="zh-hans", max_length=10)),
                (
                    "theme",
                    models.CharField(
                        choices=[("light", "light"), ("dark", "dark")],
                        default="light",
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
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True),
                ),
                ("code", models.SlugField(max_length=30, unique=True)),
                ("name", models.CharField(max_length=80)),
                ("is_active", models.BooleanField(default=True)),
                ("is_demo", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name="Person",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True),
                ),
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
                        base_field=models.CharField(max_length=20),
                        blank=True,
                        default=list,
                        size=None,
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
            name="Project",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True),
                ),
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
            name="Building",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
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
                (
                    "project",
                    residents.tenancy.CompanyForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="buildings",
                        to="residents.project",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Staff",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True),
                ),
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
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="staff",
                        to=settings.AUTH_USER_MODEL,
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
            name="Membership",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
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
                (
                    "staff",
                    residents.tenancy.CompanyForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="memberships",
                        to="residents.staff",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="DutyShift",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
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
            name="Unit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True),
                ),
                ("code", models.CharField(max_length=10)),
                ("entrance", models.CharField(blank=True, max_length=4)),
                ("room", models.CharField(max_length=8)),
                ("label", models.CharField(max_length=40)),
                ("short", models.CharField(max_length=20)),
                (
                    "area",
                    models.DecimalField(blank=True, decimal_places=2, max_digits=8, null=True),
                ),
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
            name="Occupancy",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("owner", "业主"),
                            ("family", "家人"),
                            ("tenant", "租户"),
                            ("agent", "代办人"),
                        ],
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
                (
                    "unit",
                    residents.tenancy.CompanyForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="occupancies",
                        to="residents.unit",
                    ),
                ),
            ],
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
                condition=models.Q(("code__regex", "^\\d{3}$")),
                name="residents_project_code_digits",
            ),
        ),
        migrations.AddConstraint(
            model_name="building",
            constraint=models.UniqueConstraint(fields=("company", "id"), name="residents_building_company_id"),
        ),
        migrations.AddConstraint(
            model_name="building",
            constraint=models.UniqueConstraint(
                fields=("company", "project", "cluster", "code"),
                name="residents_building_code",
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
        migrations.AddIndex(
            model_name="membership",
            index=models.Index(fields=["company", "role", "project"], name="residents_membership_role"),
        ),
        migrations.AddConstraint(
            model_name="membership",
            constraint=models.UniqueConstraint(
                fields=("company", "staff", "project", "role"),
                name="residents_membership_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddIndex(
            model_name="dutyshift",
            index=models.Index(
                fields=["company", "project", "ends_at"],
                name="residents_dutyshift_running",
            ),
        ),
        migrations.AddConstraint(
            model_name="dutyshift",
            constraint=models.UniqueConstraint(fields=("company", "id"), name="residents_dutyshift_company_id"),
        ),
        migrations.AddConstraint(
            model_name="dutyshift",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_at__gt", models.F("started_at"))),
                name="residents_dutyshift_order",
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
                condition=models.Q(("code__regex", "^\\d{10}$")),
                name="residents_unit_code_ten_digits",
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
                fields=("company", "unit", "person", "role", "from_on"),
                name="residents_occupancy_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="occupancy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("until_on", None),
                    ("until_on__gte", models.F("from_on")),
                    _connector="OR",
                ),
                name="residents_occupancy_order",
            ),
        ),
        CompanyWall("Building"),
        CompanyWall("Unit"),
        CompanyWall("Person"),
        CompanyWall("Occupancy"),
        CompanyWall("Project"),
        CompanyWall("Staff"),
        CompanyWall("Membership"),
        CompanyWall("DutyShift"),
    ]
