"""A backup is taken of a running platform, brought back elsewhere, and compared."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from tests.plugin import roomy_memory
from tutela.server import postgres
from tutela.server.backup import age, manifest, restore, source
from tutela.server.errors import CannotStartError

pytestmark = pytest.mark.slow
MARK = "the heron waits by the weir at dusk"
MAIL = f"""\
From: Sorrel <sorrel@reader.example>
To: emergency@tutela.example
Subject: Please look
Message-ID: <backup-1@reader.example>
Content-Type: text/plain; charset=utf-8

{MARK}
"""
# Nobody decided this act: it only has to be due while the backup is taken.
DUE_ACT = """
set session_replication_role = replica;
insert into outbox_effect (case_id, event_id, connector, verb, payload, label, key, state, due_at, made_at,
    attempts, error, what_to_do)
values (1, 1, 'mail', 'send', '{}', 'A letter', 'key-1', 'due', now(), now(), 0, '', '')
"""


@dataclass
class Place:
    """A platform with one report, a backup of it, and the keys."""

    home: Path
    server: postgres.Server
    backup: Path
    identity: Path
    keys: Path

    def tutela(self, *arguments, **options):
        return subprocess.run(
            [sys.executable, "-m", "tutela", *map(str, arguments)],
            env=environment_of(self.home),
            check=options.pop("check", False),
            capture_output=True,
            text=True,
            **options,
        )

    def keep_a_file(self, reference):
        """A file larger than a chunk, as an exhibit of the case."""
        (self.home / "screen.bin").write_bytes(os.urandom(1_500_000))
        self.tutela("staff", "add", "juniper", "--name", "Juniper", "--team", "emergency", check=True)
        self.tutela("grant", "give", "juniper", "emergency", "responder", check=True)
        said = ("--title", "Screen", "--as", "juniper")
        self.tutela("case", "add-file", reference, self.home / "screen.bin", *said, check=True)


def environment_of(home):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TUTELA_")}
    return kept | {"TUTELA_DATA": str(home / "data")}


@pytest.fixture(scope="module")
def place():
    home = Path(tempfile.mkdtemp(prefix="tutela backup ", dir=roomy_memory()))
    home.chmod(0o711)
    before = dict(os.environ)
    for name in [name for name in os.environ if name.startswith("TUTELA_")]:
        del os.environ[name]
    os.environ["TUTELA_DATA"] = str(home / "data")
    server = postgres.Server(home / "data", fast=True)
    server.start()
    found = Place(home, server, Path(), home / "identity.txt", home / "apart" / "keys.age")
    try:
        found.tutela("prepare", check=True)
        (home / "mail.eml").write_text(MAIL)
        came = found.tutela("receive", home / "mail.eml", "--mailbox", "emergency", check=True)
        found.keep_a_file(re.search(r"EM-\d+-\d+", came.stdout + came.stderr)[0])
        found.tutela("audit", "seal", check=True)
        with psycopg.connect(server.admin_url()) as connection:
            connection.execute(DUE_ACT)
        public = age.new_identity(found.identity)
        asked = ("--recipient", public, "--keys", found.keys, "--json")
        said = json.loads(found.tutela("backup", home / "backups", *asked, check=True).stdout)
        found.backup = Path(said["folder"])
        yield found
    finally:
        server.stop()
        os.environ.clear()
        os.environ.update(before)
        shutil.rmtree(home)


def copy_of(place, tmp_path):
    return Path(shutil.copytree(place.backup, tmp_path / "copy"))


def test_a_backup_comes_back_as_it_was(place):
    into = place.home / "again" / "data"
    into.parent.mkdir(mode=0o711)
    asked = (place.backup, "--identity", place.identity, "--keys", place.keys)
    done = place.tutela("restore", *asked, "--into", into, "--json")
    said = json.loads(done.stdout)
    assert (done.returncode, said["whole"]) == (0, True), done.stdout + done.stderr
    assert said["opened"] >= 1  # the report as it came, with the keys of the other file
    assert said["audit_entries"] >= 1
    assert said["held"] == 1
    assert (said["files"], said["elsewhere"]) == (1, 0)
    server = postgres.Server(into)
    server.start()
    try:
        with psycopg.connect(server.admin_url()) as connection:
            acts = connection.execute("select state, attempts from outbox_effect").fetchall()
            log = connection.execute("select act from audit_entry order by id desc limit 1").fetchone()
    finally:
        server.stop()
    assert acts == [("due", 1)]  # with an attempt on record the courier asks the other side first
    assert log == ("backup:restored",)


def test_a_file_that_is_not_as_it_was_is_named(place):
    (kept,) = (place.home / "data" / "files").glob("??/*")
    before = kept.read_bytes()
    kept.write_bytes(before[:-5])
    public = str(place.identity.read_text().split()[3])
    try:
        said = json.loads(place.tutela("backup", place.home / "cut", "--recipient", public, "--json").stdout)
    finally:
        kept.write_bytes(before)
    asked = (said["folder"], "--identity", place.identity, "--keys", place.keys, "--verify", "--json")
    done = place.tutela("restore", *asked)
    found = json.loads(done.stdout)
    assert (done.returncode, found["whole"], found["files"]) == (1, False, 0)
    assert [one for one in found["faults"] if kept.name in one and "cut off" in one]


def test_nobody_reads_a_backup_without_the_key(place):
    written = b"".join(path.read_bytes() for path in place.backup.iterdir())
    dump = subprocess.run(
        [source.find().programs.program("pg_dump"), "--format=plain"],
        env=dict(source.find().login),
        check=True,
        capture_output=True,
    )
    assert b"Please look" in dump.stdout  # what is searched for would be found
    assert b"Please look" not in written
    secret = (place.home / "data" / "keys" / "secret").read_bytes().strip()
    assert secret not in written
    assert secret not in place.keys.read_bytes()


def test_what_differs_from_the_backup_is_named(place):
    said = manifest.read(place.backup)
    with psycopg.connect(place.server.admin_url()) as connection:
        connection.execute("update cases_report set subject = 'Another'")
        connection.execute("delete from django_migrations where id = (select max(id) from django_migrations)")
        connection.commit()
        try:
            with source.reading(place.server.admin_url()) as reading:
                found = manifest.differences(said, reading)
        finally:
            connection.execute("update cases_report set subject = 'Please look'")
            connection.commit()
    assert "public.cases_report has other values than the backup, in the same number of rows." in found
    assert any(sentence.startswith("public.django_migrations has ") for sentence in found)


def test_a_damaged_part_is_refused_before_anything_is_restored(place, tmp_path):
    copy = copy_of(place, tmp_path)
    with (copy / "database.age").open("r+b") as file:
        file.seek(5000)
        byte = file.read(1)
        file.seek(5000)
        file.write(bytes([byte[0] ^ 1]))
    with pytest.raises(CannotStartError, match="was changed, or is damaged"):
        restore.check_parts(copy, manifest.read(copy))


def test_a_changed_manifest_is_refused(place, tmp_path):
    copy = copy_of(place, tmp_path)
    text = (copy / "manifest.json").read_text()
    (copy / "manifest.json").write_text(text.replace('"taken_at": "2', '"taken_at": "3'))
    with pytest.raises(CannotStartError, match="not what was signed"):
        manifest.read(copy)


def test_a_backup_of_another_installation_is_refused(place):
    with pytest.raises(CannotStartError, match="signed by another installation"):
        manifest.read(place.backup, "00" * 32)


def test_another_private_key_opens_nothing(place, tmp_path):
    age.new_identity(tmp_path / "other.txt")
    asked = (place.backup, "--identity", tmp_path / "other.txt", "--keys", place.keys, "--verify")
    done = place.tutela("restore", *asked)
    assert done.returncode == 1
    assert "encrypted to another key" in done.stderr
    assert not list(Path(tempfile.gettempdir()).glob("tutela-verify-*"))


def test_a_folder_in_use_is_left_alone(place):
    asked = (place.backup, "--identity", place.identity, "--keys", place.keys)
    done = place.tutela("restore", *asked, "--into", place.home / "data")
    assert done.returncode == 1
    assert "is not empty" in done.stderr


def test_keys_do_not_lie_beside_a_backup(place):
    public = str(place.identity.read_text().split()[3])
    beside = place.backup.parent / "keys.age"
    done = place.tutela("backup", place.home / "more", "--recipient", public, "--keys", beside)
    assert done.returncode == 1
    assert "Keep the keys apart" in done.stderr
    assert not beside.exists()


def test_a_full_disk_leaves_nothing_that_looks_like_a_backup(place):
    def small_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    public = str(place.identity.read_text().split()[3])
    full = place.home / "full"
    done = place.tutela("backup", full, "--recipient", public, preexec_fn=small_files)
    assert done.returncode == 1
    assert "File too large" in done.stderr
    assert list(full.iterdir()) == []


def test_a_login_that_does_not_see_every_row_is_refused(place):
    with (
        pytest.raises(CannotStartError, match="does not see every row"),
        source.reading(place.server.owner_url()),
    ):
        pass


def test_a_backup_to_nobody_is_refused(place):
    done = place.tutela("backup", place.home / "nobody")
    assert done.returncode == 1
    assert "TUTELA_BACKUP_RECIPIENTS" in done.stderr
    assert not (place.home / "nobody").exists()
