"""What these tests share: partners, and a case of which something is shared with them."""

from __future__ import annotations

import pytest

from tests.cast import report_emergency
from tutela.core.people.actor import Actor
from tutela.core.people.models import Grant, Staff
from tutela.core.people.roles import PLATFORM, Role
from tutela.core.slices import sharing
from tutela.core.slices.models import Slice
from tutela.core.slices.sharing import Part, Wanted
from tutela.core.slices.sources import Names

WORDS = "ExampleMoss wrote goodbye. Juniper read it; moss@wiki.example sent it."


def partner(name: str) -> Actor:
    """Somebody with whom slices may be shared, and who sees nothing else."""
    staff = Staff.objects.create_person(name, name.title(), email=f"{name}@committee.example")
    Grant.objects.create(staff=staff, workflow=PLATFORM, role=Role.PARTNER)
    return Actor.of(staff, "desk")


def wanted(*readers: str, text: str = WORDS, **more: object) -> Wanted:
    """A slice of one part, in which the account is blacked out."""
    said = {"purpose": "An appeal is before the committee.", "days": 14, "words": ["examplemoss"]}
    return Wanted(readers=readers, parts=[Part("Report 1", text)], **{**said, **more})  # type: ignore[arg-type]


@pytest.fixture
def laurel(cast) -> Actor:
    """A partner."""
    return partner("laurel")


@pytest.fixture
def reference(cast) -> str:
    """A restricted case, with a sender."""
    return report_emergency(sender_email="moss@wiki.example", sender_name="Moss of wiki")


@pytest.fixture
def asked(cast, laurel, reference) -> Slice:
    """A slice that waits."""
    return sharing.ask_slice(cast.juniper, reference, wanted("laurel", names=[Names.SENDER, Names.STAFF]))


@pytest.fixture
def given(cast, asked) -> Slice:
    """A slice that its partner reads."""
    return sharing.give(cast.alder, asked.pk, sharing.digest_of(asked))
