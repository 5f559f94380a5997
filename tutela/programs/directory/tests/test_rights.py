"""The portal reads what it shows to everybody, and never whom we call back."""

from __future__ import annotations

import pytest
from django.db import ProgrammingError, transaction

from tutela.programs.directory.find import agencies_for, helplines_for, venues_for
from tutela.programs.directory.models import EmergencyNumber, Helpline, Venue
from tutela.programs.directory.numbers import emergency_numbers

pytestmark = pytest.mark.django_db(databases=["default", "portal"])


def test_the_portal_reads_helplines_numbers_and_venues():
    assert helplines_for("ZE", "en", using="portal") == []
    assert venues_for("", "other", using="portal") == []
    assert emergency_numbers("FR", using="portal") == ["15", "17", "18", "112"]


def test_the_portal_does_not_read_the_agencies():
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic(using="portal"):
        agencies_for("ZE", using="portal")


@pytest.mark.parametrize("model", [Helpline, EmergencyNumber, Venue], ids=lambda model: model.__name__)
def test_the_portal_changes_nothing(model):
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic(using="portal"):
        model.objects.using("portal").update(id=1)


@pytest.mark.parametrize("model", [Helpline, EmergencyNumber, Venue], ids=lambda model: model.__name__)
def test_the_desk_removes_nothing(model):
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        model.objects.all()._raw_delete("default")
