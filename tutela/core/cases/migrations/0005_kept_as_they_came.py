"""Keep the bytes of reports and their files as they are, without trying to compress them."""

from __future__ import annotations

from django.db import migrations

from tutela.core.sql import run_sql_beside


class Migration(migrations.Migration):
    dependencies = [("cases", "0004_open_by_state")]

    operations = [run_sql_beside(__file__)]
