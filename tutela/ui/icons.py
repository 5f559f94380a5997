"""The icons of Tutela by what they mean, and where each drawing comes from.

Pages name a meaning (`handover`), never a drawing. Most drawings are Codex's; the few that Codex does not
have are drawn here on the same grid of 20 by 20 with strokes of 2.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Meaning -> name in `@wikimedia/codex-icons`, without its `cdxIcon`.
CODEX = {
    "add": "Add",
    "alert": "Alert",
    "article": "Article",
    "attach": "Attachment",
    "bell": "BellOutline",
    "block": "BlockOutline",
    "book": "Book",
    "calendar": "Calendar",
    "camera": "Camera",
    "chart": "ChartBar",
    "check": "Check",
    "clock": "Clock",
    "close": "Close",
    "contrast": "HalfBright",
    "copy": "Copy",
    "down": "Expand",
    "download": "Download",
    "edit": "Edit",
    "external": "LinkExternal",
    "eye": "Eye",
    "eye-off": "EyeClosed",
    "filter": "Filter",
    "flag": "Flag",
    "folder": "FolderPlaceholder",
    "globe": "Globe",
    "handover": "Update",
    "hand": "Hand",
    "heart": "HeartOutline",
    "help": "HelpNotice",
    "history": "History",
    "home": "Home",
    "image": "Image",
    "info": "Notice",
    "key": "Key",
    "keyboard": "Keyboard",
    "language": "Language",
    "leave": "LogOut",
    "link": "Link",
    "lock": "Lock",
    "menu": "Menu",
    "merge": "Merge",
    "message": "SpeechBubble",
    "message-alert": "SpeechBubbleAlert",
    "messages": "SpeechBubbles",
    "moon": "Moon",
    "more": "Ellipsis",
    "next": "Next",
    "note": "Journal",
    "offline": "NetworkOff",
    "pause": "Pause",
    "place": "MapPin",
    "previous": "Previous",
    "print": "Printer",
    "refresh": "Reload",
    "search": "Search",
    "send": "Share",
    "settings": "Settings",
    "severity-critical": "Error",
    "sort": "SortVertical",
    "split": "Layout",
    "success": "Success",
    "stop": "Error",
    "sun": "Bright",
    "table": "Table",
    "tag": "Tag",
    "trash": "Trash",
    "tray": "Tray",
    "undo": "Undo",
    "unlock": "UnLock",
    "upload": "Upload",
    "user": "UserAvatarOutline",
    "users": "UserGroup",
}


@dataclass(frozen=True)
class Drawing:
    """One own drawing: what stands inside the `<symbol>`, and whether right-to-left pages mirror it."""

    body: str
    flips: bool = False


def _lines(path: str, *, width: float = 2) -> str:
    return f'<path d="{path}" fill="none" stroke="currentColor" stroke-width="{width:g}"/>'


def _bars(full: int) -> str:
    """Three bars that rise, `full` of them solid and the others pale."""
    shapes = ("M2 12h4v6H2z", "M8 7h4v11H8z", "M14 2h4v16h-4z")
    pale = ' opacity=".3"'
    return "".join(f'<path d="{d}"{"" if i < full else pale}/>' for i, d in enumerate(shapes))


#: Codex draws this one for both directions; UI rules want it to point where the text goes.
ALSO_FLIP = {"send"}

#: Meaning -> own drawing, where Codex has none.
OWN = {
    "mark": Drawing(
        _lines("M3.2 18v-7.4a6.8 6.8 0 0 1 13.6 0V18", width=2.4) + '<circle cx="10" cy="13.4" r="3"/>'
    ),
    "approve": Drawing(
        '<circle cx="10" cy="10" r="8" fill="none" stroke="currentColor" stroke-width="2"/>'
        + _lines("m6.3 10.2 2.6 2.6 4.8-5.3")
    ),
    "day": Drawing(_lines("M1 16h18M5 16a5 5 0 0 1 10 0M10 3.5v4M3.2 7.2l2.6 2.6M16.8 7.2l-2.6 2.6")),
    "phone": Drawing(
        _lines("M3 3.6 7 2l2 4.6-2.2 1.9c.9 2.2 2.5 3.8 4.7 4.7l1.9-2.2L18 13l-1.6 4C9 17.6 2.4 11 3 3.6z")
    ),
    "urgent": Drawing(_lines("M11.6 2 4.4 11.4h4.8L8.2 18l7.4-9.6h-5z", width=1.8)),
    "shield": Drawing(_lines("M10 2.2 17 4.6V10c0 4-2.8 6.6-7 7.9C5.8 16.6 3 14 3 10V4.6z")),
    "scale": Drawing(
        _lines("M10 2v15.5M5.5 17.5h9M3 5.5h14") + _lines("M5 6 2 12.5h6zM15 6l-3 6.5h6z", width=1.6)
    ),
    "copyright": Drawing(
        '<circle cx="10" cy="10" r="8" fill="none" stroke="currentColor" stroke-width="2"/>'
        + _lines("M13 8.2a3.5 3.5 0 1 0 0 3.6")
    ),
    "family": Drawing(
        '<g fill="none" stroke="currentColor" stroke-width="2"><circle cx="7" cy="5.5" r="3"/>'
        '<circle cx="14.5" cy="11.5" r="2"/></g>'
        + _lines("M1.5 18v-2.5c0-2.6 2-4.2 5-4.2 1.3 0 2.4.3 3.3.9M10.5 18c0-2 1.6-3.2 4-3.2s4 1.2 4 3.2")
    ),
    "mail": Drawing(_lines("M2 4h16v12H2zM2.5 5 10 11l7.5-6")),
    "wait": Drawing(
        _lines("M4.5 2.5h11M4.5 17.5h11")
        + _lines(
            "M6.2 3c0 3.8 3 4.7 3.8 7 .8-2.3 3.8-3.2 3.8-7M6.2 17c0-3.8 3-4.7 3.8-7 .8 2.3 3.8 3.2 3.8 7",
            width=1.8,
        )
    ),
    "severity-high": Drawing(_bars(3)),
    "severity-medium": Drawing(_bars(2)),
    "severity-low": Drawing(_bars(1)),
}

NAMES = sorted({*CODEX, *OWN})
