"""What an address of a wiki names: a revision, a page, or nothing that can be kept. No request is made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

_NUMBER = re.compile(r"[1-9][0-9]{0,14}")


@dataclass(frozen=True)
class Names:
    """How one wiki forms its addresses and calls its special pages: what `meta=siteinfo` tells.

    `special` holds the names of the namespace and `aliases` leads from names of special pages to those that
    every wiki knows; both in small letters, with underscores.
    """

    articles: tuple[str, ...] = ("/wiki/$1",)
    script: str = "/w/index.php"
    special: frozenset[str] = frozenset({"special"})
    aliases: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Target:
    """What an address names: one of the four, or none. `relative` is next or cur, seen from `revision`."""

    revision: int = 0
    relative: str = ""
    page: int = 0
    title: str = ""


def names_of(siteinfo: Mapping[str, Any]) -> Names:
    """Read `meta=siteinfo` with general, namespaces, namespacealiases and specialpagealiases."""
    general = siteinfo.get("general", {})
    spaces = [one for one in siteinfo.get("namespaces", {}).values() if one.get("id") == -1]
    also = [one.get("alias", "") for one in siteinfo.get("namespacealiases", []) if one.get("id") == -1]
    called = [name for one in spaces for name in (one.get("name", ""), one.get("canonical", ""))]
    aliases = {
        _plain(alias): _plain(page["realname"])
        for page in siteinfo.get("specialpagealiases", [])
        for alias in (*page.get("aliases", []), page["realname"])
    }
    paths = (general.get("articlepath"), general.get("variantarticlepath"))
    return Names(
        articles=tuple(str(one).replace("$2", "*") for one in paths if one) or Names.articles,
        script=str(general.get("script") or Names.script),
        special=frozenset(map(_plain, (*called, *also, "Special"))),
        aliases=aliases,
    )


def target_of(address: str, names: Names) -> Target:
    """What the address names. Never raises; an address that names nothing gives an empty target."""
    try:
        parts = urlsplit(address)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    except ValueError:
        return Target()
    found = _from_query(query)
    if found:
        return found
    title = query.get("title", "") or _title_in(unquote(parts.path), names)
    return _named(title, names)


def _from_query(query: Mapping[str, str]) -> Target | None:
    diff, old = query.get("diff", ""), _number(query.get("oldid", ""))
    if _number(diff):
        return Target(revision=_number(diff))
    if old:
        relative = {"next": "next", "cur": "cur", "0": "cur"}.get(diff, "")
        relative = relative or {"next": "next"}.get(query.get("direction", ""), "")
        return Target(revision=old, relative=relative)
    page = _number(query.get("curid", "")) or _number(query.get("pageid", ""))
    return Target(page=page) if page else None


def _title_in(path: str, names: Names) -> str:
    # An article path first: "/$1" would take the script for a title, so the script goes before it.
    if path == names.script or path.endswith("/index.php"):
        return ""
    if "/index.php/" in path:
        return path.partition("/index.php/")[2]
    for article in names.articles:
        before, _dollar, after = article.partition("$1")
        pattern = re.escape(before).replace(r"\*", r"[\w-]+") + "(.+)" + re.escape(after)
        if match := re.fullmatch(pattern, path):
            return match[1]
    return ""


def _named(title: str, names: Names) -> Target:
    space, colon, rest = title.partition(":")
    if not colon or _plain(space) not in names.special:
        return Target(title=title.replace("_", " ").strip()) if title.strip("_ ") else Target()
    called, *parts = rest.split("/")
    page = names.aliases.get(_plain(called), _plain(called))
    if page in {"diff", "permanentlink"} and parts:
        return _diff(parts) if page == "diff" else Target(revision=_number(parts[0]))
    if page == "redirect" and len(parts) > 1:
        number = _number(parts[1])
        return {"revision": Target(revision=number), "page": Target(page=number)}.get(parts[0], Target())
    return Target()


def _diff(parts: list[str]) -> Target:
    """`12`, `11/12`, `12/prev`, `12/next`, `12/cur`: what stands on the right side."""
    first, last = _number(parts[0]), parts[1] if len(parts) > 1 else ""
    if _number(last):
        return Target(revision=_number(last))
    return Target(revision=first, relative=last if last in {"next", "cur"} else "") if first else Target()


def _number(said: str) -> int:
    return int(said) if _NUMBER.fullmatch(said) else 0


def _plain(name: str) -> str:
    return name.strip().replace(" ", "_").casefold()
