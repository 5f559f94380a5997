"""Triggers that keep the words, and the function that finds them."""

from typing import ClassVar

from django.db import migrations

from tutela.core.sql import run_sql_beside


class Migration(migrations.Migration):
    dependencies: ClassVar = [("search", "0001_initial"), ("cases", "0003_intake")]
    operations: ClassVar = [run_sql_beside(__file__)]
