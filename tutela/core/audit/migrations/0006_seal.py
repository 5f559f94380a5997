"""Entries are sealed into a tree by functions with rights of their own."""

from typing import ClassVar

from django.db import migrations

from tutela.core.sql import run_sql_beside


class Migration(migrations.Migration):
    dependencies: ClassVar = [("audit", "0005_tree")]
    operations: ClassVar = [run_sql_beside(__file__)]
