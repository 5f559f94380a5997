"""The function that destroys the technical data of a case."""

from typing import ClassVar

from django.db import migrations

from tutela.core.sql import run_sql_beside


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("records", "0002_records"),
        ("cases", "0016_exhibit_destroyed"),
        ("slices", "0002_secured"),
        ("vault", "0007_index_key"),
    ]
    operations: ClassVar = [run_sql_beside(__file__)]
