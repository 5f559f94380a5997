"""One contract for every place where files lie: a folder, and a bucket of S3."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.cast import report_emergency
from tutela.core.cases.models import Case
from tutela.core.errors import NotConfigured, TryLater
from tutela.core.files import keeping
from tutela.core.files.models import File
from tutela.core.files.store import store
from tutela.core.people.actor import acting_as

NAME, OTHER = f"ab/{'1' * 62}.00000001", f"cd/{'2' * 62}.00000002"
LARGE = 20 * 1024 * 1024 + 7  # several parts of an upload


@pytest.fixture(scope="module")
def service():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def in_bucket(service, monkeypatch):
    said = {"AWS_ACCESS_KEY_ID": "tests", "AWS_SECRET_ACCESS_KEY": "only", "AWS_DEFAULT_REGION": "us-east-1"}
    for name, value in {**said, "AWS_ENDPOINT_URL_S3": service}.items():
        monkeypatch.setenv(name, value)
    bucket = f"files-{os.urandom(4).hex()}"
    boto3.client("s3").create_bucket(Bucket=bucket)
    return f"s3:{bucket}/evidence"


@pytest.fixture
def in_folder(tmp_path):
    return f"folder:{tmp_path / 'files'}"


@pytest.fixture(params=["in_folder", "in_bucket"])
def place(request, settings):
    settings.FILES = request.getfixturevalue(request.param)
    store.cache_clear()
    yield store()
    store.cache_clear()


def put(place, name: str, data: bytes) -> None:
    writer = place.writer()
    for at in range(0, len(data), 1_000_000):
        writer.write(data[at : at + 1_000_000])
    writer.keep(name)


def get(place, name: str) -> bytes:
    source, found = place.open(name), b""
    while piece := source.read(70_000):
        found += piece
    source.close()
    return found


def later() -> datetime:
    return datetime.now(UTC) + timedelta(minutes=5)


@pytest.mark.parametrize("size", [0, 5, LARGE])
def test_what_is_kept_comes_back(place, size):
    data = os.urandom(size)
    put(place, NAME, data)
    assert get(place, NAME) == data
    assert place.size(NAME) == size
    (found,) = place.objects()
    assert (found.name, found.size) == (NAME, size)
    assert found.since < later()


def test_what_is_not_there_is_not_there(place):
    assert place.size(NAME) is None
    with pytest.raises(FileNotFoundError):
        place.open(NAME)
    place.remove(NAME)
    assert list(place.objects()) == []
    assert place.tidy(later()) == 0


def test_what_is_removed_is_gone_and_the_others_stay(place):
    put(place, NAME, b"one")
    put(place, OTHER, b"two")
    place.remove(NAME)
    assert [one.name for one in place.objects()] == [OTHER]


@pytest.mark.parametrize("size", [5, LARGE])
def test_nobody_finds_what_was_never_kept(place, size):
    dropped, left = place.writer(), place.writer()
    for writer in (dropped, left):
        writer.write(bytes(size))
    assert list(place.objects()) == []
    dropped.drop()
    place.tidy(later())
    assert place.tidy(later()) == 0
    assert list(place.objects()) == []
    left.drop()


def test_what_is_being_written_is_left_alone(in_folder, settings):
    settings.FILES = in_folder  # moto gives every upload the same old date, so a bucket cannot show it
    store.cache_clear()
    writer = store().writer()
    writer.write(b"half")
    assert store().tidy(datetime.now(UTC) - timedelta(minutes=5)) == 0
    writer.keep(NAME)
    assert get(store(), NAME) == b"half"
    store.cache_clear()


@pytest.mark.django_db(transaction=True)
def test_a_file_of_a_case_goes_in_and_out_and_away(place, cast):
    reference, data = report_emergency(), os.urandom(LARGE)
    with keeping.draft_of(iter([data]), 10**9) as draft, acting_as(cast.juniper):
        case = Case.objects.get(reference=reference)
        number = keeping.keep(case, draft, "large.bin", "application/octet-stream", cast.juniper).pk
    with acting_as(cast.juniper):
        row = File.objects.get(pk=number)
        opened = keeping.read(row)
        keeping.check(row)
    assert b"".join(opened.chunks) == data
    with acting_as(cast.juniper):
        keeping.destroy(row.case_id)
    assert list(place.objects()) == []


def test_a_bucket_that_is_away_or_not_ours_says_so(in_bucket, settings, monkeypatch):
    settings.FILES = "s3:nobodys-bucket"
    store.cache_clear()
    with pytest.raises(NotConfigured):
        list(store().objects())
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")  # nobody listens
    store.cache_clear()
    with pytest.raises(TryLater):
        store().size(NAME)
    writer = store().writer()
    with pytest.raises(TryLater):
        writer.write(bytes(LARGE))
    store.cache_clear()


@pytest.mark.parametrize("value", ["folder:", "moon:1", ""])
def test_a_place_that_is_none_is_refused(settings, value):
    settings.FILES = value
    store.cache_clear()
    with pytest.raises(NotConfigured):
        store()
    store.cache_clear()
