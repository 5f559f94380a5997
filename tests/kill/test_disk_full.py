"""The disk of the database is full: what cannot be kept is refused, and all goes on once there is room."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
from email.message import EmailMessage
from pathlib import Path

import psycopg
import pytest

from tests.cast import make_cast
from tutela.core.cases.models import Report
from tutela.core.health.models import Heartbeat
from tutela.surfaces.cli.main import TRY_LATER

from .own_server import Load, as_clock, own_server
from .tools import Worker, wait_for

pytestmark = pytest.mark.slow

#: Megabytes: the cluster of the tests takes 50, and some room to work in.
SIZE = 160
CHUNK = bytes(1 << 16)


@pytest.fixture
def small_disk():
    """A folder on a file system of its own, which is soon full."""
    folder = Path(tempfile.mkdtemp(prefix="disk", dir=os.environ["TUTELA_TEST_RUN"]))
    mounted = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}m", "tutela-test", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mounted, check=False, capture_output=True).returncode:
        folder.rmdir()
        pytest.skip("Only root can mount the small disk that this test fills.")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)
    folder.rmdir()


@pytest.fixture
def server(small_disk, request, django_db_blocker):
    with own_server(small_disk, request.config, django_db_blocker) as found:
        yield found


def fill(path: Path) -> None:
    """Take all the room that is left."""
    with path.open("ab", buffering=0) as file:
        try:
            while file.write(CHUNK):
                pass
        except OSError as error:
            assert error.errno == errno.ENOSPC  # noqa: PT017  anything else is no full disk


def take_in(folder: Path, name: str) -> subprocess.CompletedProcess[str]:
    """`tutela receive` with a mail of two megabytes."""
    mail = EmailMessage()
    mail["From"], mail["Subject"], mail["Message-ID"] = (
        "reader@mail.example",
        "Help",
        f"<{name}@mail.example>",
    )
    mail.set_content("Somebody said goodbye.")
    mail.add_attachment(os.urandom(2_000_000), maintype="image", subtype="png", filename="a.png")
    path = folder / f"{name}.eml"
    path.write_bytes(bytes(mail))
    command = [sys.executable, "-m", "tutela", "receive", str(path), "--mailbox", "emergency", "--json"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_what_cannot_be_kept_is_refused_and_all_goes_on_when_there_is_room(server, small_disk, tmp_path):
    make_cast()
    worker, load, ballast = Worker(), Load(), small_disk / "ballast"
    try:
        load.start()
        worker.wait_until_at_work()
        wait_for(lambda: len(load.acknowledged) > 2, "reports come in")
        fill(ballast)
        refused = take_in(tmp_path, "first")
        assert refused.returncode == TRY_LATER, refused.stdout + refused.stderr
        assert refused.stderr.strip(), "it says why"
        for _more in range(20):  # what is left of the room in files that are there already
            if load.refused:
                break
            fill(ballast)
            take_in(tmp_path, "first")
        ballast.unlink()
        before = len(load.acknowledged)

        def goes_on() -> bool:
            server.start_if_ended()
            return len(load.acknowledged) > before + 2

        wait_for(goes_on, "reports come in again")
        accepted = take_in(tmp_path, "first")
        assert accepted.returncode == 0, accepted.stderr
        load.enough.set()
        load.join()
        wait_for(
            lambda: as_clock(lambda: not Report.objects.filter(opened_at=None).exists()), "all cases are open"
        )
        assert worker.process.poll() is None, "the worker itself never ended"
        assert as_clock(lambda: Heartbeat.objects.filter(name="intake").exists())
    finally:
        load.enough.set()
        worker.kill()
    with psycopg.connect(server.url("admin")) as superuser:
        rows = superuser.execute("select id, case_id, message_id from cases_report").fetchall()
    assert set(load.acknowledged) <= {number for number, case, _message in rows if case is not None}
    assert sum(message == "<first@mail.example>" for _number, _case, message in rows) == 1
