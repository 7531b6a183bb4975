"""Each published day says in which zone its hours were meant, so that a calendar can move to another one."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tickets", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="calendarday",
            name="zone",
            field=models.CharField(blank=True, max_length=40),
        ),
    ]
