"""The languages of the interface: their own names, the likeliest first, and the way to each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import translate_url
from django.utils.translation import get_language, get_language_info
from django.utils.translation.trans_real import parse_accept_lang_header

if TYPE_CHECKING:
    from django.http import HttpRequest


@dataclass(frozen=True)
class Tongue:
    """One language: its code, its name in itself, its direction, and this page in it."""

    code: str
    name: str
    bidi: bool
    url: str
    current: bool


def tongues(request: HttpRequest | None) -> list[Tongue]:
    """Return the languages in order: the page's own, what the browser wishes, then by name.

    The way to each is this page with another first part of its path. Never by network address.
    """
    path = request.get_full_path() if request else "/"
    wishes = _wishes(request)
    listed = [_tongue(code, path) for code, _name in settings.LANGUAGES]
    return sorted(listed, key=lambda one: (not one.current, _rank(one.code, wishes), one.name.casefold()))


def _tongue(code: str, path: str) -> Tongue:
    info = get_language_info(code)
    name = info["name_local"]
    here = get_language() or settings.LANGUAGE_CODE
    return Tongue(code, name[:1].upper() + name[1:], info["bidi"], translate_url(path, code), code == here)


def _wishes(request: HttpRequest | None) -> list[str]:
    header = request.headers.get("Accept-Language", "") if request else ""
    return [code.lower() for code, _weight in parse_accept_lang_header(header)]


def _rank(code: str, wishes: list[str]) -> int:
    """Return the place of a language among the wishes; `pt-br` is near enough to `pt`."""
    near = [place for place, wish in enumerate(wishes) if _root(wish) == _root(code)]
    return near[0] if near else len(wishes)


def _root(code: str) -> str:
    return code.partition("-")[0]
