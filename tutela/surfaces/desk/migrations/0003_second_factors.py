"""The desk's rights on the tables of django-allauth."""

from typing import ClassVar

from django.db import migrations

from tutela.core.sql import run_sql_beside


class Migration(migrations.Migration):
    dependencies: ClassVar = [
        ("desk", "0002_rights"),
        ("account", "0009_emailaddress_unique_primary_email"),
        ("mfa", "0003_authenticator_type_uniq"),
    ]
    operations: ClassVar = [run_sql_beside(__file__)]
