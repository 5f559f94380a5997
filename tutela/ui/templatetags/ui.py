"""The elements as template tags: `{% load ui %}`. Every name, argument and state is listed in `ui/README.md`.

A tag takes either plain arguments or one object or dict whose fields it reads; a missing field is empty.
Block tags (`{% fold %}`, `{% message %}` and so on) wrap what stands between. No tag reads the database.
"""

from __future__ import annotations

import json
import zlib
from functools import cache
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from django import template
from django.conf import settings
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.translation import get_language_bidi, gettext

from tutela.ui import fields
from tutela.ui.assets import BUILT
from tutela.ui.icons import NAMES
from tutela.ui.tongues import Tongue, tongues

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.forms import BoundField
    from django.http import HttpRequest
    from django.utils.safestring import SafeString

register = template.Library()

SHAPES = {"law": "statutory", "statutory": "statutory", "target": "target", "internal": "internal"}
URGENCIES = frozenset({"runs", "soon", "now", "late", "paused", "met"})
SEVERITIES = ("critical", "high", "medium", "low")
THEMES = ("light", "dark")
TONES = 6
#: What a button may be told, all of it absent: a name that a template does not find costs it a search.
_ANY_BUTTON = dict.fromkeys(
    (
        *("kind", "size", "icon", "key", "type", "name", "value", "form", "id", "href", "blocked"),
        *("wide", "flush", "only_icon", "title", "class", "busy"),
    ),
    "",
)


# ---------------------------------------------------------------------------------------------- pieces


@register.simple_tag
def icon(name: str, label: str = "", size: str = "") -> SafeString:
    """Draw one icon of the sprite; `label` names it, without one it is decoration. `size`: small, large.

    Raises `ValueError` for a name that `tutela.ui.icons` does not list: a typing error is seen at once.
    """
    if name not in NAMES:
        message = f"no icon is named {name!r}; the names are in tutela/ui/icons.py"
        raise ValueError(message)
    if label:
        return _named(name, size, label)
    return _plain(name, size, rtl=name in _directions() and get_language_bidi())


@cache
def _plain(name: str, size: str, *, rtl: bool) -> SafeString:
    """An icon that is decoration: a page has dozens of them, and there are few to know."""
    classes, use = _drawing(name, size, rtl=rtl)
    return format_html('<svg class="{}" aria-hidden="true" focusable="false">{}</svg>', classes, use)


def _named(name: str, size: str, label: str) -> SafeString:
    classes, use = _drawing(name, size, rtl=get_language_bidi())
    return format_html('<svg class="{}" role="img" aria-label="{}">{}</svg>', classes, label, use)


@cache
def _drawing(name: str, size: str, *, rtl: bool) -> tuple[str, SafeString]:
    direction = _directions().get(name, "")
    marks = [f"icon--{size}" if size else "", "icon--flips" if direction == "flips" else ""]
    classes = " ".join(["icon", *filter(None, marks)])
    drawing = f"{name}-rtl" if direction == "rtl" and rtl else name
    return classes, format_html('<use href="{}#{}"/>', static("ui/built/icons.svg"), drawing)


@register.simple_tag
def key(*names: str) -> SafeString:
    """Show keys of the keyboard, side by side and left to right in every language."""
    caps = format_html("{}" * len(names), *(format_html("<kbd>{}</kbd>", name) for name in names))
    return caps if len(names) == 1 else format_html('<span class="keys">{}</span>', caps)


@register.inclusion_tag("ui/elements/button.html")
def button(label: str, **options: Any) -> dict[str, Any]:
    """Show a button, or a link that looks like one when `href` is given.

    `kind`: act, normal, quiet, link, harm. `size`: small, large. `icon`, `key`, `type` (submit), `name`,
    `value`, `form`, `id`, `wide`, `flush`, `only_icon`, `title`, `class`, `busy` (words while it works),
    `data` (dict of data attributes).
    `blocked` is the reason why it cannot be pressed: it stays visible, says so, and does nothing.
    """
    told: dict[str, Any] = {"data": {}, **_ANY_BUTTON, **options}
    classes = [
        "button",
        *(f"button--{mark}" for mark in (told["kind"], told["size"]) if mark not in {"", "normal"}),
    ]
    classes += [f"button--{mark}" for mark in ("wide", "flush") if told[mark]]
    classes += ["button--icon"] if told["only_icon"] else []
    classes += [told["class"]] if told["class"] else []
    return {**told, "label": label, "classes": " ".join(classes)}


