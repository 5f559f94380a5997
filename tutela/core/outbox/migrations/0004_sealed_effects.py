"""What goes to the outside is sealed, and what the other side said; receipts keep no address."""

from typing import ClassVar

from django.db import migrations

from tutela.core.sql import run_sql_beside
from tutela.core.vault.fields import SealedJSON, SealedText


class Migration(migrations.Migration):
    dependencies: ClassVar = [("outbox", "0003_claimed_by"), ("vault", "0003_intake_keys")]
    operations: ClassVar = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField("effect", "payload", SealedJSON()),
                migrations.AlterField("effect", "error", SealedText(blank=True, default=str)),
            ],
        ),
        run_sql_beside(__file__),
    ]
