"""A partner uses their role by reading."""

from typing import ClassVar

from django.db import migrations

from tutela.core.sql import run_sql_beside


class Migration(migrations.Migration):
    dependencies: ClassVar = [("slices", "0002_secured"), ("access", "0006_reviews_secured")]
    operations: ClassVar = [run_sql_beside(__file__)]
