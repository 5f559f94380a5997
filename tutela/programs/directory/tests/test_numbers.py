"""Emergency numbers: ours first, then the library's."""

from __future__ import annotations

import phonenumbers
import pytest

from tutela.programs.directory.models import EmergencyNumber
from tutela.programs.directory.numbers import countries, emergency_numbers
from tutela.programs.directory.patterns import numbers_of


@pytest.mark.parametrize(
    ("pattern", "numbers"),
    [
        ("112", {"112"}),
        ("112|999", {"112", "999"}),
        ("1(?:12|9[09])", {"112", "190", "199"}),
        ("1(?:1[2-4]|5)", {"112", "113", "114", "15"}),
        ("9(?:11?|2)", {"91", "911", "92"}),
        (r"15\d", {f"15{digit}" for digit in range(10)}),
    ],
)
def test_a_pattern_is_spelled_out(pattern, numbers):
    assert numbers_of(pattern) == numbers


@pytest.mark.parametrize("pattern", ["1+", "11)", "[abc", "1{2}"])
def test_a_pattern_that_is_not_understood_is_refused(pattern):
    with pytest.raises(ValueError, match=r"not understood|invalid literal|is not"):
        numbers_of(pattern)


@pytest.mark.django_db
def test_the_numbers_of_a_country_are_those_of_the_library():
    assert emergency_numbers("FR") == ["15", "17", "18", "112"]
    assert emergency_numbers("fr") == emergency_numbers("FR")
    assert emergency_numbers("ZQ") == []


@pytest.mark.django_db
def test_every_number_that_we_show_is_one_for_the_library():
    shown = {country: emergency_numbers(country) for country, _name in countries()}
    assert len(shown) > 230
    assert all(shown.values())
    assert [
        (country, number)
        for country, numbers in shown.items()
        for number in numbers
        if not phonenumbers.is_emergency_number(number, country)
    ] == []


@pytest.mark.django_db
def test_our_own_numbers_win():
    EmergencyNumber.objects.create(country="FR", name="", numbers=["5550112"])
    assert emergency_numbers("FR") == ["5550112"]


@pytest.mark.django_db
def test_countries_are_named_in_the_language_of_the_page():
    assert ("DE", "Germany") in countries("en")
    assert ("DE", "Deutschland") in countries("de")
    assert ("DE", "ألمانيا") in countries("ar")
    assert ("DE", "德国") in countries("zh-hans")


@pytest.mark.django_db
def test_an_invented_country_is_listed_under_its_own_name():
    EmergencyNumber.objects.create(country="ZE", name="Exampleland", numbers=["5550112"])
    assert ("ZE", "Exampleland") in countries("fr")
