"""Reviews of roles over the API."""

from __future__ import annotations

from tutela.core.access import reviews


def test_from_the_list_to_a_decision(call, cast):
    assert reviews.tend() == 2
    alder, juniper = call("alder"), call("juniper")
    found = {one["workflow"]: one["id"] for one in alder.get("/reviews").json()["items"]}
    one = f"/reviews/{found['emergency']}"
    roles = {role["person"]["username"]: role["id"] for role in alder.get(one).json()["roles"]}
    assert juniper.get("/reviews").json() == {"items": [], "next": None}
    assert juniper.get(one).status_code == 404
    decided = f"{one}/roles/{roles['heron']}"
    said = {"keep": False, "words": "Has moved to another team."}
    assert call("alder", "read").post(decided, said).status_code == 403
    assert alder.post(decided, {"keep": False, "words": "short"}).status_code == 422
    after = {role["person"]["username"]: role for role in alder.post(decided, said).json()["roles"]}
    assert (after["heron"]["kept"], after["heron"]["decided_by"]["username"]) == (False, "alder")
    assert alder.post(decided, said).status_code == 409
    assert alder.post(f"{one}/roles/{roles['alder']}", said).status_code == 403
