"""The register knows an address again and cannot tell it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.cast import Cast, case_of, report_emergency
from tutela.core.people.actor import acting_as
from tutela.programs.registers.contacts import Act, contact_hash, enter, suspension, was_warned
from tutela.programs.registers.models import ContactRestriction

ADDRESS = "loud.reader@wiki.example"


@pytest.mark.parametrize(
    "same", ["Loud.Reader@Wiki.Example", "  loud.reader@wiki.example ", "loud.reader+x@wiki.example"]
)
def test_the_same_address_in_other_clothes_is_known_again(same):
    assert contact_hash(same) == contact_hash(ADDRESS)


@pytest.mark.parametrize("other", ["quiet.reader@wiki.example", "loud.reader@other.example", ""])
def test_another_address_is_another(other):
    assert contact_hash(other) != contact_hash(ADDRESS)


def test_the_hash_needs_our_key(settings):
    before = contact_hash(ADDRESS)
    settings.SECRET_KEY = "another key"
    assert contact_hash(ADDRESS) != before


@pytest.fixture
def write(cast: Cast):
    """Enter a row, as Juniper."""
    case = case_of(report_emergency(), cast.juniper)

    def entered(act, **more):
        return enter(act, ADDRESS, case, cast.juniper, reason="Again and again.", **more)

    with acting_as(cast.juniper):
        yield entered


@pytest.mark.django_db
def test_a_suspension_holds_until_its_end(write):
    now = timezone.now()
    write(Act.SUSPENDED, until=now + timedelta(days=30))
    assert suspension(ADDRESS) is not None
    assert suspension("LOUD.reader@wiki.example") is not None
    assert suspension("quiet.reader@wiki.example") is None
    assert suspension("") is None
    assert suspension(ADDRESS, now + timedelta(days=31)) is None


@pytest.mark.django_db
def test_a_suspension_without_end_holds_until_it_is_lifted(write):
    write(Act.SUSPENDED)
    assert suspension(ADDRESS, timezone.now() + timedelta(days=9000)) is not None
    write(Act.LIFTED)
    assert suspension(ADDRESS) is None
    write(Act.SUSPENDED)
    assert suspension(ADDRESS) is not None


@pytest.mark.django_db
def test_a_warning_suspends_nobody(write):
    assert not was_warned(ADDRESS)
    write(Act.WARNED)
    assert was_warned(ADDRESS)
    assert suspension(ADDRESS) is None


@pytest.mark.django_db
def test_the_address_is_nowhere_in_the_row(write):
    row = write(Act.WARNED)
    kept = ContactRestriction.objects.filter(pk=row.pk).values().get()
    assert not any("loud" in str(value) for value in kept.values())
