"""Files through the API: their bytes first, then the step that makes an exhibit of them."""

from __future__ import annotations

import hashlib
import io

import pytest
from django.core.handlers.wsgi import WSGIRequest

from tutela.core.cases.models import Exhibit
from tutela.core.files.tests.places import objects, own_store
from tutela.core.people.actor import acting_as
from tutela.surfaces.api import sending
from tutela.surfaces.api.problems import RequestProblem

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
