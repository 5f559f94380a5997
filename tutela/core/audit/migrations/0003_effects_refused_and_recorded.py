"""Name two more acts of the audit log: an effect refused, and one recorded as done by a person."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("audit", "0002_append_only"),
    ]

    operations: ClassVar = [
        migrations.AlterField(
            model_name="entry",
            name="act",
            field=models.CharField(
                choices=[
                    ("case:opened", "Case opened"),
                    ("case:step", "Step performed"),
                    ("case:held", "Step held for approval"),
                    ("case:opinion", "Opinion given"),
                    ("case:looked", "Case looked at"),
                    ("case:clock", "Clock lapsed or warned"),
                    ("words:unfolded", "Folded words looked at"),
                    ("exhibit:looked", "Exhibit looked at"),
                    ("report:looked", "Original report looked at"),
                    ("case:exported", "Case exported"),
                    ("effect:delivered", "Effect delivered"),
                    ("effect:refused", "Effect refused"),
                    ("effect:recorded", "Effect recorded as done by a person"),
                    ("person:signed_in", "Signed in"),
                    ("person:signed_out", "Signed out"),
                    ("grant:changed", "Grant changed"),
                    ("token:made", "Token made"),
                    ("token:revoked", "Token revoked"),
                    ("staff:changed", "Staff list changed"),
                    ("release:logged", "Release entered in the log"),
                ],
                max_length=40,
            ),
        ),
    ]
