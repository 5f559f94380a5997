"""Finds whom to call and where to send people, from the nearest to the most general."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from .models import Agency, Helpline, Issue, Venue

MOST_VENUES = 3


def agencies_for(country: str, place: str = "", *, using: str = "default") -> list[Agency]:
    """The agencies of a country; those of the place come first, then those that serve all of it.

    `place` is matched as typed, without regard to case. Agencies of other places come last.
    """
    found = Agency.objects.using(using).filter(country=country).order_by("name", "id")
    wanted = place.casefold().strip()
    return sorted(found, key=lambda one: _distance(one.place.casefold(), wanted))


def _distance(place: str, wanted: str) -> int:
    if wanted and place == wanted:
        return 0
    return 2 if place else 1


def helplines_for(country: str, language: str = "", *, using: str = "default") -> list[Helpline]:
    """Helplines for a person: of the country in the language, of the country, for everywhere.

    Where the country has none, those that serve everywhere; in the language first. Never empty as long
    as one line serves everywhere.
    """
    lines = Helpline.objects.using(using).order_by("country", "name")
    found = list(lines.filter(country=country)) if country else []
    return sorted(
        found + list(lines.filter(country="")), key=lambda one: (one.country == "", not speaks(one, language))
    )


def speaks(one: Helpline | Agency, language: str) -> bool:
    """Whether a language is among those spoken: "pt-br" and "pt" understand each other."""
    stem = language.lower().split("-")[0]
    return bool(stem) and any(known.lower().split("-")[0] == stem for known in one.languages)


def venues_for(wiki: str, issue: str, *, using: str = "default") -> list[Venue]:
    """Up to three venues: of this wiki for the issue, else global for the issue, else the general ones.

    The general ones are those for "something else": first of the wiki, then global.
    """
    for where, what in _chain(wiki.strip(), issue):
        found = list(
            Venue.objects.using(using).filter(wiki__iexact=where, issue=what).order_by("position", "id")
        )
        if found:
            return found[:MOST_VENUES]
    return []


def _chain(wiki: str, issue: str) -> list[tuple[str, str]]:
    chain = [(wiki, issue), ("", issue), (wiki, Issue.OTHER.value), ("", Issue.OTHER.value)]
    return list(dict.fromkeys(chain))


def known_wikis(*, using: str = "default") -> list[str]:
    """The wikis that have venues of their own."""
    wikis: QuerySet[Venue, str] = (
        Venue.objects.using(using)
        .filter(~Q(wiki=""))
        .order_by("wiki")
        .values_list("wiki", flat=True)
        .distinct()
    )
    return list(wikis)


__all__ = ["agencies_for", "helplines_for", "known_wikis", "speaks", "venues_for"]
