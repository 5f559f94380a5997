"""A wiki's scanner mails that a file has the hash of a known image: restricted, first in line, one case."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from django.db import connection

from tests.cast import case_of
from tutela.core.cases.models import Case, Severity
from tutela.core.cases.opening import open_case
from tutela.core.people.actor import acting_as
from tutela.core.people.models import Grant, Membership, Staff
from tutela.surfaces.mail.incoming import take_in

SAMPLES = Path(__file__).parents[3] / "programs/wikis/tests/samples"
SENDER = "no-reply@wiki.example"
SHA1 = "da39a3ee5e6b4b0d3255bfef95601890afd80709"


@pytest.fixture(autouse=True)
def scanner(settings):
    settings.HASH_MATCH_SENDERS = [SENDER]


def mail(name: str, *changes: tuple[str, str]) -> bytes:
    raw = (SAMPLES / f"match-{name}.eml").read_bytes()
    for old, new in changes:
        assert old.encode() in raw
        raw = raw.replace(old.encode(), new.encode())
    return raw


def opened(raw: bytes) -> str:
    return open_case(take_in(raw, "safety").report_id)


@pytest.mark.django_db
def test_it_opens_critical_restricted_and_as_harm_to_a_child(cast):
    case = case_of(opened(mail("many")), cast.wren)
    assert case.severity == Severity.CRITICAL
    assert case.restricted
    assert (case.title, case.wiki) == ("Hash match on commons.wiki.example", "commons.wiki.example")
    assert (case.facts["category"], case.facts["sha1"]) == ("child", SHA1)
    assert case.facts["matched_files"].splitlines() == [
        "Example-0001.jpg, 2026-04-05 06:07, 2024-04-05 06:07",
        'Tom_&_"Q"\'s,_photo.png, 2025-12-31 23:59',
        "例_и_مثال.webp, 2026-01-01 00:01, 2026-01-01 00:02, 2026-01-01 00:03",
        "Old_archived.gif",
    ]
    assert "upload.wiki.example" not in str(case.facts)


@pytest.mark.django_db
def test_a_grant_alone_does_not_show_it(cast):
    Membership.objects.filter(staff__username="wren").delete()
    reference = opened(mail("single"))
    with acting_as(cast.wren):
        assert not Case.objects.filter(reference=reference).exists()
    assert Grant.objects.filter(staff=Staff.objects.get(username="wren")).exists()


@pytest.mark.django_db
def test_a_double_changes_nothing_and_new_versions_join_the_case(cast):
    reference = opened(mail("single"))
    resent = mail("single", ("<mm1@", "<mm1-again@"), ("at 10:20, 11", "at 10:55, 12"))
    assert opened(resent) == reference
    case = case_of(reference, cast.wren)
    assert (case.unread, case.version) == (0, 1)
    assert opened(mail("many")) == reference
    case = case_of(reference, cast.wren)
    assert case.unread == 1
    with acting_as(cast.wren):
        assert case.reports.count() == 3
        assert "Old_archived.gif" in case.messages.get().text
    assert opened(mail("single", ("<mm1@", "<mm4@"))) == reference
    assert case_of(reference, cast.wren).unread == 1, "what was told in any of them is no news"


@pytest.mark.django_db
def test_another_wiki_or_another_hash_is_another_case(cast):
    first = opened(mail("single"))
    other_wiki = mail("single", ("https://commons.wiki.example", "https://de.wiki.example"), ("<mm1@", "<x@"))
    other_hash = mail("single", ("phoiac9h4m842xq45sp7s6u21eteeq1", "1" * 31), ("<mm1@", "<y@"))
    assert len({first, opened(other_wiki), opened(other_hash)}) == 3


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        (SENDER, "somebody@elsewhere.example"),
        ("are a possible match to a known", "are quite like some other"),
        ("Subject: Automated scan", "Subject: Fwd: Automated scan"),
    ],
)
def test_who_only_writes_like_the_scanner_is_sorted_like_anybody(cast, change):
    case = case_of(opened(mail("many", change)), cast.wren)
    assert not case.restricted
    assert case.facts == {}


@pytest.mark.django_db(transaction=True)
def test_two_workers_make_one_case_of_two_mails(cast):
    reports = [take_in(raw, "safety").report_id for raw in (mail("single"), mail("many"))]
    references: list[str] = []
    start = threading.Barrier(2)

    def work(report: int) -> None:
        start.wait()
        try:
            references.append(open_case(report))
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(one,)) for one in reports]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(references) == 2
    assert len(set(references)) == 1
