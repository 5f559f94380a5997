"""Pages over the API."""

from __future__ import annotations


def test_a_page_is_listed_until_somebody_answers(call, reference):
    juniper, sorrel = call("juniper"), call("sorrel")
    (found,) = juniper.get("/pages").json()["items"]
    assert (found["reference"], found["answered_by"], found["rounds"]) == (reference, None, 0)
    assert sorrel.get("/pages").json()["items"] == []
    where = f"/cases/{reference}/answer-page"
    assert sorrel.post(where, {}).status_code == 404
    assert call("juniper", "read").post(where, {}).status_code == 403
    assert juniper.post(where, {}).json()["answered_by"]["username"] == "juniper"
    assert juniper.post(where, {}).status_code == 409
    assert juniper.get("/pages").json()["items"] == []
