"""A file is added at the desk: sealed while it arrives, kept once, and given back as it was."""

from __future__ import annotations

import io
import os
import re
import tempfile
from pathlib import Path

import pytest
from django.test import Client

from tutela.core.audit.models import Act, Entry
from tutela.core.cases.models import Case, Exhibit, ReportFile
from tutela.core.cases.receive import IncomingFile
from tutela.core.files.models import File, Scan
from tutela.core.files.stream import CHUNK
from tutela.core.files.tests.places import objects, own_store
from tutela.core.people.actor import acting_as

from .scene import do, report

pytestmark = pytest.mark.django_db
SECRET = b"a picture of a goodbye note "


@pytest.fixture(autouse=True)
def folder(tmp_path):
    with own_store(tmp_path / "files") as found:
        yield found


@pytest.fixture
def reference(cast) -> str:
    return report()


def named(data: bytes, name: str = "screen.png") -> io.BytesIO:
    file = io.BytesIO(data)
    file.name = name
    return file


def send(who, reference: str, data: bytes | None, **answers: str):
    answers = {"title": "Screen", "source": "", "key": os.urandom(8).hex(), **answers}
    files = {} if data is None else {"file": named(data)}
    return who.post(f"/desk/case/{reference}/steps/add_file/", {**files, **answers})


def test_a_file_becomes_an_exhibit_and_comes_back_as_it_was(cast, desk, reference, folder):
    data, juniper = os.urandom(CHUNK + 5), desk(cast.juniper)
    assert juniper.get(f"/desk/case/{reference}/steps/add_file/").status_code == 200
    assert send(juniper, reference, data).status_code == 302
    assert len(objects(folder)) == 1
    page = juniper.get(f"/desk/case/{reference}/exhibits/1/").content.decode()
    assert "screen.png" in page
    assert "sha-256" in page
    answer = juniper.get(f"/desk/case/{reference}/exhibits/1/file/")
    assert b"".join(answer.streaming_content) == data
    assert answer.headers["Content-Length"] == str(len(data))
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert re.search(r"attachment; .*E-1 screen\.png", answer.headers["Content-Disposition"])
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    with acting_as(cast.juniper):
        looks = Entry.objects.filter(act=Act.EXHIBIT_LOOKED).values_list("detail", flat=True)
        assert [one.get("file", False) for one in looks.order_by("id")] == [False, True]
    assert "added" in juniper.get(f"/desk/case/{reference}/").content.decode()


def test_it_stands_in_plain_nowhere_while_it_arrives(cast, desk, reference, folder, monkeypatch, tmp_path):
    beside = tmp_path / "temporary"
    beside.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(beside))
    send(desk(cast.juniper), reference, SECRET * 200_000)
    assert list(beside.iterdir()) == []
    assert all(SECRET not in path.read_bytes() for path in objects(folder))


def test_what_was_sent_is_kept_while_the_form_is_mended(cast, desk, reference, folder):
    juniper = desk(cast.juniper)
    answer = send(juniper, reference, SECRET, title="")
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "The file is kept." in text
    number = re.search(r'name="file" value="(\d+)"', text)[1]
    assert send(juniper, reference, None, file=number).status_code == 302
    assert len(objects(folder)) == 1
    with acting_as(cast.juniper):
        assert Exhibit.objects.get(case__reference=reference).file_id == int(number)


def test_without_a_file_the_form_asks_for_one(cast, desk, reference):
    answer = send(desk(cast.juniper), reference, None)
    assert answer.status_code == 422
    assert 'type="file"' in answer.content.decode()


def test_too_large_a_file_is_refused_and_leaves_nothing(cast, desk, reference, folder, settings):
    settings.LARGEST_FILE = 2_000_000
    answer = send(desk(cast.juniper), reference, bytes(3_000_000))
    assert answer.status_code == 422
    assert "At most 2 MB" in answer.content.decode()
    assert objects(folder) == []


def test_whoever_may_not_add_leaves_nothing(cast, desk, reference, folder):
    assert send(desk(cast.wren), reference, SECRET).status_code == 404
    do(reference, "recuse", cast.heron, reason="I know them.")
    assert send(desk(cast.heron), reference, SECRET).status_code == 404
    assert send(Client(), reference, SECRET).status_code == 302
    assert objects(folder) == []


