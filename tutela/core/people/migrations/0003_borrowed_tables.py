"""The desk's rights on the tables that come with the libraries."""

from typing import ClassVar

from django.db import migrations

from tutela.core.sql import run_sql_beside


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("people", "0002_actor"),
        ("sessions", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("procrastinate", "0041_post_retry_failed_job"),
    ]
    operations: ClassVar = [run_sql_beside(__file__)]
