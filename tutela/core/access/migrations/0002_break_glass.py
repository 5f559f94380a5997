"""Who sees an opening, and the functions that are the only doors to it."""

from typing import ClassVar

from django.db import migrations

from tutela.core.sql import run_sql_beside


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("access", "0001_initial"),
        ("audit", "0010_glass"),
        ("people", "0005_security"),
        ("search", "0003_windows"),
    ]
    operations: ClassVar = [run_sql_beside(__file__)]
