"""Who sees which file, and who may ask whether an object is anybody's."""

from typing import ClassVar

from django.db import migrations

from tutela.core.sql import run_sql_beside


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("files", "0001_initial"),
        ("cases", "0013_exhibit_files"),
        ("vault", "0005_tombstones"),
    ]
    operations: ClassVar = [run_sql_beside(__file__)]
