"""From an HTML part to the text that a person would read in it. Nothing is run, nothing is fetched."""

from __future__ import annotations

import html
import re
from typing import Final

MAX_MARKUP: Final = 1_000_000
_MAX_TAG: Final = 1_000
_MAX_LINK: Final = 2_000

_SIGN: Final = re.compile(r"<[a-zA-Z/!?]")
_TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]{0,40})")
_TAG_SIGN: Final = re.compile(r"[>\"']")
_LINK: Final = re.compile(r"""\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_ALT: Final = re.compile(r"""\balt\s*=\s*(?:"([^"]*)"|'([^']*)')""", re.IGNORECASE)
_HUGE_NUMBER: Final = re.compile(r"&#[xX]?[0-9a-fA-F]{9,}+;?")
_SPACES: Final = re.compile(r"[ \t\r\n\f\v]+")
_UNSEEN: Final = frozenset({"script", "style", "title", "template", "noframes", "object", "svg", "math"})
_LINE_BREAKS: Final = frozenset(
    {"address", "article", "aside", "blockquote", "center", "dd", "details", "div", "dl", "dt"}
    | {"fieldset", "figcaption", "figure", "footer", "form", "header", "hr", "li", "main", "nav", "ol"}
    | {"section", "summary", "table", "tbody", "tfoot", "thead", "tr", "ul"}
)
_PARAGRAPHS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6", "p", "pre"})
_SAFE_LINKS: Final = ("http://", "https://", "mailto:")


def to_text(markup: str) -> str:
    """The readable text of a page, in lines. Work grows in step with the length of the page."""
    reader = _Reader(markup[:MAX_MARKUP])
    reader.read()
    lines = (line.strip(" ") for line in "".join(reader.out).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


class _Reader:
    """One pass over the page. Python's own HTML parser takes quadratic time on broken markup."""

    def __init__(self, markup: str) -> None:
        self.markup = markup
        self.out: list[str] = []
        self.position = 0
        self.kept = 0  # depth of <pre>
        self.ends = 2  # line ends at the end of `out`; the start counts as a paragraph's
        self.wanted = 0  # line ends that must stand before the next word
        self.link: tuple[str, int] | None = None  # an open link and where its label begins in `out`
        self.missing: set[str] = set()  # endings that do not come any more

    def read(self) -> None:
        """Go through the page. Once no `>` comes any more, all that is left is text."""
        while sign := None if ">" in self.missing else _SIGN.search(self.markup, self.position):
            self._text(self.markup[self.position : sign.start()])
            self.position = sign.start()
            self._sign()
        self._text(self.markup[self.position :])

    def _sign(self) -> None:
        """What stands at a `<`: a comment, a declaration, a tag, or just the character."""
        if self.markup.startswith("<!--", self.position):
            self._skip_past("-->", "<!--")
        elif self.markup.startswith(("<!", "<?"), self.position):
            self._skip_past(">", "<")
        elif tag := _TAG.match(self.markup, self.position):
            self._tag(tag)
        else:
            self._literal("<")

    def _skip_past(self, ending: str, shown_without: str) -> None:
        found = -1 if ending in self.missing else self.markup.find(ending, self.position)
        if found < 0:
            self.missing.add(ending)
            self._literal(shown_without)
        else:
            self.position = found + len(ending)

    def _literal(self, text: str) -> None:
        self._write(text)
        self.position += len(text)

    def _write(self, words: str) -> None:
        """Add words, on a new line or paragraph if that is wanted."""
        self.out.append("\n" * (self.wanted - self.ends) + words)
        self.ends = max(self.ends, self.wanted) if not words else 0
        self.wanted = 0

    def _tag(self, tag: re.Match[str]) -> None:
        end = self._tag_end(tag.end())
        if end < 0:
            self._literal("<")
            return
        closes, name = bool(tag[1]), tag[2].lower()
        inside = self.markup[tag.end() : end][:_MAX_LINK]
        self.position = end + 1
        if name in _UNSEEN and not closes:
            self._skip_element(name)
        elif name == "a":
            self._anchor(inside, closes=closes)
        elif name == "img":
            self._picture(inside)
        else:
            self._layout(name, closes=closes)

    def _tag_end(self, position: int) -> int:
        """Where the `>` of a tag stands: outside quotes, or the first one if quotes do not add up."""
        quote, limit = "", position + _MAX_TAG
        for sign in _TAG_SIGN.finditer(self.markup, position, limit):
            if sign[0] == quote:
                quote = ""
            elif not quote and sign[0] == ">":
                return sign.start()
            elif not quote:
                quote = sign[0]
        found = self.markup.find(">", position)
        if found < 0:
            self.missing.add(">")
        return found

    def _skip_element(self, name: str) -> None:
        ending = re.compile(rf"</{name}\b", re.IGNORECASE).search(self.markup, self.position)
        self.position = ending.start() if ending else len(self.markup)

    def _anchor(self, inside: str, *, closes: bool) -> None:
        if self.link:
            address, begin = self.link
            label = "".join(self.out[begin:])
            if address.removeprefix("mailto:") not in label:
                self._write(f" <{address}>")
            self.link = None
        found = None if closes else _LINK.search(inside)
        if found:
            address = _unescape(found[1] or found[2] or found[3] or "").strip()
            if address.lower().startswith(_SAFE_LINKS):
                self.link = (_SPACES.sub("", address), len(self.out))

    def _picture(self, inside: str) -> None:
        found = _ALT.search(inside)
        words = _unescape(found[1] or found[2] or "").strip() if found else ""
        if words:
            self._write(f"[{words}]")

    def _layout(self, name: str, *, closes: bool) -> None:
        if name == "pre":
            self.kept = max(self.kept + (-1 if closes else 1), 0)
        if name == "br":
            self._write("")
            self.out.append("\n")
            self.ends += 1
        elif name in _PARAGRAPHS:
            self.wanted = 2
        elif name in _LINE_BREAKS:
            self.wanted = max(self.wanted, 1)
            if name == "li" and not closes:
                self._write("• ")
        elif name in {"td", "th"} and closes:
            self._text(" ")

    def _text(self, text: str) -> None:
        words = _unescape(text).replace("\xa0", " ")
        if self.kept and words:
            self._write(words)
            return
        words = _SPACES.sub(" ", words)
        if words.strip():
            self._write(words)
        elif words and not self.wanted and not self.ends:
            self.out.append(" ")


def _unescape(text: str) -> str:
    """Entities read. A number of thousands of digits would raise, so it is replaced first."""
    return html.unescape(_HUGE_NUMBER.sub("\ufffd", text))
