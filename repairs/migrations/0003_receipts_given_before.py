from django.db import migrations

# A receipt given before this release was for all that was to be paid. The wall shows one company at a time.
BACKFILL = """
DO $$
DECLARE tenant bigint;
BEGIN
    FOR tenant IN SELECT id FROM residents_company LOOP
        PERFORM set_config('app.company', tenant::text, true);
        UPDATE repairs_repairorder SET paid_fen = charge_fen - waived_fen WHERE receipt_number <> '';
    END LOOP;
    PERFORM set_config('app.company', '', true);
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("repairs", "0002_paid_per_round")]

    operations = [migrations.RunSQL(BACKFILL, migrations.RunSQL.noop)]
