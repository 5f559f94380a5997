"""Who may read a wrapped key, and that a destroyed one stays so."""

from typing import ClassVar

from django.db import migrations

from tutela.core.sql import run_sql_beside


class Migration(migrations.Migration):
    dependencies: ClassVar = [("vault", "0001_initial")]
    operations: ClassVar = [run_sql_beside(__file__)]
