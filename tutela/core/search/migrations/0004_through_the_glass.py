"""Search follows an open break-glass."""

from typing import ClassVar

from django.db import migrations

from tutela.core.sql import run_sql_beside


class Migration(migrations.Migration):
    dependencies: ClassVar = [("search", "0003_windows"), ("access", "0002_break_glass")]
    operations: ClassVar = [run_sql_beside(__file__)]
