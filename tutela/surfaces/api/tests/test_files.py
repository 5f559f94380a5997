"""Files through the API: their bytes first, then the step that makes an exhibit of them."""

from __future__ import annotations

import hashlib
import io

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.test import Client

from tutela.core.audit.models import Act, Entry
from tutela.core.cases.models import Exhibit
from tutela.core.files.models import Scan
from tutela.core.files.tests.places import objects, own_store
from tutela.core.people.actor import acting_as
from tutela.surfaces.api import sending
from tutela.surfaces.api.problems import RequestProblem

HEADERS = {
    "Content-Type": "application/octet-stream",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
}
BYTES = {"content_type": "application/octet-stream"}


@pytest.fixture(autouse=True)
def folder(tmp_path):
    with own_store(tmp_path / "files") as found:
        yield found


def test_a_file_is_sent_and_becomes_an_exhibit(call, cast, reference, folder):
    juniper, data = call("juniper"), b"evidence" * 100_000
    answer = juniper.post(f"/cases/{reference}/files?name=log.txt", data, **BYTES)
    assert answer.status_code == 201, answer.content
    kept = answer.json()
    assert (kept["name"], kept["size"]) == ("log.txt", len(data))
    assert kept["sha256"] == hashlib.sha256(data).hexdigest()
    again = juniper.post(f"/cases/{reference}/files?name=log.txt", data, **BYTES)
    assert again.json() == kept  # a second try, after an answer that never came
    assert len(objects(folder)) == 1
    said = {"file": str(kept["id"]), "title": "Log"}
    done = juniper.post(f"/cases/{reference}/steps/add_file", said)
    assert done.status_code == 200, done.content
    with acting_as(cast.juniper):
        assert Exhibit.objects.get().file_id == kept["id"]


def test_who_may_not_add_is_told_before_anything_is_read(call, reference, folder):
    assert call("wren").post(f"/cases/{reference}/files", b"x", **BYTES).status_code == 404
    assert call("larch", "read").post(f"/cases/{reference}/files", b"x", **BYTES).status_code == 403
    assert objects(folder) == []


def test_another_type_no_length_and_too_much_are_refused(call, reference, folder, settings):
    settings.LARGEST_FILE = 1_048_576
    juniper, path = call("juniper"), f"/cases/{reference}/files"
    assert juniper.post(path, b"{}").status_code == 415
    assert juniper.post(path, b"x" * 1_048_577, **BYTES).status_code == 413
    assert juniper.post(f"{path}?name=%00", b"x", **BYTES).status_code == 422
    assert (
        juniper.post(f"/cases/{reference}/steps/add_file", {"file": "999", "title": "x"}).status_code == 422
    )
    assert objects(folder) == []


def test_a_file_that_breaks_off_is_not_kept(cast, reference, folder):
    said = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": "20", "wsgi.input": io.BytesIO(b"x" * 10)}
    pieces = sending.pieces_of(WSGIRequest({**said, "PATH_INFO": "/"}), 20)
    with pytest.raises(RequestProblem, match="broke off"):
        sending.sent(reference, cast.juniper, "half.bin", pieces)
    assert objects(folder) == []


def sent(call, reference, data, name="log.txt"):
    juniper = call("juniper")
    kept = juniper.post(f"/cases/{reference}/files?name={name}", data, **BYTES).json()
    said = {"file": str(kept["id"]), "title": "Log"}
    assert juniper.post(f"/cases/{reference}/steps/add_file", said).status_code == 200
    return juniper


def looks(cast):
    with acting_as(cast.alder):
        return [one.detail for one in Entry.objects.filter(act=Act.EXHIBIT_LOOKED).order_by("id")]


def test_an_exhibit_is_listed_and_leaves_as_it_came(call, cast, reference):
    data = b"evidence" * 300_000
    juniper = sent(call, reference, data)
    [listed] = juniper.get(f"/cases/{reference}/exhibits").json()["items"]
    assert (listed["number"], listed["name"], listed["size"]) == (1, "log.txt", len(data))
    assert looks(cast) == []
    answer = juniper.get(f"/cases/{reference}/exhibits/1/file")
    assert b"".join(answer.streaming_content) == data
    assert hashlib.sha256(data).hexdigest() == listed["sha256"]
    assert {name: answer[name] for name in HEADERS} == HEADERS
    assert answer["Content-Length"] == str(len(data))
    assert looks(cast) == [{"exhibit": 1, "file": True}]
    head = Client().head(f"/api/v1/cases/{reference}/exhibits/1/file", headers=juniper._headers())
    assert (head["Content-Length"], b"".join(head.streaming_content)) == (str(len(data)), b"")


def test_words_leave_as_well(call, cast, reference):
    text = {"kind": "text", "title": "Log", "text": "line"}
    juniper = call("juniper")
    assert juniper.post(f"/cases/{reference}/steps/add_exhibit", text).status_code == 200
    answer = juniper.get(f"/cases/{reference}/exhibits/1/file")
    assert b"".join(answer.streaming_content) == b"line"
    assert f"{reference}-E-1.txt" in answer["Content-Disposition"]


def test_an_exhibit_leaves_for_those_who_see_the_case(call, cast, reference):
    sent(call, reference, b"evidence")
    for caller in (call("wren"), call("sorrel")):
        assert caller.get(f"/cases/{reference}/exhibits/1/file").status_code == 404
        assert caller.get(f"/cases/{reference}/exhibits").status_code == 404
    assert call("juniper").get(f"/cases/{reference}/exhibits/2/file").status_code == 404
    assert looks(cast) == []


def test_a_harmful_exhibit_leaves_for_whoever_says_that_they_know(call, cast, reference):
    juniper = sent(call, reference, b"evidence")
    with acting_as(cast.juniper):
        Scan.objects.update(state=Scan.State.FOUND, found="Test.Harmful")
    assert juniper.get(f"/cases/{reference}/exhibits/1/file").status_code == 404
    answer = juniper.get(f"/cases/{reference}/exhibits/1/file", sure="true")
    assert b"".join(answer.streaming_content) == b"evidence"
    assert looks(cast) == [{"exhibit": 1, "file": True, "harmful": True}]
