"""Who has a case open is forgotten in a minute: it need not reach the disk before the page is answered."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    """Take the table out of the write-ahead log. A crash of the database empties it."""

    dependencies: ClassVar = [("cases", "0011_access_events")]
    operations: ClassVar = [
        migrations.RunSQL(
            "ALTER TABLE cases_presence SET UNLOGGED",
            "ALTER TABLE cases_presence SET LOGGED",
        ),
    ]
