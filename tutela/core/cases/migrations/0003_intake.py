"""The functions of the intake and of the receipt codes."""

from typing import ClassVar

from django.db import migrations

from tutela.core.sql import run_sql_beside


class Migration(migrations.Migration):
    dependencies: ClassVar = [("cases", "0002_row_security")]
    operations: ClassVar = [run_sql_beside(__file__)]
