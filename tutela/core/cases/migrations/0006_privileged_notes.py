"""Privileged notes are for reviewers, for whoever wrote them and for whom they are said to."""

from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from tutela.core.sql import run_sql_beside


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("cases", "0005_kept_as_they_came"),
        ("people", "0003_borrowed_tables"),
        # Takes the right to make functions back from their owners: what makes another one comes after.
        ("search", "0002_search"),
    ]
    operations: ClassVar = [
        migrations.AddField(
            model_name="note",
            name="said_to",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        run_sql_beside(__file__),
    ]
