import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from tutela.core.sql import run_sql_beside


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0003_borrowed_tables"),
    ]

    operations = [
        migrations.CreateModel(
            name="Kept",
            fields=[
                ("key", models.CharField(max_length=250, primary_key=True, serialize=False)),
                ("value", models.JSONField()),
                ("until", models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.AddField(
            model_name="signinlink",
            name="kind",
            field=models.CharField(
                choices=[("sign_in", "Signs in"), ("invitation", "Lets a person choose their passphrase")],
                default="sign_in",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="staff",
            name="second_factor_since",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="token",
            name="scope",
            field=models.CharField(
                choices=[
                    ("read", "Read what its holder may see"),
                    ("write", "Read, and perform steps"),
                    (
                        "grave",
                        "Read, and perform every step, also those that ask a person for a second factor",
                    ),
                    ("intake", "Send reports in, and nothing else"),
                ],
                default="read",
                max_length=10,
            ),
        ),
        migrations.CreateModel(
            name="KnownPlace",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "staff_id", "network", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("network", models.CharField(max_length=60)),
                ("seen_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "staff",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="StaffSession",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key_hash", models.CharField(max_length=64, unique=True)),
                ("made_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("seen_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("address", models.CharField(blank=True, max_length=60)),
                ("agent", models.CharField(blank=True, max_length=300)),
                (
                    "staff",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sessions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        run_sql_beside(__file__),
    ]
