import django.db.models.deletion
import pghistory.utils
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

import residents.tenancy
from residents.tenancy import AppendOnly, CompanyWall


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("residents", "0001_initial"),
        ("tickets", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="RepairCategory",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=40)),
                ("name", models.CharField(max_length=40)),
                ("initials", models.CharField(max_length=20)),
                ("group", models.CharField(max_length=20)),
                (
                    "trade",
                    models.CharField(
                        choices=[
                            ("plumbing", "水电"),
                            ("carpentry", "木瓦"),
                            ("hvac", "空调"),
                            ("lift", "电梯"),
                            ("low_voltage", "弱电"),
                            ("general", "综合"),
                        ],
                        default="general",
                        max_length=16,
                    ),
                ),
                ("is_public_area", models.BooleanField(default=False)),
                ("is_safety", models.BooleanField(default=False)),
                ("warranty_months", models.PositiveSmallIntegerField(default=0)),
                ("template", models.CharField(blank=True, max_length=200)),
                ("position", models.PositiveSmallIntegerField(default=100)),
                ("is_active", models.BooleanField(default=True)),
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
            name="RepairOrder",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("in_warranty", models.BooleanField(default=True)),
                ("warranty_basis", models.CharField(blank=True, max_length=120)),
                (
                    "form",
                    models.CharField(
                        choices=[("work_order", "客户服务中心工作单"), ("repair_order", "工程维修单")],
                        default="work_order",
                        max_length=12,
                    ),
                ),
                ("contact_ended_at", models.DateTimeField(blank=True, null=True)),
                ("informed_at", models.DateTimeField(blank=True, null=True)),
                ("price_told_at", models.DateTimeField(blank=True, null=True)),
                ("price_accepted_by", models.CharField(blank=True, max_length=40)),
                ("dispatched_at", models.DateTimeField(blank=True, null=True)),
                (
                    "dispatch_kind",
                    models.CharField(
                        choices=[("slip", "打单派工"), ("oral", "口头派工")], default="slip", max_length=6
                    ),
                ),
                (
                    "trade",
                    models.CharField(
                        choices=[
                            ("plumbing", "水电"),
                            ("carpentry", "木瓦"),
                            ("hvac", "空调"),
                            ("lift", "电梯"),
                            ("low_voltage", "弱电"),
                            ("general", "综合"),
                        ],
                        default="general",
                        max_length=16,
                    ),
                ),
                ("visit_no", models.PositiveSmallIntegerField(default=1)),
                ("missed_count", models.PositiveSmallIntegerField(default=0)),
                ("at_night", models.BooleanField(default=False)),
                ("told_next_day", models.BooleanField(default=False)),
                ("slip_number", models.CharField(blank=True, max_length=30)),
                ("slip_printed_at", models.DateTimeField(blank=True, null=True)),
                ("slip_taken_at", models.DateTimeField(blank=True, null=True)),
                ("slip_returned_at", models.DateTimeField(blank=True, null=True)),
                ("completion_entered_at", models.DateTimeField(blank=True, null=True)),
                ("completed_at", models.DateTimeField(blank=True, null=True)),
                ("completion_reported_at", models.DateTimeField(blank=True, null=True)),
                ("result", models.CharField(blank=True, max_length=1000)),
                ("part_spec", models.CharField(blank=True, max_length=200)),
                ("is_tested", models.BooleanField(default=False)),
                ("is_cleaned", models.BooleanField(default=False)),
                ("charge_fen", models.PositiveIntegerField(default=0)),
                ("waived_fen", models.PositiveIntegerField(default=0)),
                ("receipt_number", models.CharField(blank=True, max_length=30)),
                (
                    "category",
                    residents.tenancy.CompanyForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="repairs.repaircategory",
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
                    residents.tenancy.CompanyOneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="repair",
                        to="tickets.ticket",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="MaterialLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=60)),
                ("quantity", models.DecimalField(decimal_places=2, default=1, max_digits=8)),
                ("price_fen", models.PositiveIntegerField(default=0)),
                ("is_warranty", models.BooleanField(default=True)),
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
                    "order",
                    residents.tenancy.CompanyForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="materials",
                        to="repairs.repairorder",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="TariffItem",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=20)),
                ("name", models.CharField(max_length=60)),
                ("price_fen", models.PositiveIntegerField()),
                ("per", models.CharField(default="次", max_length=10)),
                ("published_at", models.DateTimeField()),
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
        migrations.AddField(
            model_name="repairorder",
            name="tariff",
            field=residents.tenancy.CompanyForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="repairs.tariffitem",
            ),
        ),
        migrations.CreateModel(
            name="RepairCategoryEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("id", models.BigIntegerField()),
                ("code", models.CharField(max_length=40)),
                ("name", models.CharField(max_length=40)),
                ("initials", models.CharField(max_length=20)),
                ("group", models.CharField(max_length=20)),
                (
                    "trade",
                    models.CharField(
                        choices=[
                            ("plumbing", "水电"),
                            ("carpentry", "木瓦"),
                            ("hvac", "空调"),
                            ("lift", "电梯"),
                            ("low_voltage", "弱电"),
                            ("general", "综合"),
                        ],
                        default="general",
                        max_length=16,
                    ),
                ),
                ("is_public_area", models.BooleanField(default=False)),
                ("is_safety", models.BooleanField(default=False)),
                ("warranty_months", models.PositiveSmallIntegerField(default=0)),
                ("template", models.CharField(blank=True, max_length=200)),
                ("position", models.PositiveSmallIntegerField(default=100)),
                ("is_active", models.BooleanField(default=True)),
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
                        to="repairs.repaircategory",
                    ),
                ),
                (
                    "tariff",
                    residents.tenancy.CompanyForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        related_query_name="+",
                        to="repairs.tariffitem",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.AddField(
            model_name="repaircategory",
            name="tariff",
            field=residents.tenancy.CompanyForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="repairs.tariffitem",
            ),
        ),
        migrations.CreateModel(
            name="TariffItemEvent",
            fields=[
                ("pgh_id", models.AutoField(primary_key=True, serialize=False)),
                ("pgh_created_at", models.DateTimeField(auto_now_add=True)),
                ("pgh_label", models.TextField(help_text="The event label.")),
                ("pgh_context", pghistory.utils.JSONField(null=True)),
                ("id", models.BigIntegerField()),
                ("code", models.CharField(max_length=20)),
                ("name", models.CharField(max_length=60)),
                ("price_fen", models.PositiveIntegerField()),
                ("per", models.CharField(default="次", max_length=10)),
                ("published_at", models.DateTimeField()),
                ("retired_at", models.DateTimeField(blank=True, null=True)),
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
                        to="repairs.tariffitem",
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
            name="Visit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveSmallIntegerField()),
                ("window_from", models.DateTimeField(blank=True, null=True)),
                ("window_to", models.DateTimeField(blank=True, null=True)),
                ("accepted_at", models.DateTimeField(blank=True, null=True)),
                ("accepted_by_system", models.BooleanField(default=False)),
                ("arrived_at", models.DateTimeField(blank=True, null=True)),
                ("arrival_method", models.CharField(blank=True, max_length=10)),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("left_at", models.DateTimeField(blank=True, null=True)),
                ("missed_at", models.DateTimeField(blank=True, null=True)),
                ("miss_reason", models.CharField(blank=True, max_length=200)),
                ("apologised_at", models.DateTimeField(blank=True, null=True)),
                ("finished", models.BooleanField(default=False)),
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
                    "consent",
                    residents.tenancy.CompanyForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="tickets.attachment",
                    ),
                ),
                (
                    "technician",
                    residents.tenancy.CompanyForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="visits",
                        to="residents.staff",
                    ),
                ),
                (
                    "ticket",
                    residents.tenancy.CompanyForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="visits",
                        to="tickets.ticket",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="tariffitem",
            constraint=models.UniqueConstraint(fields=("company", "id"), name="repairs_tariff_company_id"),
        ),
        migrations.AddConstraint(
            model_name="tariffitem",
            constraint=models.UniqueConstraint(
                condition=models.Q(("retired_at", None)),
                fields=("company", "project", "code"),
                name="repairs_tariff_current",
                nulls_distinct=False,
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="tariffitem",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "repairs_tariffitemevent" ("code", "company_id", "id", "name", "per", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "price_fen", "project_id", "published_at", "retired_at") VALUES (NEW."code", NEW."company_id", NEW."id", NEW."name", NEW."per", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'insert\', NEW."id", NEW."price_fen", NEW."project_id", NEW."published_at", NEW."retired_at"); RETURN NULL;',
                    hash="53d8617990dd37ecca4065763995aaa3722e1a19",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_d7628",
                    table="repairs_tariffitem",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="tariffitem",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "repairs_tariffitemevent" ("code", "company_id", "id", "name", "per", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "price_fen", "project_id", "published_at", "retired_at") VALUES (NEW."code", NEW."company_id", NEW."id", NEW."name", NEW."per", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'update\', NEW."id", NEW."price_fen", NEW."project_id", NEW."published_at", NEW."retired_at"); RETURN NULL;',
                    hash="37fd43405eacf15f81463501eefcacca0641d1a7",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_779e9",
                    table="repairs_tariffitem",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="tariffitem",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "repairs_tariffitemevent" ("code", "company_id", "id", "name", "per", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "price_fen", "project_id", "published_at", "retired_at") VALUES (OLD."code", OLD."company_id", OLD."id", OLD."name", OLD."per", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'delete\', OLD."id", OLD."price_fen", OLD."project_id", OLD."published_at", OLD."retired_at"); RETURN NULL;',
                    hash="2838f343258246b8625db25eb58b6d0e0354a271",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_9223e",
                    table="repairs_tariffitem",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="repairorder",
            constraint=models.UniqueConstraint(fields=("company", "id"), name="repairs_order_company_id"),
        ),
        migrations.AddConstraint(
            model_name="repairorder",
            constraint=models.UniqueConstraint(fields=("company", "ticket"), name="repairs_order_ticket"),
        ),
        migrations.AddConstraint(
            model_name="repairorder",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("in_warranty", True), ("dispatched_at", None), ("price_told_at__isnull", False), _connector="OR"
                ),
                name="repairs_order_paid_price_told",
                violation_error_message="REP-07",
            ),
        ),
        migrations.AddConstraint(
            model_name="repairorder",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("form", "work_order"), ("in_warranty", True)),
                    models.Q(("form", "repair_order"), ("in_warranty", False)),
                    _connector="OR",
                ),
                name="repairs_order_warranty_decides_form",
                violation_error_message="REP-05",
            ),
        ),
        migrations.AddConstraint(
            model_name="repairorder",
            constraint=models.CheckConstraint(
                condition=models.Q(("completed_at", None), ("is_tested", True), _connector="OR"),
                name="repairs_order_finished_is_tested",
            ),
        ),
        migrations.AddConstraint(
            model_name="repairorder",
            constraint=models.CheckConstraint(
                condition=models.Q(("waived_fen__lte", models.F("charge_fen"))), name="repairs_order_waiver_in_charge"
            ),
        ),
        migrations.AddIndex(
            model_name="repaircategory",
            index=models.Index(fields=["company", "initials"], name="repairs_category_initials"),
        ),
        migrations.AddConstraint(
            model_name="repaircategory",
            constraint=models.UniqueConstraint(fields=("company", "id"), name="repairs_category_company_id"),
        ),
        migrations.AddConstraint(
            model_name="repaircategory",
            constraint=models.UniqueConstraint(fields=("company", "code"), name="repairs_category_code"),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="repaircategory",
            trigger=pgtrigger.compiler.Trigger(
                name="insert_insert",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "repairs_repaircategoryevent" ("code", "company_id", "group", "id", "initials", "is_active", "is_public_area", "is_safety", "name", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "position", "tariff_id", "template", "trade", "warranty_months") VALUES (NEW."code", NEW."company_id", NEW."group", NEW."id", NEW."initials", NEW."is_active", NEW."is_public_area", NEW."is_safety", NEW."name", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'insert\', NEW."id", NEW."position", NEW."tariff_id", NEW."template", NEW."trade", NEW."warranty_months"); RETURN NULL;',
                    hash="ad57e19fa283776dab805648b648b8b77e222829",
                    operation="INSERT",
                    pgid="pgtrigger_insert_insert_be3cb",
                    table="repairs_repaircategory",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="repaircategory",
            trigger=pgtrigger.compiler.Trigger(
                name="update_update",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition="WHEN (OLD.* IS DISTINCT FROM NEW.*)",
                    func='INSERT INTO "repairs_repaircategoryevent" ("code", "company_id", "group", "id", "initials", "is_active", "is_public_area", "is_safety", "name", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "position", "tariff_id", "template", "trade", "warranty_months") VALUES (NEW."code", NEW."company_id", NEW."group", NEW."id", NEW."initials", NEW."is_active", NEW."is_public_area", NEW."is_safety", NEW."name", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'update\', NEW."id", NEW."position", NEW."tariff_id", NEW."template", NEW."trade", NEW."warranty_months"); RETURN NULL;',
                    hash="423ea52227362cdf702d638e337d47de17a5f0ee",
                    operation="UPDATE",
                    pgid="pgtrigger_update_update_7fbc5",
                    table="repairs_repaircategory",
                    when="AFTER",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="repaircategory",
            trigger=pgtrigger.compiler.Trigger(
                name="delete_delete",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func='INSERT INTO "repairs_repaircategoryevent" ("code", "company_id", "group", "id", "initials", "is_active", "is_public_area", "is_safety", "name", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "position", "tariff_id", "template", "trade", "warranty_months") VALUES (OLD."code", OLD."company_id", OLD."group", OLD."id", OLD."initials", OLD."is_active", OLD."is_public_area", OLD."is_safety", OLD."name", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'delete\', OLD."id", OLD."position", OLD."tariff_id", OLD."template", OLD."trade", OLD."warranty_months"); RETURN NULL;',
                    hash="02fb6497678e4937d726edf967a657a99a8a63d9",
                    operation="DELETE",
                    pgid="pgtrigger_delete_delete_cc945",
                    table="repairs_repaircategory",
                    when="AFTER",
                ),
            ),
        ),
        migrations.AddIndex(
            model_name="visit",
            index=models.Index(fields=["company", "technician", "-id"], name="repairs_visit_technician"),
        ),
        migrations.AddConstraint(
            model_name="visit",
            constraint=models.UniqueConstraint(fields=("company", "id"), name="repairs_visit_company_id"),
        ),
        migrations.AddConstraint(
            model_name="visit",
            constraint=models.UniqueConstraint(fields=("company", "ticket", "number"), name="repairs_visit_number"),
        ),
        migrations.AddConstraint(
            model_name="visit",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("window_from", None), ("window_to", None)),
                    models.Q(("window_from__isnull", False), ("window_to__gte", models.F("window_from"))),
                    _connector="OR",
                ),
                name="repairs_visit_window",
            ),
        ),
        migrations.AddConstraint(
            model_name="visit",
            constraint=models.CheckConstraint(
                condition=models.Q(("left_at", None), ("finished", True), ("consent__isnull", False), _connector="OR"),
                name="repairs_visit_leave_finished_or_consent",
            ),
        ),
        CompanyWall("TariffItem"),
        CompanyWall("TariffItemEvent", references=False),
        CompanyWall("RepairCategory"),
        CompanyWall("RepairCategoryEvent", references=False),
        CompanyWall("RepairOrder"),
        CompanyWall("Visit"),
        CompanyWall("MaterialLine"),
        AppendOnly("TariffItemEvent"),
        AppendOnly("RepairCategoryEvent"),
    ]
