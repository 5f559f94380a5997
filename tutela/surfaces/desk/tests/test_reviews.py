"""Reviews of roles at the desk."""

from __future__ import annotations

import pytest

from tests.cast import EMERGENCY
from tutela.core.access import reviews
from tutela.core.access.models import Review
from tutela.core.people.actor import acting_as

pytestmark = pytest.mark.django_db


def test_from_my_day_to_a_decision(cast, desk):
    assert reviews.tend() == 2
    alder, juniper = desk(cast.alder), desk(cast.juniper)
    with acting_as(cast.alder):
        review = Review.objects.get(workflow=EMERGENCY)
        line = review.lines.get(grant__staff=cast.heron.id).pk
        own = review.lines.get(grant__staff=cast.alder.id).pk
    one = f"/desk/reviews/{review.pk}/"
    assert one in alder.get("/desk/").content.decode()
    assert "/desk/reviews/" not in juniper.get("/desk/").content.decode()
    assert one in alder.get("/desk/reviews/").content.decode()
    assert juniper.get(one).status_code == 404
    assert "Somebody else decides about your own role." in alder.get(one).content.decode()
    assert juniper.post(f"{one}{line}/", {"keep": "no", "words": "I say so, I do."}).status_code == 404
    short = alder.post(f"{one}{line}/", {"keep": "no", "words": "short"})
    assert short.status_code == 422
    assert 'value="short"' in short.content.decode() or ">\nshort" in short.content.decode()
    said = {"keep": "no", "words": "Has moved to another team."}
    assert alder.post(f"{one}{line}/", said).status_code == 302
    assert "Has moved to another team." in alder.get(one).content.decode()
    assert alder.post(f"{one}{line}/", said).status_code == 409
    assert alder.post(f"{one}{own}/", said).status_code == 403
    assert alder.post(f"{one}999999/", said).status_code == 404
