"""The index by which a relay takes the waiting rows of each company in turn."""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("tickets", "0003_outbox_done")]

    operations = [
        AddIndexConcurrently(
            model_name="outbox",
            index=models.Index(
                fields=["company", "not_before"],
                name="tickets_outbox_queue",
                condition=models.Q(sent_at=None, dead_at=None),
            ),
        ),
        RemoveIndexConcurrently(model_name="outbox", name="tickets_outbox_waiting"),
    ]
