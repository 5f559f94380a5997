"""The desk's rights on its own tables."""

from typing import ClassVar

from django.db import migrations

from tutela.core.sql import run_sql_beside


class Migration(migrations.Migration):
    dependencies: ClassVar = [("desk", "0001_initial"), ("people", "0002_actor")]
    operations: ClassVar = [run_sql_beside(__file__)]
