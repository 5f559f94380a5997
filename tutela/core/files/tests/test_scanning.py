"""Every file is scanned, what is found is named, and a scanner that is away is asked again."""

from __future__ import annotations

import pytest
from django.db import ProgrammingError
from django.utils import timezone

from tests.cast import report_emergency
from tutela.connectors.clamav.tests import daemon
from tutela.core.cases.models import Case, ReportFile
from tutela.core.cases.receive import IncomingFile
from tutela.core.files import keeping, scanning
from tutela.core.files.models import File, Scan
from tutela.core.files.stream import CHUNK
from tutela.core.files.tests.places import own_store, with_scanner
from tutela.core.people.actor import acting_as

pytestmark = pytest.mark.django_db(transaction=True)
needs_clamd = pytest.mark.skipif(daemon.PROGRAM is None, reason="clamd is not installed")


@pytest.fixture(autouse=True)
def folder(tmp_path):
    with own_store(tmp_path / "files") as found, with_scanner(""):
        yield found


@pytest.fixture(scope="module")
def clamd():
    with daemon.running() as where:
        yield where


def add(cast, reference: str, data: bytes) -> None:
    with keeping.draft_of(iter([data]), 10**9) as draft, acting_as(cast.juniper):
        case = Case.objects.get(reference=reference)
        keeping.keep(case, draft, "file.bin", "application/octet-stream", cast.juniper)


def states(cast) -> list[str]:
    with acting_as(cast.juniper):
        return list(Scan.objects.order_by("id").values_list("state", flat=True))


@needs_clamd
def test_a_harmful_file_is_found_and_named(cast, clamd):
    reference = report_emergency()
    add(cast, reference, b"a picture")
    add(cast, reference, daemon.HARMFUL)
    with with_scanner(clamd):
        assert scanning.scan_waiting() == 2
        assert scanning.scan_waiting() == 0
    assert states(cast) == ["clean", "found"]
    with acting_as(cast.juniper):
        scan = File.objects.order_by("-id")[0].scan
        assert scan.is_harmful
        assert daemon.NAME in scan.found


@needs_clamd
def test_what_came_with_a_report_is_scanned_once_its_case_is_open(cast, clamd):
    files = tuple(
        IncomingFile(f"{number}.bin", "application/octet-stream", data)
        for number, data in enumerate((b"a picture", daemon.HARMFUL))
    )
    report_emergency(files=files)
    with with_scanner(clamd):
        assert scanning.scan_waiting() == 2
    with acting_as(cast.juniper):
        found = ReportFile.objects.order_by("id").select_related("scan")
        assert [one.scan.state for one in found] == ["clean", "found"]


@needs_clamd
def test_what_the_scanner_refuses_says_why_and_is_not_asked_again(cast, clamd):
    add(cast, report_emergency(), bytes(daemon.STREAM_MAX + 10 * CHUNK))
    with with_scanner(clamd):
        scanning.scan_waiting()
        assert scanning.scan_waiting() == 0
    with acting_as(cast.juniper):
        scan = Scan.objects.get()
        assert scan.state == Scan.State.REFUSED
        assert "size limit" in scan.why


def test_without_a_scanner_files_wait(cast):
    add(cast, report_emergency(), b"a picture")
    assert scanning.scan_waiting() == 0
    assert states(cast) == ["waiting"]


def test_while_the_scanner_is_away_files_wait_longer_and_longer(cast):
    add(cast, report_emergency(), b"a picture")
    with with_scanner("/nowhere/clamd.socket"):
        assert scanning.scan_waiting() == 0
    with acting_as(cast.juniper):
        scan = Scan.objects.get()
        assert (scan.state, scan.attempts) == ("waiting", 1)
        assert "does not answer" in scan.why
        assert scan.next_at > timezone.now()


@needs_clamd
def test_a_file_at_fault_does_not_stall_the_others(cast, clamd, folder):
    reference = report_emergency()
    add(cast, reference, b"damaged later")
    for path in folder.glob("??/*"):
        path.write_bytes(b"\x01damaged")
    add(cast, reference, b"a picture")
    with with_scanner(clamd):
        assert scanning.scan_waiting() == 1
    assert states(cast) == ["waiting", "clean"]


def test_a_verdict_stays(cast):
    add(cast, report_emergency(), b"a picture")
    with acting_as(cast.juniper):
        Scan.objects.update(state=Scan.State.FOUND, found="Test")
    with pytest.raises(ProgrammingError, match="stays"), acting_as(cast.juniper):
        Scan.objects.update(state=Scan.State.CLEAN)


def test_whoever_does_not_see_the_case_sees_no_verdict(cast):
    add(cast, report_emergency(), b"a picture")
    with acting_as(cast.wren):
        assert not Scan.objects.exists()
