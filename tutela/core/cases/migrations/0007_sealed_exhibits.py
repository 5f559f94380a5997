"""Exhibits are sealed from now on; what was added before says that it is plain."""

from typing import ClassVar

from django.db import migrations, models

from tutela.core.vault.fields import SealedBytes


class Migration(migrations.Migration):
    dependencies: ClassVar = [("cases", "0006_privileged_notes")]
    operations: ClassVar = [
        migrations.AddField("exhibit", "sealed", models.BooleanField(default=False)),
        migrations.AlterField("exhibit", "sealed", models.BooleanField(default=True)),
        migrations.AlterField("exhibit", "data", SealedBytes()),
    ]
