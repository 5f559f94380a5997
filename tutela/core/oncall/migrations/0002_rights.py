from django.db import migrations

from tutela.core.sql import run_sql_beside


class Migration(migrations.Migration):
    dependencies = [
        ("oncall", "0001_initial"),
    ]

    operations = [
        run_sql_beside(__file__),
    ]
