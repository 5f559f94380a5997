"""The functions of the chore that seals what was written before its column was sealed."""

import django.db.models.deletion
from django.db import migrations, models

from tutela.core.sql import run_sql_beside


class Migration(migrations.Migration):
    dependencies = [
        ("vault", "0003_intake_keys"),
        ("cases", "0010_sealed_words"),
        ("flow", "0005_sealed_requests"),
        ("outbox", "0004_sealed_effects"),
    ]
    operations = [
        migrations.AlterField(
            "casekey",
            "case",
            models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                primary_key=True,
                related_name="+",
                serialize=False,
                to="cases.case",
            ),
        ),
        run_sql_beside(__file__),
    ]
