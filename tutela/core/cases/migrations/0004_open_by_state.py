"""Lists and counts of open cases in some states, however many others are open."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("cases", "0003_intake")]
    operations: ClassVar = [
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                fields=["workflow", "state", "due_at", "id"],
                condition=models.Q(("closed_at", None)),
                name="case_open_state_due",
            ),
        ),
    ]
