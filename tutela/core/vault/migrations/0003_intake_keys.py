"""Tell when an older intake key is not needed any more."""

from typing import ClassVar

from django.db import migrations

from tutela.core.sql import run_sql_beside


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("vault", "0002_rights"),
        ("cases", "0008_sealed_reports"),
        ("health", "0002_figures"),
    ]
    operations: ClassVar = [run_sql_beside(__file__)]
