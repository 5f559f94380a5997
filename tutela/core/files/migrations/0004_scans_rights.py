"""Who sees what the scanner said; and the files of reports from before stand in its queue."""

from typing import ClassVar

from django.db import migrations

from tutela.core.sql import run_sql_beside


class Migration(migrations.Migration):
    dependencies: ClassVar = [("files", "0003_scans"), ("records", "0002_records")]
    operations: ClassVar = [run_sql_beside(__file__)]
