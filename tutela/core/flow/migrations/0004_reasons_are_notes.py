"""The reason of an opinion is a privileged note, which the database shows to those who may read it."""

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

from tutela.core.sql import run_sql_beside


class Migration(migrations.Migration):
    dependencies: ClassVar = [("cases", "0006_privileged_notes"), ("flow", "0003_faulty_clocks")]
    operations: ClassVar = [
        migrations.AddField(
            model_name="opinion",
            name="note",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="opinion",
                to="cases.note",
            ),
        ),
        run_sql_beside(__file__),
        migrations.RemoveField(model_name="opinion", name="reason"),
    ]
