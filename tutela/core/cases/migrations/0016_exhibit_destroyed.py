"""When the content of an exhibit was destroyed, though its case stays."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("cases", "0015_closed_index")]
    operations: ClassVar = [
        migrations.AddField("exhibit", "destroyed_at", models.DateTimeField(blank=True, null=True)),
    ]