@register.inclusion_tag("ui/elements/chip.html")
def chip(text: str, kind: str = "", icon: str = "", **options: Any) -> dict[str, Any]:
    """Show one fact. `kind`: act, harm, soon, done, sealed, bare; `strong=True` for the state of a case."""
    return {"text": text, "kind": kind, "icon": icon, **options}


@register.inclusion_tag("ui/elements/ring.html")
def ring(left: float | str = 1, size: str = "") -> dict[str, Any]:
    """Draw a ring of which `left` (0 to 1) is still there. `size`: large."""
    part = round(100 * min(1.0, max(0.0, float(left or 0))))
    return {"part": part, "size": size, "width": 3 if size == "large" else 4}


@register.inclusion_tag("ui/elements/clock.html")
def clock(face: Any) -> dict[str, Any]:
    """Show a clock in one line. Fields of `face`: see `tutela.ui.clockface.Face`."""
    return {"clock": _clock(face)}


@register.inclusion_tag("ui/elements/clock_cell.html")
def clock_cell(face: Any) -> dict[str, Any]:
    """Show a clock in full, one of a row of them under the title of a case."""
    return {"clock": _clock(face)}


@register.inclusion_tag("ui/elements/severity.html")
def severity(level: str, *, words: bool = True) -> dict[str, Any]:
    """Show how severe: critical (octagon), high, medium, low (three, two, one bars). Raises `ValueError`."""
    if level not in SEVERITIES:
        message = f"no severity is named {level!r}"
        raise ValueError(message)
    name = {
        "critical": gettext("Critical"),
        "high": gettext("High"),
        "medium": gettext("Medium"),
        "low": gettext("Low"),
    }
    full = {
        "critical": gettext("Critical severity"),
        "high": gettext("High severity"),
        "medium": gettext("Medium severity"),
        "low": gettext("Low severity"),
    }
    return {
        "level": level,
        "icon": f"severity-{level}",
        "name": name[level],
        "full": full[level],
        "words": words,
    }


@register.inclusion_tag("ui/elements/avatar.html")
def avatar(person: Any = None, size: str = "", *, spoken: bool = True) -> dict[str, Any]:
    """Show the first letter of a working name; `None` is a dashed ring, nobody yet.

    `person` is a name or anything whose `str()` is one. `spoken=False` where the name stands beside it.
    """
    name = str(person) if person else ""
    return {"name": name, "letter": name[:1].upper(), "tone": tone(name), "size": size, "spoken": spoken}


@register.inclusion_tag("ui/elements/who.html")
def who(person: Any = None, note: str = "") -> dict[str, Any]:
    """Show avatar and name; `note` is said quietly after it (since when, you, backs up)."""
    return {"person": person, "note": note}


@register.inclusion_tag("ui/elements/presence.html")
def presence(people: Iterable[Any] = (), *, words: bool = False) -> dict[str, Any]:
    """Show who else is looking; nothing at all when nobody is. `words=True` says it beside the avatars."""
    names = [str(person) for person in people]
    return {"people": names, "names": ", ".join(names), "words": words}


def tone(name: str) -> int:
    """Return the tone (1 to 6) of a working name: the same on every page and every day."""
    return zlib.crc32(name.encode()) % TONES + 1


# ---------------------------------------------------------------------------------------------- blocks


@register.simple_block_tag
def fold(content: str, says: str, key: str = "", **options: Any) -> SafeString:
    """Fold what may hurt or is long. `says` tells what is inside and how much. `tight=True` inside facts."""
    return _block("fold", content, {"says": says, "key": key, **options})


@register.simple_block_tag
def message(content: str, kind: str = "notice", title: str = "", **options: Any) -> SafeString:
    """Say something in place. `kind`: notice, act, warning, error, success, sealed."""
    icons = {"error": "stop", "warning": "alert", "success": "success", "sealed": "lock"}
    live = "alert" if kind == "error" else "status"
    blocks = any(f"<{tag}" in content for tag in ("p", "ul", "ol", "dl", "form", "div"))
    context = {"kind": kind, "title": title, "icon": icons.get(kind, "info"), "live": live, "blocks": blocks}
    return _block("message", content, {**context, **options})


@register.simple_block_tag
def empty(content: str, title: str, icon: str = "check") -> SafeString:
    """Say why there is nothing here; between the tags stands when there will be, or what to do."""
    return _block("empty", content, {"title": title, "icon": icon})


@register.simple_block_tag(takes_context=True)
def dryrun(context: dict[str, Any], content: str, when: str, **options: Any) -> SafeString:
    """Frame what would happen, and say that nothing has been changed. `again`: where "Run again" posts."""
    return _block("dryrun", content, {"when": when, "csrf_token": context.get("csrf_token"), **options})


