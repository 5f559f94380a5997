"""Does captures: asks the wiki and keeps what it shows as an exhibit.

Read-back looks for the exhibit, so that a crash in between makes no second one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from tutela.connectors.ports import OnDoubt, PageCopy, PageReader, ReadBack, Receipt, Verb
from tutela.core.cases.models import Case, Event, Exhibit
from tutela.core.errors import NotConfigured, Rejected
from tutela.core.flow import registry
from tutela.core.flow.context import Context
from tutela.core.flow.perform import notify
from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.roles import SystemActor

from .capturing import VERB, label_of
from .known import Wiki, wiki_of

#: What the timeline says when it is done.
STEP = "captured"


class Capturer:
    """Does captures: a connector, handed to the courier by the worker."""

    verbs: Mapping[str, Verb] = {VERB: Verb(VERB, OnDoubt.REPEAT)}

    def __init__(self, reader_of: Callable[[Wiki], PageReader]) -> None:
        self._reader_of = reader_of
        self._readers: dict[Wiki, PageReader] = {}

    def deliver(self, verb: str, payload: Mapping[str, Any], key: str) -> Receipt:  # noqa: ARG002  there is one
        """Ask the wiki, with no transaction open, and keep what it shows. Raises the connectors' errors."""
        address = str(payload["address"])
        wiki = wiki_of(address)
        if wiki is None:
            raise NotConfigured(
                _("This is no address of a wiki that we know."),
                what_to_do=_("Look at the address in the file of wikis."),
            )
        copy = self._reader(wiki).read(address)
        return _kept(payload, key, wiki, copy)

    def already_done(self, verb: str, payload: Mapping[str, Any], key: str) -> ReadBack:  # noqa: ARG002
        """Whether the exhibit is there."""
        with acting_as(system_actor(SystemActor.COURIER)):
            receipt = _receipt_of(int(payload["case"]), key)
        return ReadBack(receipt is not None, receipt)

    def describe(self, verb: str, payload: Mapping[str, Any]) -> str:  # noqa: ARG002
        """What would be done."""
        return label_of(str(payload["address"]))

    def _reader(self, wiki: Wiki) -> PageReader:
        if wiki not in self._readers:
            self._readers[wiki] = self._reader_of(wiki)
        return self._readers[wiki]


def _receipt_of(case: int, key: str) -> Receipt | None:
    event = Event.objects.filter(
        case=case, kind=Event.Kind.EXHIBIT, step=STEP, data__contains={"key": key}
    ).first()
    return Receipt(f"E-{event.data['number']}", event.at) if event else None


def _kept(payload: Mapping[str, Any], key: str, wiki: Wiki, copy: PageCopy) -> Receipt:
    with acting_as(system_actor(SystemActor.COURIER)) as actor:
        case = Case.objects.select_for_update(of=("self",), no_key=True).filter(pk=payload["case"]).first()
        if case is None:
            raise Rejected(_("The case is gone."), what_to_do=_("Nothing: there is nothing to keep it for."))
        if done := _receipt_of(case.pk, key):
            return done
        workflow = registry.workflow(case.workflow)
        context = Context(workflow, workflow.step("capture"), case, actor, {})
        written = _written(payload, wiki, copy)
        source = urlsplit(str(payload["address"])).hostname or ""
        exhibit = context.exhibit(Exhibit.Kind.CAPTURE, _title(copy, wiki), written.encode(), source=source)
        event = Event.objects.create(
            case=case,
            kind=Event.Kind.EXHIBIT,
            step=STEP,
            actor_id=actor.id,
            from_state=case.state,
            to_state=case.state,
            data={**context.said, "key": key, "number": exhibit.number},
        )
        case.version += 1
        case.updated_at = event.at
        case.save(update_fields=["version", "updated_at"])
        notify("tutela_live", {"case": case.pk, "version": case.version})
        return Receipt(str(exhibit), event.at)


def _title(copy: PageCopy, wiki: Wiki) -> str:
    if copy.missing:
        return _("Not there any more, or never: a page of %(wiki)s") % {"wiki": wiki.name}
    if copy.hidden:
        return _("Hidden in part: a revision on %(wiki)s") % {"wiki": wiki.name}
    return _("A revision on %(wiki)s") % {"wiki": wiki.name}


def _written(payload: Mapping[str, Any], wiki: Wiki, copy: PageCopy) -> str:
    """The exhibit: what is known of it, an empty line, the text. In English, as it is evidence."""
    shown = copy.text if copy.text is not None else ""
    lines = {
        "Address": payload["address"],
        "Wiki": wiki.name,
        "Call": copy.call,
        "Answered at": copy.at.isoformat(timespec="seconds"),
        "Asked for by": payload["asked_by"],
        "Found": "no" if copy.missing else "yes",
        "Title": copy.title,
        "Page id": copy.page or "",
        "Revision": copy.revision or "",
        "Revision before": copy.parent or "",
        "User": copy.user,
        "Written at": copy.written_at,
        "Comment": copy.comment,
        "Hidden on the wiki": ", ".join(copy.hidden),
        "SHA-256 of the text": "" if copy.text is None else hashlib.sha256(shown.encode()).hexdigest(),
    }
    # A value ends with its line: nobody writes a line of this head from the wiki.
    head = [f"{name}: {' '.join(str(value).split())}" for name, value in lines.items() if value]
    return "\n".join([*head, "", shown])
