from django.db import migrations

from tutela.core.sql import run_sql_beside


class Migration(migrations.Migration):
    dependencies = [
        ("health", "0001_initial"),
        ("people", "0002_actor"),
        ("cases", "0002_row_security"),
        ("flow", "0003_faulty_clocks"),
        ("outbox", "0003_claimed_by"),
        ("search", "0002_search"),
    ]
    operations = [run_sql_beside(__file__)]
