"""Names who a case speaks of."""

from __future__ import annotations

from .models import Case, CaseParty, Party


def name_party(case: Case, kind: str, name: str, platform: str, part: str) -> Party:
    """Give a party a part in a case: the one that is there already, or a new one."""
    here = Party.objects.filter(
        kind=kind, name=name, platform=platform, merged_into=None, in_cases__case=case
    ).first()
    party = here or Party.objects.create(kind=kind, name=name, platform=platform, first_case=case)
    CaseParty.objects.get_or_create(case=case, party=party, part=part, removed_at=None)
    return party
