"""The migrations say what the models say, and what no database has to know is not in them."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import models

from tutela.core.audit.models import Act, Entry


@pytest.mark.django_db
def test_no_migration_is_missing():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_a_new_act_needs_no_migration():
    act = Entry._meta.get_field("act")
    assert act.choices == Act.choices
    plain = models.CharField(name="act", max_length=40)
    assert act.deconstruct()[1:] == plain.deconstruct()[1:]