@register.simple_block_tag
def event(content: str, icon: str = "note", kind: str = "", when: str = "", **options: Any) -> SafeString:
    """Show one line of a timeline. `kind`: act, wait, done, harm, sealed. `at`: the moment, for `<time>`."""
    return _block("event", content, {"icon": icon, "kind": kind, "when": when, **options})


# ---------------------------------------------------------------------------------------------- panels


@register.inclusion_tag("ui/elements/next.html")
def next_panel(panel: Any) -> dict[str, Any]:
    """Show what must happen next. Fields: title, icon, aside, lead, hint, primary, waits, also, not_yet."""
    return {"next": panel}


@register.inclusion_tag("ui/elements/step_row.html")
def step_row(step: Any) -> dict[str, Any]:
    """Show one further step. Fields: label, icon, key, url, hint, harm, blocked (why not, in one line)."""
    return {"step": step}


@register.inclusion_tag("ui/elements/effect.html")
def effect(item: Any) -> dict[str, Any]:
    """Show one effect on the outside world as a line. Fields: state, what, words, detail.

    `state`: due, sending, confirmed, refused, drifted. Only `confirmed` is green.
    """
    looks = {
        "due": ("wait", "wait", "", ""),
        "sending": ("act", "refresh", "act", ""),
        "confirmed": ("done", "approve", "done", "check"),
        "refused": ("harm", "stop", "harm", "alert"),
        "drifted": ("harm", "alert", "harm", ""),
    }
    kind, mark, look, sign = looks[_get(item, "state")]
    return {"effect": item, "kind": kind, "mark": mark, "look": look, "sign": sign}


@register.inclusion_tag("ui/elements/trail.html")
def trail(stages: Iterable[Any]) -> dict[str, Any]:
    """Show the stages of one effect in a row. Fields of a stage: words, state, strong, url, fact."""
    return {"stages": stages}


@register.inclusion_tag("ui/elements/chain_row.html")
def chain_row(link: Any) -> dict[str, Any]:
    """Show one step of a chain of review. Fields: part (a heading), or number, state, what, who, end.

    `state`: done, here, ahead, stopped.
    """
    return {"link": link}


@register.inclusion_tag("ui/elements/party.html")
def party(item: Any) -> dict[str, Any]:
    """Show one party. Fields: name, url, icon, role, role_kind, more, wikis (each: name, blocked)."""
    return {"party": item}


@register.inclusion_tag("ui/elements/exhibit.html")
def exhibit(item: Any) -> dict[str, Any]:
    """Show an exhibit: a number, never a picture. Fields: number, title, url, more, state, sealed."""
    return {"exhibit": item}


@register.inclusion_tag("ui/elements/facts.html")
def facts(rows: Iterable[Any], *, two: bool = False) -> dict[str, Any]:
    """Show labels and values. A row is a pair or has label, value, url, chip, chip_kind, chip_icon, quiet."""
    return {"rows": [_fact(row) for row in rows], "two": two}


@register.inclusion_tag("ui/elements/tabs.html")
def tabs(items: Iterable[Any], label: str = "") -> dict[str, Any]:
    """Show links to parts of a list. Fields: label, count, url, current."""
    return {"tabs": items, "label": label}


@register.inclusion_tag("ui/elements/toast.html")
def toast(text: str, undo: str = "", key: str = "Z") -> dict[str, Any]:
    """Say what was done and offer to undo it (`undo` is where the button posts). Never for errors."""
    return {"text": text, "undo": undo, "key": key}


@register.inclusion_tag("ui/elements/meter.html")
def meter(value: float, maximum: float, label: str, words: str = "", *, soon: bool = False) -> dict[str, Any]:
    """Show a part of a whole as a bar, with words beside it."""
    return {"value": f"{value:g}", "maximum": f"{maximum:g}", "label": label, "words": words, "soon": soon}


@register.inclusion_tag("ui/elements/pages.html")
def pages(newer: str = "", older: str = "", words: str = "") -> dict[str, Any]:
    """Show the way to the page before and after; a way that is empty is not shown."""
    return {"newer": newer, "older": older, "words": words}


@register.inclusion_tag("ui/elements/table.html")
def table(
    heads: Iterable[str], rows: Iterable[Iterable[Any]], caption: str = "", *, tight: bool = False
) -> dict[str, Any]:
    """Show a table whose first column names the row. Numbers stand at the end of their cell."""
    lines = [list(row) for row in rows]
    numbers = [is_number(cell) for cell in lines[0]] if lines else []
    named = list(zip_longest(heads, numbers, fillvalue=False))
    return {"heads": named, "rows": lines, "caption": caption, "tight": tight}


