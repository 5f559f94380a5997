"""Other reports from the same address are found by a keyed hash of it."""

from typing import ClassVar

from django.db import migrations, models
from django.db.models import Q

from tutela.core.vault.blind import BlindIndex


class Migration(migrations.Migration):
    dependencies: ClassVar = [("cases", "0013_exhibit_files")]
    operations: ClassVar = [
        migrations.AddField("report", "sender_index", BlindIndex(max_length=32, null=True)),
        migrations.AddIndex(
            "report",
            models.Index(
                fields=["sender_index"], condition=Q(sender_index__gt=b""), name="report_same_sender"
            ),
        ),
        migrations.AddIndex(
            "report",
            models.Index(fields=["id"], condition=Q(sender_index=None), name="report_sender_unindexed"),
        ),
        migrations.RunSQL(
            "GRANT UPDATE (sender_index) ON cases_report TO tutela_desk", migrations.RunSQL.noop
        ),
    ]
