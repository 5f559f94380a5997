"""Who sees and decides a review of roles, and its figures for the health of the platform."""

from typing import ClassVar

from django.db import migrations

from tutela.core.sql import run_sql_beside


class Migration(migrations.Migration):
    dependencies: ClassVar = [("access", "0005_reviews"), ("audit", "0002_append_only")]
    operations: ClassVar = [run_sql_beside(__file__)]
