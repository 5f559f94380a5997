from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("audit", "0008_key_destroyed"),
    ]

    operations = [
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
                    ("person:sign_in_failed", "Sign-in failed"),
                    ("person:passphrase", "Passphrase chosen or changed"),
                    ("person:factor", "Second factor changed"),
                    ("person:identity", "Linked account changed"),
                    ("person:sessions_ended", "Sessions ended"),
                    ("grant:changed", "Grant changed"),
                    ("token:made", "Token made"),
                    ("token:revoked", "Token revoked"),
                    ("staff:changed", "Staff list changed"),
                    ("key:renewed", "Key renewed"),
                    ("key:destroyed", "Key of a case destroyed"),
                    ("release:logged", "Release entered in the log"),
                    ("audit:exported", "Audit log exported"),
                    ("backup:taken", "Backup taken"),
                    ("backup:restored", "Restored from a backup"),
                ],
                max_length=40,
            ),
        ),
    ]
