"""A destroyed key of a case says who destroyed it and why."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("vault", "0004_older_rows"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.AddField(
            "casekey",
            "destroyed_by",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField("casekey", "destroyed_why", models.TextField(blank=True, default="")),
        migrations.AlterField("casekey", "destroyed_why", models.TextField(blank=True)),
        migrations.RunSQL("GRANT UPDATE (for_reporter) ON cases_message TO tutela_desk"),
    ]
