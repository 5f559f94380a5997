"""A real Dovecot on this machine, in a folder of its own, with one user per mailbox."""

from __future__ import annotations

import grp
import imaplib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tutela.server.processes import dies_with_parent

PROGRAM = shutil.which("dovecot", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
MISSING = "Dovecot is not installed: apt-get install dovecot-imapd"
PASSWORD = "in-a-file-of-a-test"

_CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = {ssl}
{certificate}
disable_plaintext_auth = no
default_internal_user = {account}
default_login_user = {stranger}
default_internal_group = {group}
mail_location = maildir:{folder}/mail/%n
mail_uid = {account}
mail_gid = {group}
first_valid_uid = 0
first_valid_gid = 0
mail_max_userip_connections = 50
imap_idle_notify_interval = 2 mins
auth_mechanisms = plain login
auth_failure_delay = 0
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={account} gid={group} home={folder}/home/%n allow_all_users=yes
}}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
  }}
}}
service stats {{
  chroot =
}}
"""


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """One server for all tests, each of which uses mailboxes of its own."""
    if PROGRAM is None:
        pytest.skip(MISSING)
    with running() as server:
        yield server


@dataclass
class Dovecot:
    """`port` speaks plainly; `tls_port` is private where it was started with a certificate."""

    folder: Path
    port: int
    tls_port: int
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [PROGRAM or "dovecot", "-F", "-c", str(self.folder / "dovecot.conf")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=dies_with_parent(signal.SIGTERM),  # noqa: PLW1509  no thread runs while we fork
        )
        until = time.monotonic() + 30
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=5) as line:
                    if line.recv(100).startswith(b"* OK"):
                        return
            except OSError:
                pass
            log = self.folder / "log"
            words = log.read_text() if log.exists() else ""
            assert self.process.poll() is None, f"Dovecot ended: {words}"
            assert time.monotonic() < until, f"Dovecot does not answer: {words}"
            time.sleep(0.05)

    def stop(self) -> None:
        """End it with all its processes, whose lines are cut."""
        assert self.process is not None
        self.process.terminate()
        self.process.wait(20)
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    @contextmanager
    def box(self, user: str, folder: str = "INBOX") -> Iterator[imaplib.IMAP4]:
        """What a mail server or a person does with the mailbox meanwhile."""
        with imaplib.IMAP4("127.0.0.1", self.port, timeout=30) as line:
            line.login(user, PASSWORD)
            if folder != "INBOX":
                line.create(folder)
            line.select(folder)
            yield line

    def deliver(self, user: str, *mails: bytes, folder: str = "INBOX") -> None:
        with self.box(user, folder) as line:
            for mail in mails:
                assert line.append(folder, None, None, mail)[0] == "OK"

    def flags(self, user: str, folder: str = "INBOX") -> list[set[bytes]]:
        """The flags of each mail, the oldest first."""
        with self.box(user, folder) as line:
            found = line.uid("FETCH", "1:*", "(FLAGS)")[1]
        return [set(imaplib.ParseFlags(one)) - {b"\\Recent"} for one in found if one]


@contextmanager
def running(*, certificate: Path | None = None, key: Path | None = None) -> Iterator[Dovecot]:
    """Start it, and stop it again."""
    folder = Path(tempfile.mkdtemp(prefix="tutela-imap-"))
    dovecot = Dovecot(folder, _free_port(), _free_port())
    try:
        # As root it insists on accounts of its own, which its package makes; elsewhere all of it is ours.
        is_root = os.getuid() == 0
        account = pwd.getpwnam("dovecot") if is_root else pwd.getpwuid(os.getuid())
        folder.chmod(0o755)
        for name in ("mail", "home"):
            (folder / name).mkdir()
            os.chown(folder / name, account.pw_uid, account.pw_gid)
        text = _CONFIGURATION.format(
            folder=folder,
            account=account.pw_name,
            stranger="dovenull" if is_root else account.pw_name,
            group=grp.getgrgid(account.pw_gid).gr_name,
            password=PASSWORD,
            port=dovecot.port,
            tls_port=dovecot.tls_port if certificate else 0,
            ssl="yes" if certificate else "no",
            certificate=f"ssl_cert = <{certificate}\nssl_key = <{key}" if certificate else "",
        )
        (folder / "dovecot.conf").write_text(text)
        dovecot.start()
        try:
            yield dovecot
        finally:
            dovecot.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
