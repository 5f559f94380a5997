"""What the portal's login stores came over the portal."""

from typing import ClassVar

from django.db import migrations

from tutela.core.sql import run_sql_beside


class Migration(migrations.Migration):
    dependencies: ClassVar = [("cases", "0008_sealed_reports")]
    operations: ClassVar = [run_sql_beside(__file__)]