def test_a_forged_form_adds_nothing(cast, reference, folder):
    from tests.signed_in import sign_in
    from tutela.core.people.models import Staff

    strict = Client(enforce_csrf_checks=True)
    sign_in(strict, Staff.objects.get(pk=cast.juniper.id))
    assert send(strict, reference, SECRET).status_code == 403
    with acting_as(cast.juniper):
        assert not File.objects.exists()
        assert not Exhibit.objects.exists()
    assert objects(folder) == []


def test_a_file_of_another_case_is_not_taken(cast, desk, reference):
    other, juniper = report(), desk(cast.juniper)
    send(juniper, other, SECRET)
    with acting_as(cast.juniper):
        number = File.objects.get().pk
    assert send(juniper, reference, None, file=str(number)).status_code == 422
    with acting_as(cast.juniper):
        assert not Case.objects.get(reference=reference).exhibits.exists()


def test_an_object_that_is_lost_is_said_on_a_page(cast, desk, reference, folder):
    juniper = desk(cast.juniper)
    send(juniper, reference, SECRET)
    for path in objects(folder):
        Path(path).unlink()
    answer = juniper.get(f"/desk/case/{reference}/exhibits/1/file/")
    assert answer.status_code == 400
    assert "not in its store" in answer.content.decode()
    assert juniper.get(f"/desk/case/{reference}/exhibits/1/").status_code == 200


def found_harmful(cast, name: str = "Test.Harmful") -> None:
    with acting_as(cast.juniper):
        Scan.objects.update(state=Scan.State.FOUND, found=name)


def harmful_looks(cast) -> list[bool]:
    with acting_as(cast.juniper):
        looks = Entry.objects.filter(act__in=[Act.EXHIBIT_LOOKED, Act.REPORT_LOOKED]).order_by("id")
        return [one.detail.get("harmful", False) for one in looks if one.detail.get("file")]


def test_a_harmful_file_leaves_only_for_whoever_says_that_they_know(cast, desk, reference):
    juniper, url = desk(cast.juniper), f"/desk/case/{reference}/exhibits/1/"
    send(juniper, reference, SECRET)
    assert f'href="{url}file/"' in juniper.get(url).content.decode()
    found_harmful(cast)
    page = juniper.get(url).content.decode()
    assert f'href="{url}file/"' not in page
    assert "Harmful: Test.Harmful" in page
    assert "Harmful: Test.Harmful" in juniper.get(f"/desk/case/{reference}/").content.decode()
    assert juniper.get(f"{url}file/").status_code == 404
    assert juniper.post(f"{url}file/").status_code == 404
    assert harmful_looks(cast) == []
    answer = juniper.post(f"{url}file/", {"sure": "yes"})
    assert b"".join(answer.streaming_content) == SECRET
    assert harmful_looks(cast) == [True]


def test_a_harmful_file_of_a_report_too(cast, desk):
    files = (IncomingFile("screen.png", "image/png", SECRET),)
    reference = report(files=files)
    with acting_as(cast.juniper):
        file = ReportFile.objects.get()
    url = f"/desk/case/{reference}/reports/{file.report_id}/"
    juniper = desk(cast.juniper)
    assert "Not scanned: no scanner is set up." in juniper.get(url).content.decode()
    found_harmful(cast)
    page = juniper.get(url).content.decode()
    assert "Harmful: Test.Harmful" in page
    assert f'href="{url}files/{file.pk}/"' not in page
    assert juniper.get(f"{url}files/{file.pk}/").status_code == 404
    assert juniper.post(f"{url}files/{file.pk}/", {"sure": "yes"}).content == SECRET
    assert harmful_looks(cast) == [True]


@pytest.mark.parametrize(
    ("clamd", "state", "why", "words"),
    [
        ("", "waiting", "", "Not scanned: no scanner is set up."),
        ("/run/clamd", "waiting", "", "Not scanned yet"),
        ("/run/clamd", "waiting", "It is away.", "Not scanned yet: It is away."),
        ("/run/clamd", "clean", "", "Scanned, nothing found"),
        ("/run/clamd", "refused", "Too large.", "Not scanned: Too large."),
    ],
)
def test_the_page_says_what_came_of_the_scan(cast, desk, reference, settings, clamd, state, why, words):
    settings.CLAMD = clamd
    juniper = desk(cast.juniper)
    send(juniper, reference, SECRET)
    with acting_as(cast.juniper):
        Scan.objects.update(state=state, why=why)
    assert words in juniper.get(f"/desk/case/{reference}/exhibits/1/").content.decode()
