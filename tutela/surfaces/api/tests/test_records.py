"""Retention, legal holds and disposal over the API."""

from __future__ import annotations

from tutela.core.people.models import Token
from tutela.core.records import disposal
from tutela.core.records.tests.scene import BY_LAW, WHY, dispose, old

from .conftest import Caller, token


def grave(username: str) -> Caller:
    """Somebody whose token takes grave steps as well."""
    return Caller(token(username, Token.Scope.GRAVE))


def test_the_schedule_is_read(call):
    lines = {one["name"]: one for one in call("juniper").get("/retention").json()["items"]}
    assert lines["case:emergency"]["length"] == "3 years"
    assert lines["case:emergency"]["approval"] is True
    assert lines["audit"]["length"] is None


def test_from_the_preview_to_the_certificate(call, cast):
    reference, kept = old(cast), old(cast)
    alder, larch = call("alder"), call("larch")
    held = larch.post("/holds", {"cases": [kept], "reason": WHY, "authority": BY_LAW})
    assert held.status_code == 201
    due = alder.get("/retention/due", workflow="emergency", limit=1).json()
    assert [one["case"] for one in due["items"]] == [reference]
    rest = alder.get("/retention/due", workflow="emergency", cursor=due["next"]).json()
    assert [(one["case"], one["kept_by"]) for one in rest["items"]] == [(kept, "hold")]
    assert alder.post("/disposals", {"cases": [kept]}).status_code == 422
    made = alder.post("/disposals", {"cases": [reference], "reason": "Their time is over."})
    assert made.status_code == 201
    one = f"/disposals/{made.json()['number']}"
    assert alder.post(f"{one}/decide", {"verdict": "approved"}).status_code == 403
    assert call("wren").get(one).status_code == 404
    assert larch.post(f"{one}/decide", {"verdict": "refused"}).status_code == 422
    assert grave("larch").post(f"{one}/decide", {"verdict": "approved"}).json()["state"] == "approved"
    assert disposal.carry_out() == 1
    done = alder.get(one).json()
    assert done["state"] == "done"
    certificate = alder.get(f"/certificates/{done['cases'][0]['certificate']}").json()
    assert certificate["cases"] == [reference]
    assert certificate["as_logged"] is True
    assert certificate["approved_by"]["username"] == "larch"
    assert call("wren").get(f"/certificates/{certificate['number']}").status_code == 404
    assert alder.get(f"/cases/{reference}").status_code == 410
    assert [row["number"] for row in alder.get("/disposals").json()["items"]] == [made.json()["number"]]


def test_a_hold_is_placed_read_and_released(call, reference):
    larch, juniper = call("larch"), call("juniper")
    said = {"cases": [reference], "reason": WHY, "authority": BY_LAW, "review_at": "2035-01-31"}
    assert juniper.post("/holds", said).status_code == 403
    assert call("wren").post("/holds", said).status_code == 404
    made = larch.post("/holds", said).json()
    assert made["cases"][0]["case"] == reference
    one = f"/holds/{made['number']}"
    assert juniper.get(one).json()["authority"] == BY_LAW
    assert call("wren").get(one).status_code == call("wren").get("/holds/LH-2026-9999").status_code == 404
    assert juniper.post(f"{one}/release", {"reason": "It is in my way."}).status_code == 403
    assert larch.post(f"{one}/release", {"reason": "short"}).status_code == 422
    assert larch.post(f"{one}/release", {"reason": "It is all over."}).json()["released_at"]
    assert larch.post(f"{one}/release", {"reason": "It is all over."}).status_code == 409
    assert [row["number"] for row in juniper.get("/holds").json()["items"]] == [made["number"]]


def test_the_old_address_of_a_case_tells_that_it_went(call, cast):
    reference = old(cast)
    dispose(cast, reference)
    gone = call("alder").get(f"/cases/{reference}")
    assert gone.status_code == 410
    told = gone.json()
    assert (told["code"], told["certificate"]) == ("disposed", "DC-2026-0001")
    assert told["rule"].startswith("3 years")
    assert told["disposed_at"]
    for other in (call("wren"), call("sorrel")):
        nothing = other.get("/cases/EM-2020-0999")
        assert other.get(f"/cases/{reference}").json() == nothing.json()
        assert nothing.status_code == 404
