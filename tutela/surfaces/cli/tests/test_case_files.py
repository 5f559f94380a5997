"""Exhibits go in and come out from the command line."""

from __future__ import annotations

import pytest

from tests.cast import report_emergency
from tutela.core.audit.models import Act, Entry
from tutela.core.files.models import Scan
from tutela.core.files.tests.places import own_store
from tutela.core.people.actor import acting_as
from tutela.surfaces.cli.common import NOT_FOUND


@pytest.fixture(autouse=True)
def _folder(tmp_path):
    with own_store(tmp_path / "files"):
        yield


def test_an_exhibit_comes_out_as_it_went_in(cast, run, as_json, tmp_path):
    reference, saved, back = report_emergency(), tmp_path / "screen.png", tmp_path / "back.png"
    saved.write_bytes(b"evidence" * 200_000)
    added = run("case", "add-file", reference, str(saved), "--title", "Screen", "--as", "juniper")
    assert added.exit_code == 0, added.output
    asked = ("case", "get-file", reference, "1", "--to", str(back))
    assert run(*asked, "--as", "wren").exit_code == NOT_FOUND
    assert not back.exists()
    written = run(*asked, "--as", "juniper")
    assert written.exit_code == 0, written.output
    assert back.read_bytes() == saved.read_bytes()
    assert back.stat().st_mode & 0o777 == 0o600
    assert run(*asked, "--as", "juniper").exit_code != 0  # what is there is never written over
    with acting_as(cast.juniper):
        Scan.objects.update(state=Scan.State.FOUND, found="Test.Harmful")
    back.unlink()
    assert run(*asked, "--as", "juniper").exit_code == NOT_FOUND
    assert as_json(*asked, "--sure", "--as", "juniper") == {"path": str(back), "size": 1_600_000}
    with acting_as(cast.alder):
        looks = [one.detail for one in Entry.objects.filter(act=Act.EXHIBIT_LOOKED).order_by("id")]
    assert looks[-1] == {"exhibit": 1, "file": True, "harmful": True}
