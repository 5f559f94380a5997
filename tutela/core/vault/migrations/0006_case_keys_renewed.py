"""A case's key can be replaced: what it sealed is sealed again by the key keeper, row by row."""

from typing import ClassVar

from django.db import migrations, models

from tutela.core.sql import run_sql_beside


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("vault", "0005_tombstones"),
        ("records", "0002_records"),
        ("files", "0002_rights"),
        ("outbox", "0004_sealed_effects"),
    ]
    operations: ClassVar = [
        migrations.AddField("casekey", "older", models.BinaryField(blank=True, default=b"")),
        migrations.AddField("casekey", "replaced_at", models.DateTimeField(null=True, blank=True)),
        migrations.AddIndex(
            "casekey",
            models.Index(
                fields=["replaced_at"],
                condition=models.Q(replaced_at__isnull=False),
                name="vault_replaced_case_key",
            ),
        ),
        run_sql_beside(__file__),
    ]
