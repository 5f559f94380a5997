"""Reports and their files are sealed from the moment they come in."""

from typing import ClassVar

from django.db import migrations, models

from tutela.core.sql import run_sql_beside
from tutela.core.vault.fields import SealedBytes, SealedJSON, SealedText


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("cases", "0007_sealed_exhibits"),
        ("vault", "0002_rights"),
        ("search", "0003_windows"),
    ]
    operations: ClassVar = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AddField("report", "key", models.BinaryField(null=True)),
                migrations.AlterField("report", "raw", SealedBytes()),
                migrations.AlterField("report", "sender_name", SealedText()),
                migrations.AlterField("report", "sender_email", SealedText()),
                migrations.AlterField("report", "fields", SealedJSON(default=dict)),
                migrations.AlterField("reportfile", "name", SealedText()),
                migrations.AlterField("reportfile", "data", SealedBytes()),
            ]
        ),
        run_sql_beside(__file__),
    ]
