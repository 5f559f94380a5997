"""A report keeps how it came: what its mail answers, and what speaks for its sender."""

from typing import ClassVar

from django.db import migrations

from tutela.core.sql import run_sql_beside
from tutela.core.vault.fields import SealedJSON


class Migration(migrations.Migration):
    dependencies: ClassVar = [("cases", "0017_wikis_through_the_portal")]
    operations: ClassVar = [
        migrations.SeparateDatabaseAndState(
            state_operations=[migrations.AddField("report", "arrival", SealedJSON(null=True))]
        ),
        run_sql_beside(__file__),
    ]
