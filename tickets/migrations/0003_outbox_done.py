"""The index by which the purge finds outbox rows done long ago."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("tickets", "0002_calendar_day_zone")]

    operations = [
        AddIndexConcurrently(
            model_name="outbox",
            index=models.Index(
                fields=["sent_at"],
                name="tickets_outbox_done",
                condition=models.Q(sent_at__isnull=False),
            ),
        ),
    ]
