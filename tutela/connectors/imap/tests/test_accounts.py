"""What stands in TUTELA_IMAP, and what is wrong with it."""

from __future__ import annotations

from datetime import date

import pytest

from tutela.connectors.imap.accounts import sources
from tutela.connectors.imap.tests.dovecot import PASSWORD
from tutela.core.errors import NotConfigured, TryLater

OURS = frozenset({"emergency", "ca"})


def test_several_accounts_feed_mailboxes_of_ours():
    first, second, third = sources(
        "imaps://emergency%40tutela.example@imap.tutela.example?mailbox=emergency&password-file=/run/a"
        "  imap://ca@127.0.0.1:1143/Team%20mail?mailbox=ca&password-variable=CA&done=Taken&since=2026-01-31"
        " imaps://ca@imap.tutela.example/Junk?mailbox=ca&password-file=/run/b",
        OURS,
    )
    assert (first.user, first.host, first.port) == ("emergency@tutela.example", "imap.tutela.example", 993)
    assert (first.folder, first.mailbox, first.private) == ("INBOX", "emergency", True)
    assert (second.folder, second.port, second.private) == ("Team mail", 1143, False)
    assert (second.done, second.since) == ("Taken", date(2026, 1, 31))
    assert [one.name for one in (first, second, third)] == ["emergency", "ca", "ca-2"]
    assert sources("", OURS) == []


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("pop3://a@b.example?mailbox=ca&password-file=/a", "is not imaps://"),
        ("imaps://b.example?mailbox=ca&password-file=/a", "is not imaps://"),
        ("imaps://a:secret@b.example?mailbox=ca&password-file=/a", "holds a password"),
        ("imaps://a@b.example?mailbox=nobody&password-file=/a", "ca, emergency"),
        ("imaps://a@b.example?mailbox=ca", "password-file"),
        ("imaps://a@b.example?mailbox=ca&password-file=/a&password-variable=B", "password-file"),
        ("imaps://a@b.example?mailbox=ca&password-file=/a&flag=x", "flag"),
        ("imaps://a@b.example?mailbox=ca&password-file=/a&since=yesterday", "since="),
    ],
)
def test_what_is_wrong_is_said_without_the_password(address, words):
    with pytest.raises(NotConfigured, match=words) as caught:
        sources(address, OURS)
    assert "secret" not in str(caught.value)


def test_a_password_is_read_anew_and_troubles_are_in_our_words(dovecot, tmp_path, monkeypatch):
    path = tmp_path / "password"
    address = f"imap://heron@127.0.0.1:{dovecot.port}?mailbox=ca&password-file={path}"
    (source,) = sources(address, OURS)
    with pytest.raises(NotConfigured, match="cannot be read"), source.opened():
        pass
    path.write_text("wrong\n")
    with pytest.raises(NotConfigured, match="heron"), source.opened():
        pass
    path.write_text(f"{PASSWORD}\n")
    with source.opened() as folder:
        assert isinstance(folder.waiting(), list)
    monkeypatch.setenv("PASSWORD_OF_CA", PASSWORD)
    (source,) = sources(address.replace(f"password-file={path}", "password-variable=PASSWORD_OF_CA"), OURS)
    with source.opened() as folder:
        assert folder.validity
    (nobody,) = sources("imaps://a@127.0.0.1:9?mailbox=ca&password-variable=PASSWORD_OF_CA", OURS)
    with pytest.raises(TryLater, match="could not be reached"), nobody.opened():
        pass
