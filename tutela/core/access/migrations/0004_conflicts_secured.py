"""Who sees a declared conflict, how a case hides itself for one, and the functions that are the only doors."""

from typing import ClassVar

from django.db import migrations

from tutela.core.sql import run_sql_beside


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("access", "0003_conflicts"),
        ("search", "0003_windows"),
    ]
    operations: ClassVar = [run_sql_beside(__file__)]
