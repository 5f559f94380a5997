"""Anchors that are services: a bucket with object lock, a time-stamping authority, a mailbox."""

from __future__ import annotations

import base64
import secrets
import subprocess
from datetime import timedelta

import boto3
import pytest
from botocore.exceptions import ClientError
from django.conf import settings as project
from django.core.exceptions import ImproperlyConfigured
from moto.server import ThreadedMotoServer

from tutela.connectors.timestamps.tests.authority import StampServer
from tutela.core.audit.anchors import AnchorFault, anchors
from tutela.core.audit.held import HeldElsewhere
from tutela.core.audit.models import Anchored, HeadRow
from tutela.core.audit.seal import seal_and_anchor
from tutela.core.audit.verify import verify
from tutela.core.errors import NotConfigured, Rejected

TABLES = ("audit_entry", "audit_leaf", "audit_node", "audit_head", "audit_waiting")
CUT = (
    ("audit_entry", "id > {last}"),
    ("audit_leaf", "number >= 4"),
    ("audit_node", "(number + 1) << level > 4"),
)


@pytest.fixture(scope="module")
def store():
    """The address of an object store."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3(store, monkeypatch):
    for name, value in {
        "AWS_ENDPOINT_URL_S3": store,
        "AWS_ACCESS_KEY_ID": "tests",
        "AWS_SECRET_ACCESS_KEY": "only",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    return boto3.client("s3")


@pytest.fixture
def bucket(s3, log, settings):
    """A bucket of its own for each test."""
    name = f"heads-{secrets.token_hex(8)}"
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    settings.ANCHORS = f"s3:{name}/tutela"
    return name


@pytest.fixture
def authority(log, settings, tmp_path):
    with StampServer(tmp_path / "authority") as server:
        settings.ANCHORS = f"tsa:{server.url}"
        settings.TSA_ROOTS = str(server.roots)
        settings.TIMESTAMPS_FOLDER = tmp_path / "timestamps"
        yield server


@pytest.fixture
def mailbox(log, settings, tmp_path):
    settings.ANCHORS = "mail:auditor@wiki.example"
    settings.MAIL_FOLDER = tmp_path / "mail"
    return tmp_path / "mail" / "out"


def sentences() -> list[str]:
    return [fault.sentence for fault in verify(anchors()).faults]


def cut_off(tamper, ids, heads: int) -> None:
    """Take away all entries but four, and all heads but some."""
    for table, which in CUT:
        tamper.execute(f"DELETE FROM {table} WHERE {which.format(last=ids[3])}")
    tamper.execute("DELETE FROM audit_head WHERE number > %s", [heads])


@pytest.mark.usefixtures("bucket")
class TestBucket:
    def test_it_holds_every_head_and_every_leaf(self, log):
        log.seal(2, 2, 3)
        (anchor,) = anchors()
        assert [head.number for head in anchor.heads()] == [1, 2, 3]
        assert anchor.newest().number == 3
        assert [leaf.number for leaf in anchor.leaves()] == list(range(7))
        assert sentences() == []

    def test_a_changed_entry_is_named_by_its_leaf(self, log, tamper):
        ids = log.seal(2, 2)
        tamper.execute("UPDATE audit_entry SET detail = '{}' WHERE id = %s", [ids[1]])
        assert [(one.what.value, one.entry) for one in verify(anchors()).faults] == [("changed", ids[1])]

    def test_a_cut_tail_is_found(self, log, tamper):
        ids = log.seal(2, 2, 2)
        cut_off(tamper, ids, heads=2)
        assert ("truncated", ids[4]) in [(one.what.value, one.entry) for one in verify(anchors()).faults]

    def test_what_is_put_over_a_head_or_hides_it_counts_for_nothing(self, bucket, s3, log):
        log.seal(2, 2)
        keys = [one["Key"] for one in s3.list_objects_v2(Bucket=bucket)["Contents"]]
        for key in keys:
            s3.put_object(Bucket=bucket, Key=key, Body=b"nothing")
            s3.delete_object(Bucket=bucket, Key=key)  # a mark of deletion: nothing shows any more
        assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
        (anchor,) = anchors()
        assert [head.number for head in anchor.heads()] == [1, 2]
        assert sentences() == []

    def test_no_version_can_be_removed(self, bucket, s3, log):
        log.seal(1)
        for one in s3.list_object_versions(Bucket=bucket)["Versions"]:
            with pytest.raises(ClientError, match="AccessDenied"):
                s3.delete_object(Bucket=bucket, Key=one["Key"], VersionId=one["VersionId"])

    def test_a_head_that_was_written_before_a_crash_is_not_written_again(self, bucket, s3, log):
        log.seal(2)
        (anchor,) = anchors()
        (head,), leaves = list(anchor.heads()), list(anchor.leaves())
        anchor.put(head, leaves)
        assert len(s3.list_object_versions(Bucket=bucket)["Versions"]) == 2
        with pytest.raises(Rejected, match="something else"):
            anchor.put(head, leaves[:1])

    def test_a_bucket_without_lock_takes_nothing(self, s3, log, settings):
        s3.create_bucket(Bucket="without-lock")
        settings.ANCHORS = "s3:without-lock"
        log.write(1)
        assert not seal_and_anchor().anchored
        assert "no object lock" in Anchored.objects.get().error

    def test_one_that_is_away_gets_all_it_missed(self, log, monkeypatch):
        there = project.ANCHORS
        with monkeypatch.context() as away:
            away.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
            log.write(2)
            assert not seal_and_anchor().anchored
            assert "does not answer" in Anchored.objects.get(name=there).error
        log.write(1)
        assert seal_and_anchor().anchored
        (anchor,) = anchors()
        assert [leaf.number for leaf in anchor.leaves()] == [0, 1, 2]

    def test_a_bucket_that_nobody_made_is_told(self, log, settings):
        settings.ANCHORS = "s3:no-such-bucket"
        log.write(1)
        assert not seal_and_anchor().anchored
        assert "does not let us in" in Anchored.objects.get().error


@pytest.mark.usefixtures("authority")
class TestAuthority:
    def test_a_head_is_stamped_and_openssl_agrees(self, authority, log, tmp_path):
        log.seal(3)
        assert sentences() == []
        (stamp,) = (tmp_path / "timestamps").rglob("*.stamp")
        head, _begin, answer = stamp.read_text().partition("\n-----BEGIN TIMESTAMP-----\n")
        (tmp_path / "head.txt").write_text(head)
        (tmp_path / "answer.tsr").write_bytes(base64.b64decode(answer.partition("-----END")[0]))
        command = ["openssl", "ts", "-verify", "-data", tmp_path / "head.txt", "-in", tmp_path / "answer.tsr"]
        told = subprocess.run(
            [*command, "-CAfile", authority.roots], check=True, capture_output=True, text=True
        )
        assert "Verification: OK" in told.stdout + told.stderr

    def test_it_is_asked_once_an_hour(self, authority, log):
        log.seal(1, 1, 1)
        assert authority.asked == 1
        (anchor,) = anchors()
        assert [head.number for head in anchor.heads()] == [1]
        anchor.every = timedelta(microseconds=1)
        assert sentences() == [], "that it holds few heads is no fault"

    def test_entries_cut_off_below_a_stamp_are_found(self, log, tamper):
        ids = log.seal(6)
        cut_off(tamper, ids, heads=0)
        assert any("head 1" in one.lower() or "missing" in one for one in sentences())

    def test_a_head_with_another_ones_stamp_is_refused(self, log, tmp_path):
        log.seal(2)
        (stamp,) = (tmp_path / "timestamps").rglob("*.stamp")
        stamp.write_text(stamp.read_text().replace("size: 2", "size: 1"))
        with pytest.raises(Rejected, match="not genuine"):
            verify(anchors())

    def test_the_stamp_of_a_stranger_is_not_kept(self, log, settings, tmp_path):
        with StampServer(tmp_path / "stranger") as stranger:
            settings.TSA_ROOTS = str(stranger.roots)
            log.write(1)
            assert not seal_and_anchor().anchored
        assert "not genuine" in Anchored.objects.get().error
        assert not list((tmp_path / "timestamps").rglob("*.stamp"))

    def test_one_that_refuses_is_told_and_asked_again(self, authority, log):
        authority.says = 503
        log.write(1)
        assert not seal_and_anchor().anchored
        assert "503" in Anchored.objects.get().error
        authority.says = 200
        assert seal_and_anchor().anchored
        assert Anchored.objects.get().upto == 1

    def test_without_roots_nothing_is_stamped(self, authority, log, settings):
        settings.TSA_ROOTS = ""
        log.write(1)
        assert not seal_and_anchor().anchored
        assert "TUTELA_TSA_ROOTS" in str(Anchored.objects.get().error) or authority.asked == 1


class TestMailbox:
    def test_one_head_a_day_goes_out_and_what_was_kept_can_be_compared(self, mailbox, log):
        log.seal(2, 2)
        (mail,) = mailbox.glob("*.eml")
        held = HeldElsewhere(mail)
        assert [head.number for head in held.heads()] == [1]
        report = verify([*anchors(), held])
        assert report.is_sound
        assert report.handed == {project.ANCHORS: 1}
        assert report.anchored == {held.name: 1}

    def test_what_the_auditor_kept_finds_a_log_that_began_anew(self, mailbox, log, tamper):
        log.seal(3)
        (mail,) = mailbox.glob("*.eml")
        for table in TABLES:
            tamper.execute(f"DELETE FROM {table}")
        assert verify(anchors()).is_sound, "nobody here can tell"
        assert not verify([HeldElsewhere(mail)]).is_sound

    def test_a_mailbox_of_many_mails_is_read(self, mailbox, log, settings, tmp_path):
        log.seal(1)
        settings.ANCHORS = "mail:somebody.else@wiki.example"
        log.seal(1)
        kept = tmp_path / "auditor.mbox"
        kept.write_bytes(
            b"".join(
                b"From tutela Thu Jan  1 00:00:00 2026\n" + one.read_bytes().replace(b"\r\n", b"\n") + b"\n"
                for one in mailbox.glob("*.eml")
            )
        )
        assert [head.text for head in HeldElsewhere(kept).heads()] == [
            row.text for row in HeadRow.objects.order_by("number")
        ]

    def test_a_file_without_a_head_is_refused(self, tmp_path):
        (tmp_path / "empty").write_text("nothing")
        with pytest.raises(AnchorFault, match="no head"):
            HeldElsewhere(tmp_path / "empty")


@pytest.mark.parametrize(
    "said", ["mail:nobody", "mail:a@b.example?hours=0", "tsa:stamps.example", "s4:bucket"]
)
def test_a_setting_that_names_no_anchor_is_refused(settings, said):
    settings.ANCHORS = said
    with pytest.raises((NotConfigured, AnchorFault, ImproperlyConfigured)):
        anchors()
