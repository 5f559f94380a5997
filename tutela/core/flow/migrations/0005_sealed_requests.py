"""What a request asks to do is sealed."""

from typing import ClassVar

from django.db import migrations

from tutela.core.vault.fields import SealedJSON


class Migration(migrations.Migration):
    dependencies: ClassVar = [("flow", "0004_reasons_are_notes"), ("vault", "0003_intake_keys")]
    operations: ClassVar = [
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.AlterField("request", "data", SealedJSON(default=dict))],
            database_operations=[
                migrations.RunSQL(
                    "ALTER TABLE flow_request ALTER COLUMN data TYPE bytea USING convert_to(data::text, 'UTF8')"
                )
            ],
        ),
    ]
