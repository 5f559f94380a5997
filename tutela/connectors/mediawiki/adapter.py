"""Reads pages of one wiki, in our words and with our errors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from django.utils.translation import gettext as _

from tutela.connectors.ports import PageCopy
from tutela.core.errors import NotConfigured, Rejected, TryLater

from . import client
from .targets import Names, Target, names_of, target_of

_PROPERTIES = "ids|timestamp|user|comment|content"
_HIDDEN = {"texthidden": "text", "userhidden": "user", "commenthidden": "comment"}
#: What the API says of revisions that nobody can see, rather than of a mistake of ours.
_NOT_THERE = {"missingcontent", "nosuchrevid", "nosuchpageid", "missingtitle", "invalidtitle"}
Answer = TypeVar("Answer")


class WikiPages:
    """One wiki, by the address of its `api.php`; `agent` tells the wiki who asks and how to reach us."""

    def __init__(
        self, api: str, agent: str, *, local: bool = False, addresses: client.Addresses = client.look_up
    ) -> None:
        self._api = client.Api(api, agent, local, addresses)
        self._names: Names | None = None

    def read(self, address: str) -> PageCopy:
        """What the wiki shows of an address. Raises TryLater, Rejected, NotConfigured."""
        return _in_our_words(lambda: self._read(target_of(address, self._known())))

    def _known(self) -> Names:
        if self._names is None:
            wanted = "general|namespaces|namespacealiases|specialpagealiases"
            self._names = names_of(self._api.get(action="query", meta="siteinfo", siprop=wanted)["query"])
        return self._names

    def _read(self, target: Target) -> PageCopy:
        if target == Target():
            raise Rejected(
                _("This address names no page or revision that could be kept."),
                what_to_do=_("Keep what it shows as a file or as a text."),
            )
        asked: dict[str, str | int] = {"action": "query", "prop": "revisions", "rvslots": "main"}
        asked |= {"rvprop": _PROPERTIES, **self._which(target)}
        call = self._api.path_of(**asked)
        try:
            answer = self._api.get(**asked)
        except client.Refused as error:
            if _NOT_THERE.intersection(error.codes):
                return PageCopy(call, datetime.now(UTC), missing=True)
            raise
        return _copy(answer.get("query", {}), call)

    def _which(self, target: Target) -> dict[str, str | int]:
        if target.title:
            return {"titles": target.title}
        if target.page:
            return {"pageids": target.page}
        return {"revids": self._beside(target) if target.relative else target.revision}

    def _beside(self, target: Target) -> int:
        """The revision that a comparison shows on its right side; the one we have where nobody can tell."""
        asked: dict[str, str | int] = {
            "action": "compare",
            "fromrev": target.revision,
            "torelative": target.relative,
            "prop": "ids",
        }
        try:
            return int(self._api.get(**asked).get("compare", {}).get("torevid") or target.revision)
        except client.Refused:
            return target.revision


def _copy(query: Mapping[str, Any], call: str) -> PageCopy:
    pages = query.get("pages") or [{}]
    page: Mapping[str, Any] = pages[0]
    revisions = page.get("revisions") or []
    if not revisions:
        return PageCopy(call, datetime.now(UTC), missing=True, title=str(page.get("title", "")))
    one: Mapping[str, Any] = revisions[0]
    main = one.get("slots", {}).get("main", {})
    flags = {**main, **one}
    return PageCopy(
        call=call,
        at=datetime.now(UTC),
        title=str(page.get("title", "")),
        page=int(page.get("pageid", 0)),
        revision=int(one.get("revid", 0)),
        parent=int(one.get("parentid", 0)),
        user=str(one.get("user", "")),
        written_at=str(one.get("timestamp", "")),
        comment=str(one.get("comment", "")),
        hidden=tuple(word for flag, word in _HIDDEN.items() if flags.get(flag)),
        text=main.get("content"),
    )


def _in_our_words(ask: Callable[[], Answer]) -> Answer:
    try:
        return ask()
    except client.Busy as error:
        after = timedelta(seconds=error.seconds) if error.seconds else None
        raise TryLater(_("The wiki asks us to wait: %(error)s") % {"error": error}, after) from error
    except client.Away as error:
        raise TryLater(_("The wiki does not answer: %(error)s") % {"error": error}) from error
    except client.Forbidden as error:
        raise NotConfigured(
            _("We do not ask this wiki: %(error)s") % {"error": error},
            what_to_do=_("Look at the address in the file of wikis."),
        ) from error
    except client.Refused as error:
        raise Rejected(
            _("The wiki refused: %(error)s") % {"error": error},
            what_to_do=_("Keep what it shows as a file or as a text."),
        ) from error
