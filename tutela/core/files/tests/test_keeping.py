"""Files are kept once, found by their case only, read in little memory, and gone when they should be."""

from __future__ import annotations

import hashlib
import os
import tracemalloc
from datetime import timedelta

import pytest
from django.db import transaction

from tests.cast import case_of, report_emergency
from tutela.core.cases.models import Case, Exhibit
from tutela.core.errors import BadData
from tutela.core.files import keeping
from tutela.core.files.models import File
from tutela.core.files.stream import CHUNK, sealed_size
from tutela.core.files.tests.places import objects, own_store
from tutela.core.flow.perform import perform
from tutela.core.people.actor import acting_as
from tutela.core.vault import keyring
from tutela.core.vault.seals import Destroyed, NotGenuine, VaultError

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = timedelta(seconds=-5)


@pytest.fixture(autouse=True)
def folder(tmp_path):
    with own_store(tmp_path / "files") as found:
        yield found


@pytest.fixture
def reference(cast) -> str:
    return report_emergency()


def add(cast, reference: str, data: bytes, name: str = "screen.png") -> int:
    with keeping.draft_of(iter([data]), 10**9) as draft, acting_as(cast.juniper):
        return keeping.keep(Case.objects.get(reference=reference), draft, name, "image/png", cast.juniper).pk


def attach(cast, reference: str, data: bytes) -> File:
    number = add(cast, reference, data)
    perform(reference, "add_file", cast.juniper, {"file": number, "title": "Screen", "source": "Wiki"})
    return File(pk=number)


def content(cast, number: int) -> bytes:
    with acting_as(cast.juniper):
        opened = keeping.read(File.objects.get(pk=number))
    return b"".join(opened.chunks)  # as a page does: after the transaction


def test_a_file_comes_out_as_it_went_in(cast, reference):
    data = os.urandom(2 * CHUNK + 3)
    number = add(cast, reference, data)
    assert content(cast, number) == data
    with acting_as(cast.juniper):
        row = File.objects.get(pk=number)
        assert (row.name, row.size, row.sha256) == ("screen.png", len(data), hashlib.sha256(data).digest())


def test_on_the_disk_it_is_sealed_and_says_nothing_of_its_content(cast, reference, folder):
    data = b"a known file " * 1000
    add(cast, reference, data)
    (path,) = objects(folder)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.stat().st_size == sealed_size(len(data))
    assert b"known" not in path.read_bytes()
    assert hashlib.sha256(data).hexdigest() not in str(path).replace("/", "")


def test_the_database_holds_no_hash_that_tells_a_known_file(cast, reference, superuser):
    attach(cast, reference, data := b"a known file")
    rows = "".join(
        str(superuser.execute(f"select to_jsonb(t) from {table} t").fetchall())
        for table in ("files_file", "cases_exhibit", "cases_event", "audit_entry")
    )
    assert hashlib.sha256(data).hexdigest() not in rows
    assert "screen.png" not in rows


def test_the_same_content_is_in_a_case_once_and_in_another_under_another_address(cast, reference, folder):
    first = add(cast, reference, b"the same")
    assert add(cast, reference, b"the same", "again.png") == first
    assert len(objects(folder)) == 1
    other = add(cast, report_emergency(), b"the same")
    assert other != first
    assert len(objects(folder)) == 2
    with acting_as(cast.juniper):
        addresses = {bytes(one.address) for one in File.objects.all()}
    assert len(addresses) == 2


def test_an_exhibit_knows_its_file_and_hash(cast, reference):
    attach(cast, reference, b"evidence")
    with acting_as(cast.juniper):
        exhibit = Exhibit.objects.select_related("file").get(case__reference=reference)
        assert (exhibit.number, exhibit.kind, exhibit.size, bytes(exhibit.data)) == (1, "file", 8, b"")
        assert exhibit.digest == hashlib.sha256(b"evidence").digest()
        assert exhibit.file is not None


def test_the_number_of_another_cases_file_is_refused(cast, reference):
    number = add(cast, report_emergency(), b"elsewhere")
    with pytest.raises(BadData):
        perform(reference, "add_file", cast.juniper, {"file": number, "title": "Screen"})


def test_whoever_does_not_see_the_case_sees_no_file(cast, reference):
    number = add(cast, reference, b"evidence")
    with acting_as(cast.wren):
        assert not File.objects.filter(pk=number).exists()


