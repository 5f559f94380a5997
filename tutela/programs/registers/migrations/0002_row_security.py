"""Row-level security on the registers, which only grow."""

from typing import ClassVar

from django.db import migrations

from tutela.core.sql import run_sql_beside


class Migration(migrations.Migration):
    dependencies: ClassVar = [("registers", "0001_initial"), ("cases", "0002_row_security")]
    operations: ClassVar = [run_sql_beside(__file__)]
