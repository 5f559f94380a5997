"""Facts of cases, privileged notes, letters of ours and undo data are sealed."""

from typing import ClassVar

from django.db import migrations, models

from tutela.core.sql import run_sql_beside
from tutela.core.vault.fields import SealableText, SealedJSON, SealedTwin


class Migration(migrations.Migration):
    dependencies: ClassVar = [("cases", "0009_portal_is_the_portal")]
    operations: ClassVar = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField("case", "facts", SealedJSON(blank=True, default=dict)),
                migrations.AddField("report", "receipt_public", models.BinaryField(max_length=32, null=True)),
                migrations.AlterField("message", "recipient", SealableText(blank=True)),
                migrations.AlterField("message", "subject", SealableText(blank=True)),
                migrations.AlterField("message", "text", SealableText()),
                migrations.AddField("message", "sealed_recipient", SealedTwin(null=True)),
                migrations.AddField("message", "sealed_subject", SealedTwin(null=True)),
                migrations.AddField("message", "sealed_text", SealedTwin(null=True)),
                migrations.AddField("message", "for_reporter", models.BinaryField(null=True)),
                migrations.AlterField("note", "text", SealableText()),
                migrations.AddField("note", "sealed_text", SealedTwin(null=True)),
                migrations.AddField("event", "before", SealedJSON(null=True)),
            ]
        ),
        run_sql_beside(__file__),
    ]
