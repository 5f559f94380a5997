from django.db import migrations, models

from tutela.core.sql import run_sql_beside


class Migration(migrations.Migration):
    dependencies = [
        ("outbox", "0002_row_security"),
    ]

    operations = [
        migrations.AddField(
            model_name="effect",
            name="claimed_by",
            field=models.PositiveIntegerField(null=True),
        ),
        run_sql_beside(__file__),
    ]
