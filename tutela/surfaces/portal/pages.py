"""Pages that only tell something: the first page, numbers, people to talk to, who we are."""

from __future__ import annotations

import re

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language, get_language_from_request, override
from django.utils.translation import gettext_lazy as _

from tutela.programs.directory.find import helplines_for
from tutela.programs.directory.models import Helpline
from tutela.programs.directory.numbers import countries, emergency_numbers

from . import doors, store
from .answers import public, render
from .words import lines

ABOUT = {
    "what-we-do": _("What we can and cannot do"),
    "who-sees": _("Who sees your report"),
    "other-ways": _("Other ways to reach us"),
    "accessibility": _("Accessibility"),
}


@public("GET")
def root(request: HttpRequest) -> HttpResponse:
    """The way to the first page in the language that the browser wishes; never by network address."""
    with override(get_language_from_request(request)):
        response = HttpResponseRedirect(reverse("portal:home"))
    patch_vary_headers(response, ["Accept-Language"])
    return response


@public("GET")
def home(request: HttpRequest) -> HttpResponse:
    """The first page: is someone in danger, what is happening, I have a code."""
    return render(request, "home", {"large": doors.LARGE, "small": doors.SMALL})


@public("GET")
def other(request: HttpRequest) -> HttpResponse:
    """Everything that is no emergency: which door."""
    return render(request, "other", {"doors": doors.TRIAGE.values()})


@public("GET")
def done(request: HttpRequest) -> HttpResponse:
    """After the code was kept: that is all for now."""
    return render(request, "done")


@public("GET")
def numbers(request: HttpRequest) -> HttpResponse:
    """Emergency numbers of the country that somebody chooses, and people to talk to there.

    Without a database there are still the numbers that everybody knows.
    """
    country = _country(request)
    try:
        with store.reachable():
            context = _numbers(country, store.DATABASE)
            context["lines"] = lines(_lines(country)) if context["name"] else []
    except store.Unreachable:
        context = _numbers(country, None)
    return render(request, "numbers", context)


@public("GET")
def talk(request: HttpRequest) -> HttpResponse:
    """People to talk to: those of a country, and those for everybody."""
    country = _country(request)
    with store.reachable():
        context = _places(country, store.DATABASE)
        context["lines"] = lines(_lines(country))
    return render(request, "help", context)


def _country(request: HttpRequest) -> str:
    wished = request.GET.get("country", "")
    return wished if re.fullmatch(r"[A-Z]{2}", wished) else ""


def _numbers(country: str, using: str | None) -> dict[str, object]:
    context = _places(country, using)
    return {**context, "numbers": emergency_numbers(country, using=using) if context["name"] else []}


def _places(country: str, using: str | None) -> dict[str, object]:
    known = countries(_language(), using=using)
    return {"countries": known, "country": country, "name": dict(known).get(country, "")}


def _lines(country: str) -> list[Helpline]:
    return helplines_for(country, _language(), using=store.DATABASE)


def _language() -> str:
    return get_language() or settings.LANGUAGE_CODE


@public("GET")
def about(request: HttpRequest, slug: str) -> HttpResponse:
    """One of the pages on what we do and how. Raises Http404 for any other."""
    if slug not in ABOUT:
        raise Http404
    context = {
        "title": ABOUT[slug],
        "emergency_address": settings.EMERGENCY_ADDRESS,
        "contact_address": settings.CONTACT_ADDRESS,
    }
    return render(request, f"about/{slug}", context)
