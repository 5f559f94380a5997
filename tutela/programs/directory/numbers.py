"""Emergency numbers by country: ours where we keep some, else those of the `phonenumbers` library."""

from __future__ import annotations

from functools import cache

import phonenumbers
from babel import Locale
from phonenumbers.phonemetadata import PhoneMetadata

from .models import EmergencyNumber
from .patterns import numbers_of


def emergency_numbers(country: str, *, using: str | None = "default") -> list[str]:
    """The numbers to call in a country, the shortest first; empty where we know none.

    `country` is an ISO 3166 code such as "FR". With `using=None` no database is asked: the library's only.
    """
    kept = using and EmergencyNumber.objects.using(using).filter(country=country.upper()).first()
    return list(kept.numbers) if kept else list(_library(country.upper()))


def countries(language: str = "en", *, using: str | None = "default") -> list[tuple[str, str]]:
    """Every country whose numbers we know: code and name in the language, sorted by name.

    With `using=None` no database is asked: the library's only.
    """
    ours = dict(EmergencyNumber.objects.using(using).values_list("country", "name")) if using else {}
    names = _territories(language)
    known = {
        code: names[code] for code in phonenumbers.SUPPORTED_SHORT_REGIONS if code in names and _library(code)
    }
    known |= {code: name or names.get(code, code) for code, name in ours.items()}
    return sorted(known.items(), key=lambda pair: pair[1].casefold())


@cache
def _territories(language: str) -> dict[str, str]:
    spoken = Locale.parse(language.replace("-", "_"), resolve_likely_subtags=True)
    return {code: name for code, name in spoken.territories.items() if len(code) == 2}


@cache
def _library(country: str) -> tuple[str, ...]:
    if country not in phonenumbers.SUPPORTED_SHORT_REGIONS:
        return ()
    found = PhoneMetadata.short_metadata_for_region(country)
    emergency = found.emergency if found else None
    if emergency is None or not emergency.national_number_pattern:
        return ()
    return tuple(sorted(numbers_of(emergency.national_number_pattern), key=lambda one: (len(one), one)))
