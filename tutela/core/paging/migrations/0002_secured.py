"""Who sees a page, and that it goes with its case."""

from typing import ClassVar

from django.db import migrations

from tutela.core.sql import run_sql_beside


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("paging", "0001_initial"),
        ("records", "0002_records"),
        ("access", "0006_reviews_secured"),
    ]
    operations: ClassVar = [run_sql_beside(__file__)]
