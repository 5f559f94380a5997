"""What these tests share: somebody from outside, and the officer who answers for openings."""

from __future__ import annotations

import pytest
from django.db import connection

from tests.cast import EMERGENCY, report_emergency
from tutela.core.people.actor import Actor
from tutela.core.people.models import Grant, Staff
from tutela.core.people.roles import PLATFORM, Role


def commit() -> None:
    """Let happen what happens at a commit, in a test that is one transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


@pytest.fixture
def restricted(cast) -> str:
    """A restricted emergency."""
    return report_emergency()


@pytest.fixture
def outside(cast) -> Actor:
    """A manager of the workflow who is not in the team."""
    Grant.objects.create(staff_id=cast.sorrel.id, workflow=EMERGENCY, role=Role.MANAGER)
    return cast.sorrel


@pytest.fixture
def officer(cast) -> Actor:
    """A security officer with no grant on any workflow."""
    staff = Staff.objects.create_person("rowan", "Rowan", email="rowan@tutela.example")
    Grant.objects.create(staff=staff, workflow=PLATFORM, role=Role.SECURITY)
    return Actor.of(staff, "desk")
