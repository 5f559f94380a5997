"""Declared conflicts over the API."""

from __future__ import annotations

SAID = {"name": "ExampleMoss", "reason": "We wrote an article together."}
OVER = {"words": "They do not work together any more."}


def test_from_declaring_to_ending(call, reference):
    heron, alder, juniper = call("heron"), call("alder"), call("juniper")
    party = {"kind": "account", "name": "ExampleMoss", "part": "reported"}
    assert juniper.post(f"/cases/{reference}/steps/add_party", party).status_code == 200
    made = heron.post("/conflicts", SAID)
    assert made.status_code == 201
    assert made.json()["person"]["username"] == "heron"
    assert heron.get(f"/cases/{reference}").status_code == 404
    one = f"/conflicts/{made.json()['id']}"
    assert [row["name"] for row in heron.get("/conflicts").json()["items"]] == ["ExampleMoss"]
    assert juniper.get(one).status_code == 404
    assert heron.post(f"{one}/end", OVER).status_code == 403
    told = alder.get(f"/cases/{reference}/access", username="heron").json()
    assert "conflict" in {reason["name"] for reason in told["reasons"] if reason["counts"]}
    lift = f"/cases/{reference}/lift-conflict"
    assert juniper.post(lift, {"username": "heron", **OVER}).status_code == 403
    assert alder.post(lift, {"username": "heron", **OVER}).json()["reference"] == reference
    assert heron.get(f"/cases/{reference}").status_code == 200
    assert alder.post(lift, {"username": "heron", **OVER}).status_code == 403
    assert alder.post(f"{one}/end", OVER).json()["over"] is True
    assert alder.post(f"{one}/end", OVER).status_code == 409


def test_it_may_name_a_colleague_and_days(call, cast):
    said = {
        "username": "heron",
        "colleague": "juniper",
        "reason": "They share a household.",
        "since": "2099-01-01T00:00:00Z",
        "until": "2099-02-01T00:00:00Z",
    }
    made = call("alder").post("/conflicts", said).json()
    assert (made["colleague"]["username"], made["name"]) == ("juniper", "")
    assert made["until"] == "2099-02-01T00:00:00Z"
    assert call("juniper").get("/conflicts").json()["items"] == []
    assert call("juniper").post("/conflicts", said).status_code == 403
    assert call("alder").post("/conflicts", {**said, "username": "nobody"}).status_code == 404
    assert call("alder").post("/conflicts", {**said, "name": "ExampleMoss"}).status_code == 422
    assert call("alder", "read").post("/conflicts", said).status_code == 403
