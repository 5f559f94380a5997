"""The portal's login stores what wikis send as well."""

from typing import ClassVar

from django.db import migrations

from tutela.core.sql import run_sql_beside


class Migration(migrations.Migration):
    dependencies: ClassVar = [("cases", "0016_exhibit_destroyed")]
    operations: ClassVar = [run_sql_beside(__file__)]
