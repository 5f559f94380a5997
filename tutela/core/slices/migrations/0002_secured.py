"""Who sees a slice, and the functions that are the only doors to it."""

from typing import ClassVar

from django.db import migrations

from tutela.core.sql import run_sql_beside


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("slices", "0001_initial"),
        ("access", "0006_reviews_secured"),
        ("people", "0006_partners"),
        ("records", "0002_records"),
        ("vault", "0007_index_key"),
    ]
    operations: ClassVar = [run_sql_beside(__file__)]
