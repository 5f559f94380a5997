"""Break-glass over the API, and why somebody sees a case."""

from __future__ import annotations

from tests.cast import EMERGENCY
from tutela.core.people.models import Grant
from tutela.core.people.roles import PLATFORM, Role

WHY = {"reason": "Nobody of the team answers the phone.", "minutes": 5}
SAID = {"justified": False, "words": "The team was there."}


def test_from_opening_to_review(call, cast, reference):
    Grant.objects.create(staff_id=cast.sorrel.id, workflow=PLATFORM, role=Role.SECURITY)
    Grant.objects.create(staff_id=cast.wren.id, workflow=EMERGENCY, role=Role.READER)
    wren, sorrel, juniper = call("wren"), call("sorrel"), call("juniper")
    assert wren.get(f"/cases/{reference}").status_code == 404
    made = wren.post(f"/cases/{reference}/break-glass", WHY)
    assert made.status_code == 201
    one = f"/openings/{made.json()['id']}"
    assert wren.get(f"/cases/{reference}").json()["steps"] == []
    assert wren.post(f"/cases/{reference}/steps/note", {"text": "x"}).status_code == 403
    assert sorrel.post(f"{one}/review", SAID).status_code == 409
    assert juniper.post(f"{one}/close").status_code == 403
    assert sorrel.post(f"{one}/close").json()["closed_by"]["username"] == "sorrel"
    assert wren.get(f"/cases/{reference}").status_code == 404
    looks = [look["act"] for look in sorrel.get(one).json()["looks"]]
    assert looks == ["case:looked"]
    assert sorrel.post(f"{one}/review", {"justified": "no"}).status_code == 422
    assert sorrel.post(f"{one}/review", SAID).json()["justified"] is False
    assert juniper.get("/openings").json()["items"][0]["review_words"] == "The team was there."


def test_it_is_refused_alike(call, reference):
    wren = call("wren")
    answers = [
        wren.post(f"/cases/{name}/break-glass", WHY) for name in (reference, "EM-2026-9999", "no-such")
    ]
    assert {one.status_code for one in answers} == {404}
    assert len({one.content for one in answers}) == 1
    assert wren.get("/openings").json() == {"items": [], "next": None}
    assert call("juniper").post(f"/cases/{reference}/break-glass", WHY).status_code == 409
    assert call("juniper", "read").post(f"/cases/{reference}/break-glass", WHY).status_code == 403


def test_why_is_for_managers(call, cast, reference):
    told = call("alder").get(f"/cases/{reference}/access", username="juniper").json()
    assert (told["sees"], told["person"]["username"]) == (True, "juniper")
    assert call("juniper").get(f"/cases/{reference}/access", username="juniper").status_code == 403
    assert call("alder").get(f"/cases/{reference}/access", username="nobody").status_code == 404
    assert call("alder").get(f"/cases/{reference}/access").status_code == 422
