"""Functions that say who acts, and the rights on the staff lists."""

from typing import ClassVar

from django.db import migrations

from tutela.core.sql import run_sql_beside


class Migration(migrations.Migration):
    dependencies: ClassVar = [("people", "0001_initial")]
    operations: ClassVar = [run_sql_beside(__file__)]
