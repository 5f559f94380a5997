"""The list of acts is no matter of the database: a new act needs no migration."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [("audit", "0013_reviews")]
    operations: ClassVar = [migrations.AlterField("entry", "act", models.CharField(max_length=40))]
