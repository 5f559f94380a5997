"""Parties, exhibits and linked cases of one case, as the elements draw them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Q, prefetch_related_objects
from django.urls import reverse
from django.utils.translation import gettext as _

from tutela.core.cases.models import Case, CaseLink, CaseParty, Exhibit, Party, PartyLink
from tutela.core.flow import registry
from tutela.core.kept import kept
from tutela.surfaces.desk.faces import hour, moment

from .scans import scan_of, words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from django.db.models import QuerySet

_ICONS = {Party.Kind.ACCOUNT: "user", Party.Kind.PERSON: "user", Party.Kind.ORGANISATION: "users"}
_LOUD = {CaseParty.Part.AT_RISK: "soon", CaseParty.Part.TARGET: "soon"}


def parties(case: Case) -> list[dict[str, Any]]:
    """Who the case speaks of, with links to others, how sure and until when. At most three queries."""
    here = _here(case.pk)
    if not here:
        return []
    links = _links(case.pk)
    return [_party(one, links, _names(here, links)) for one in here]


@kept
def _here(case: int) -> QuerySet[CaseParty]:
    return CaseParty.objects.filter(case=case, removed_at=None).select_related("party").order_by("id")


@kept
def _links(case: int) -> QuerySet[PartyLink]:
    return PartyLink.objects.filter(case=case, ended_at=None).order_by("id")


def _names(here: Sequence[CaseParty], links: Iterable[PartyLink]) -> dict[int, str]:
    """The names of all parties that the page speaks of. One query more when some are not of this case."""
    names = {one.party_id: one.party.name for one in here}
    others = {one.party.merged_into_id for one in here if one.party.merged_into_id}
    others |= {end for link in links for end in (link.party_id, link.other_id)}
    if absent := others - names.keys():
        names |= Party.objects.filter(pk__in=absent).values_list("pk", "name")
    return names


def _party(one: CaseParty, links: Iterable[PartyLink], names: Mapping[int, str]) -> dict[str, Any]:
    party = one.party
    notes = [party.platform] if party.platform else []
    if merged := names.get(party.merged_into_id or 0):
        notes.append(_("the same as %(name)s") % {"name": merged})
    notes += [_link(link, party, names) for link in links if party.pk in {link.party_id, link.other_id}]
    return {
        "name": party.name,
        "icon": _ICONS[Party.Kind(party.kind)],
        "role": one.get_part_display(),
        "role_kind": _LOUD.get(CaseParty.Part(one.part), ""),
        "more": " · ".join(notes),
    }


def _link(link: PartyLink, party: Party, names: Mapping[int, str]) -> str:
    other = link.other_id if link.party_id == party.pk else link.party_id
    values = {
        "name": names.get(other, ""),
        "sure": link.get_confidence_display(),
        "date": moment(link.expires_at) if link.expires_at else "",
    }
    if link.expires_at:
        return _("with %(name)s, confidence %(sure)s, ends %(date)s") % values
    return _("with %(name)s, confidence %(sure)s") % values


def exhibits(case: Case) -> list[dict[str, Any]]:
    """The evidence of a case: numbers and facts, never what is in it. Two queries more where it has files."""
    found = _exhibits(case.pk)
    prefetch_related_objects(found, "file__scan")
    return [_exhibit(case, one) for one in found]


@kept
def _exhibits(case: int) -> QuerySet[Exhibit]:
    return Exhibit.objects.filter(case=case).defer("data").order_by("number")


def _exhibit(case: Case, one: Exhibit) -> dict[str, Any]:
    scan = words_of(scan_of(one.file)) if one.file else ""
    return {
        "number": str(one),
        "title": one.label,
        "url": reverse("desk:exhibit", args=[case.reference, one.number]),
        "state": _("quarantined") if one.quarantine else one.get_kind_display(),
        "sealed": bool(one.quarantine),
        "more": " · ".join(filter(None, [hour(one.added_at), one.source, scan])),
    }


def linked(case: Case) -> list[dict[str, Any]]:
    """Cases that belong to this one, as far as the person sees them: first those it leads to. One query."""
    forth, back = [], []
    for kind, start, *ends in _linking(case.pk):
        if start == case.pk:
            forth.append(_linked(CaseLink.Kind(kind), *ends[:4], forth=True))
        else:
            back.append(_linked(CaseLink.Kind(kind), *ends[4:], forth=False))
    return forth + back


@kept
def _linking(case: int) -> QuerySet[CaseLink, tuple[Any, ...]]:
    links = CaseLink.objects.filter(Q(case=case) | Q(other=case), ended_at=None).order_by("id")
    return links.values_list("kind", "case_id", *_ends("other"), *_ends("case"))


def _ends(side: str) -> list[str]:
    return [f"{side}__{name}" for name in ("reference", "title", "workflow", "state")]


def _linked(
    kind: CaseLink.Kind, reference: str, title: str, workflow: str, state: str, *, forth: bool
) -> dict[str, Any]:
    return {
        "reference": reference,
        "title": title,
        "icon": "merge" if kind == CaseLink.Kind.DUPLICATE else "link",
        "url": reverse("desk:case", args=[reference]),
        "how": kind.label if forth else _BACK[kind](),
        "state": registry.workflow(workflow).state(state).label,
    }


_BACK = {
    CaseLink.Kind.DUPLICATE: lambda: _("Has this one merged into it"),
    CaseLink.Kind.SPLIT: lambda: _("Was split off"),
    CaseLink.Kind.REFERRED: lambda: _("Was referred on"),
    CaseLink.Kind.APPEAL: lambda: _("Is appealed by"),
    CaseLink.Kind.RELATED: lambda: _("Related to"),
}