# ---------------------------------------------------------------------------------------------- fields


@register.simple_tag
def field(bound: BoundField, look: str = "", **options: Any) -> SafeString:
    """Show one field of a Django form with label, help and error, tied together for screen readers.

    `look`: cards (one per row: cards-one, three: cards-three) for choices; code, link for what stays left to
    right. `optional=True` says so beside the label. A choice may carry a second line: `Label|second line`.
    """
    return render_to_string("ui/elements/field.html", {**fields.shown(bound, look), **options})


@register.filter
def first_line(label: Any) -> str:
    """Return what stands before the bar in the label of a choice."""
    return str(label).partition("|")[0].strip()


@register.filter
def second_line(label: Any) -> str:
    """Return what stands after the bar in the label of a choice, or nothing."""
    return str(label).partition("|")[2].strip()


@register.filter
def is_number(value: Any) -> bool:
    """Return whether a cell holds a number and so stands at the end of its column."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


# ---------------------------------------------------------------------------------------------- pages


@register.simple_tag(takes_context=True)
def theme(context: dict[str, Any]) -> str:
    """Return the theme that this browser has pinned at the desk (light, dark) or nothing."""
    request: HttpRequest | None = context.get("request")
    pinned = request.COOKIES.get("tutela-theme", "") if request else ""
    return pinned if pinned in THEMES else ""


@register.simple_tag(takes_context=True)
def rail_is_slim(context: dict[str, Any]) -> bool:
    """Return whether the rail is narrow: what the person chose, or else what the page asks for (`slim`)."""
    request: HttpRequest | None = context.get("request")
    chosen = request.COOKIES.get("tutela-rail", "") if request else ""
    return chosen == "slim" if chosen else bool(context.get("slim"))


@register.simple_tag
def organisation() -> str:
    """Return the name of the organisation that runs this Tutela."""
    return str(getattr(settings, "ORGANISATION", "Example Foundation"))


@register.simple_tag
def leave_url() -> str:
    """Return where "Leave this page now" leads: a page that says nothing about this one."""
    return str(getattr(settings, "LEAVE_URL", "https://www.wikipedia.org/"))


@register.simple_tag(takes_context=True)
def languages(context: dict[str, Any]) -> list[Tongue]:
    """Return the languages of the interface, the likeliest first; each has code, name, bidi, url, current."""
    return tongues(context.get("request"))


@register.simple_tag(takes_context=True)
def modules(context: dict[str, Any], *names: str) -> SafeString:
    """Load scripts of `static/ui/js/` by name, with the nonce of this answer."""
    nonce = str(context.get("CSP_NONCE", ""))
    sources = ((nonce, _script(name)) for name in names)
    return format_html_join("\n", '<script type="module" nonce="{}" src="{}"></script>', sources)


@cache
def _script(name: str) -> str:
    """The address of a script, which does not change while a process runs."""
    return static(f"ui/js/{name}.js")


# ---------------------------------------------------------------------------------------------- helpers


def _block(name: str, content: str, context: dict[str, Any]) -> SafeString:
    return render_to_string(f"ui/elements/{name}.html", {**context, "content": content})


def _get(item: Any, name: str, default: Any = "") -> Any:
    value = item.get(name, default) if isinstance(item, dict) else getattr(item, name, default)
    return default if value is None else value


def _clock(face: Any) -> dict[str, Any]:
    names = ("text", "sentence", "label", "detail", "icon", "due", "seconds", "soon", "now")
    fields = {name: _get(face, name) for name in names}
    shape, urgency = SHAPES[_get(face, "shape", "target")], _get(face, "urgency", "runs")
    if urgency not in URGENCIES:
        message = f"no urgency is named {urgency!r}"
        raise ValueError(message)
    ticks = bool(fields["due"]) and urgency not in {"paused", "met"}
    return {**fields, "shape": shape, "urgency": urgency, "left": _get(face, "left", 1), "ticks": ticks}


def _fact(row: Any) -> dict[str, Any]:
    if isinstance(row, (tuple, list)):
        return {"label": row[0], "value": row[1]}
    names = ("label", "value", "url", "chip", "chip_kind", "chip_icon", "quiet")
    return {name: _get(row, name) for name in names}


@cache
def _directions() -> dict[str, str]:
    path = BUILT / "icons.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
