"""A wiki in memory that reads as a real one does, for tests."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from tutela.connectors.ports import PageCopy
from tutela.core.errors import Rejected, TryLater

from .targets import Names, Target, target_of


@dataclass
class FakePages:
    """Revisions, the oldest first; a page shows its newest. `away` makes it answer nobody."""

    names: Names = field(default_factory=Names)
    revisions: list[PageCopy] = field(default_factory=list)
    away: bool = False

    def add(self, title: str, text: str, *, user: str = "Sorrel") -> int:
        """Save a page, and return the number of the revision."""
        earlier = [one for one in self.revisions if one.title == title]
        number = len(self.revisions) + 1
        page = earlier[-1].page if earlier else len({one.title for one in self.revisions}) + 1
        parent = earlier[-1].revision if earlier else 0
        at = datetime.now(UTC)
        made = PageCopy("", at, False, title, page, number, parent, user, at.isoformat(), "", (), text)
        self.revisions.append(made)
        return number

    def hide(self, revision: int, *parts: str) -> None:
        """Hide text, user or comment of a revision."""
        one = self.revisions[revision - 1]
        gone: dict[str, str | None] = {"text": None, "user": "", "comment": ""}
        hidden = {part: gone[part] for part in parts}
        self.revisions[revision - 1] = replace(one, hidden=parts, **hidden)  # type: ignore[arg-type]

    def read(self, address: str) -> PageCopy:
        """As the real one."""
        target = target_of(address, self.names)
        if self.away:
            raise TryLater("away")
        if target == Target():
            raise Rejected("names nothing")
        now, call = datetime.now(UTC), f"fake {target}"
        found = [one for one in self.revisions if self._is(one, target)]
        if not found:
            return PageCopy(call, now, missing=True, title=target.title)
        return replace(found[-1], call=call, at=now)

    def _is(self, one: PageCopy, target: Target) -> bool:
        if target.revision:
            beside = {"next": one.parent, "cur": 0}.get(target.relative, one.revision)
            newest = target.relative == "cur" and one.page == self.revisions[target.revision - 1].page
            return newest or beside == target.revision
        return one.page == target.page if target.page else one.title == target.title
