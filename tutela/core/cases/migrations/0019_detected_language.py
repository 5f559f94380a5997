"""In which language the words of a report are, as detected when its case is opened."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("cases", "0018_arrival")]
    operations: ClassVar = [
        migrations.AddField(
            "report",
            "detected_language",
            models.CharField(blank=True, db_default="", default="", max_length=20),
        ),
        migrations.AddField(
            "report", "detected_sure", models.PositiveSmallIntegerField(db_default=0, default=0)
        ),
        migrations.RunSQL(
            "GRANT UPDATE (detected_language, detected_sure) ON cases_report TO tutela_desk",
            migrations.RunSQL.noop,
        ),
    ]
