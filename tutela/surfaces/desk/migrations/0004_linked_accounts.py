"""The desk's rights on the tables of linked accounts."""

from typing import ClassVar

from django.db import migrations

from tutela.core.sql import run_sql_beside


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("desk", "0003_second_factors"),
        ("socialaccount", "0006_alter_socialaccount_extra_data"),
    ]
    operations: ClassVar = [run_sql_beside(__file__)]
