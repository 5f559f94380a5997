"""Redacted slices over the API: asked for, agreed to, read by a partner, ended."""

from __future__ import annotations

from typing import Any

import pytest

from tutela.core.slices.tests.conftest import partner


def asked(**more: Any) -> dict[str, Any]:
    said = {"purpose": "An appeal is before the committee.", "readers": ["laurel"], "days": 14}
    return {**said, "parts": [{"source": "facts"}], "words": ["user_talk"], **more}


@pytest.fixture(autouse=True)
def _laurel(cast):
    partner("laurel")


def test_from_asking_to_the_end(call, cast, reference):
    juniper, laurel = call("juniper"), call("laurel")
    sources = juniper.get(f"/cases/{reference}/slice-sources").json()["items"]
    report = next(one for one in sources if one["name"].startswith("report-"))
    parts = [{"source": report["name"], "text": "Juniper read: GOODBYE"}, {"source": "facts"}]
    made = juniper.post(f"/cases/{reference}/slices", asked(parts=parts, words=["goodbye"]))
    assert made.status_code == 201, made.content
    body = made.json()
    assert body["parts"][0]["text"] == "█████ read: █████"
    assert (body["state"], [one["looks"] for one in body["readers"]]) == ("asked", [0])
    one = f"/cases/{reference}/slices/{body['id']}"
    assert laurel.get("/slices").json() == {"items": []}
    digest = {"digest": body["digest"]}
    assert juniper.post(f"{one}/give", digest).status_code == 403
    assert call("alder").post(f"{one}/give", {"digest": "0" * 64}).status_code == 409
    assert call("alder").post(f"{one}/give", digest).json()["state"] == "given"
    assert [each["id"] for each in laurel.get("/slices").json()["items"]] == [body["id"]]
    read = laurel.get(f"/slices/{body['id']}").json()
    assert (read["reader"], read["parts"]) == ("Laurel", body["parts"])
    assert laurel.get(one).status_code == laurel.get(f"/cases/{reference}").status_code == 404
    assert juniper.get(f"/slices/{body['id']}").status_code == 404
    assert juniper.get(one).json()["readers"][0]["looks"] == 1
    assert juniper.post(f"{one}/end", {"words": "short"}).status_code == 422
    assert juniper.post(f"{one}/end", {"words": "The committee decided."}).json()["state"] == "ended"
    assert laurel.get(f"/slices/{body['id']}").status_code == 404
    listed = juniper.get(f"/cases/{reference}/slices").json()["items"]
    assert [(each["id"], each["state"]) for each in listed] == [(body["id"], "ended")]


def test_names_are_blacked_out_unless_it_is_said_otherwise(call, reference):
    juniper = call("juniper")
    source = juniper.get(f"/cases/{reference}/slice-sources").json()["items"][0]["name"]
    parts = [{"source": source, "text": "Alder came."}]
    plain = juniper.post(f"/cases/{reference}/slices", asked(parts=parts, keep_names_of=["staff"])).json()
    black = juniper.post(f"/cases/{reference}/slices", asked(parts=parts)).json()
    assert [one["parts"][0]["text"] for one in (plain, black)] == ["Alder came.", "█████ came."]


@pytest.mark.parametrize(
    "change",
    [
        {"days": 60},
        {"days": 0},
        {"readers": ["juniper"]},
        {"readers": []},
        {"parts": [{"source": "report-99999"}]},
        {"parts": [{"source": "facts", "text": " "}]},
        {"words": ["…"]},
        {"keep_names_of": ["nobody"]},
        {"more": 1},
    ],
)
def test_what_cannot_be_used_is_told(call, reference, change):
    assert call("juniper").post(f"/cases/{reference}/slices", asked(**change)).status_code == 422


def test_a_stranger_gets_what_there_is_for_no_case(call, reference):
    wren = call("wren")
    for name in ("slices", "slice-sources", "slices/1"):
        answers = [wren.get(f"/cases/{one}/{name}") for one in (reference, "EM-2026-9999")]
        assert [one.status_code for one in answers] == [404, 404]
        assert answers[0].content == answers[1].content
    assert wren.post(f"/cases/{reference}/slices", asked()).status_code == 404
