"""The release log follows an open break-glass."""

from typing import ClassVar

from django.db import migrations

from tutela.core.sql import run_sql_beside


class Migration(migrations.Migration):
    dependencies: ClassVar = [("registers", "0002_row_security"), ("access", "0002_break_glass")]
    operations: ClassVar = [run_sql_beside(__file__)]