def test_too_large_a_file_leaves_nothing(cast, folder):
    with pytest.raises(BadData, match="too large"):
        keeping.draft_of(iter([bytes(CHUNK)] * 3), 2 * CHUNK)
    assert objects(folder) == []


def test_an_object_that_was_changed_moved_or_lost_says_so(cast, reference, folder):
    first, second = add(cast, reference, b"one"), add(cast, reference, b"two")
    with acting_as(cast.juniper):
        names = {pk: File.objects.get(pk=pk).object_name for pk in (first, second)}
    here, there = (folder / names[pk] for pk in (first, second))
    there.write_bytes(here.read_bytes())
    with pytest.raises(NotGenuine):
        content(cast, second)
    there.unlink()
    with pytest.raises(VaultError, match="not in its store"):
        content(cast, second)
    assert content(cast, first) == b"one"


def test_a_transaction_that_is_taken_back_leaves_an_object_that_the_sweep_finds(cast, reference, folder):
    data = b"never committed"
    with transaction.atomic():
        add(cast, reference, data)
        transaction.set_rollback(True)
    assert len(objects(folder)) == 1
    assert keeping.sweep() == 0  # it might still be committed
    assert keeping.sweep(AT_ONCE) == 1
    assert objects(folder) == []
    assert content(cast, add(cast, reference, data)) == data  # and it can come again


def test_the_sweep_forgets_what_no_exhibit_took_and_nothing_else(cast, reference, folder):
    kept = attach(cast, reference, b"evidence").pk
    unused = add(cast, reference, b"left on the page")
    (folder / "coming").mkdir(exist_ok=True)
    (folder / "coming" / "broken.part").write_bytes(b"half")
    assert keeping.sweep() == 0
    assert keeping.sweep(AT_ONCE) == 2
    with acting_as(cast.juniper):
        assert not File.objects.filter(pk=unused).exists()
    assert content(cast, kept) == b"evidence"


def test_the_sweep_keeps_files_of_cases_that_it_does_not_see(cast, reference, superuser):
    kept = attach(cast, reference, b"evidence").pk
    superuser.execute("update cases_case set workflow = 'gone'")
    assert keeping.sweep(AT_ONCE) == 0
    superuser.execute("update cases_case set workflow = 'emergency'")
    assert content(cast, kept) == b"evidence"


def test_destroying_a_case_removes_its_objects_and_keeps_the_tombstones(cast, reference, folder):
    number, other = attach(cast, reference, b"evidence").pk, attach(cast, report_emergency(), b"other").pk
    case = case_of(reference, cast.larch)
    with acting_as(cast.larch):
        keyring.erase(case.pk, cast.larch, "Disposal 7")
        assert keeping.destroy(case.pk) == 1
        assert len(objects(folder)) == 2  # until it is committed
    assert len(objects(folder)) == 1
    with pytest.raises(Destroyed):
        content(cast, number)
    assert content(cast, other) == b"other"
    with acting_as(cast.larch):
        assert keeping.destroy(case.pk) == 0


def test_after_a_crash_the_sweep_removes_what_was_destroyed(cast, reference, folder):
    attach(cast, reference, b"evidence")
    case = case_of(reference, cast.larch)
    (path,) = objects(folder)
    left = path.read_bytes()
    with acting_as(cast.larch):
        keeping.destroy(case.pk)
    path.write_bytes(left)  # as if the process had died before it removed the object
    assert keeping.sweep(AT_ONCE) == 1
    assert objects(folder) == []


def test_a_large_file_needs_the_memory_of_a_few_chunks(cast, reference):
    piece = os.urandom(64 * 1024)
    tracemalloc.start()
    try:
        with keeping.draft_of((piece for _each in range(1024)), 10**9) as draft, acting_as(cast.juniper):
            case = Case.objects.get(reference=reference)
            row = keeping.keep(case, draft, "large.bin", "application/octet-stream", cast.juniper)
            opened = keeping.read(row)
        assert sum(len(chunk) for chunk in opened.chunks) == opened.size == 64 * 1024 * 1024
        assert tracemalloc.get_traced_memory()[1] < 20 * 1024 * 1024
    finally:
        tracemalloc.stop()
