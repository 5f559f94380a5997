"""The key of the hashes by which sealed values are looked up is a key of the vault."""

from typing import ClassVar

import django.utils.timezone
from django.db import migrations, models

from tutela.core.sql import run_sql_beside


class Migration(migrations.Migration):
    dependencies: ClassVar = [("vault", "0006_case_keys_renewed")]
    operations: ClassVar = [
        migrations.CreateModel(
            name="IndexKey",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("wrapped", models.BinaryField()),
                ("made_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("retired_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("retired_at", None)),
                        fields=("retired_at",),
                        name="vault_one_index_key",
                        nulls_distinct=False,
                    )
                ],
            },
        ),
        run_sql_beside(__file__),
    ]
