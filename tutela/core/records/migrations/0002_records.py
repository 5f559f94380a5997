"""Who sees holds, runs and tombstones; that what is held stays; and the one function that disposes of a case."""

from typing import ClassVar

from django.db import migrations

from tutela.core.sql import run_sql_beside


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("records", "0001_initial"),
        ("access", "0004_conflicts_secured"),
        ("audit", "0012_records"),
        ("cases", "0013_exhibit_files"),
        ("files", "0002_rights"),
        ("flow", "0005_sealed_requests"),
        ("outbox", "0004_sealed_effects"),
        ("search", "0004_through_the_glass"),
        ("vault", "0005_tombstones"),
    ]
    operations: ClassVar = [run_sql_beside(__file__)]
