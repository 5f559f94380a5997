"""What came in is shown exactly, as text; every look is recorded, and files never open by themselves."""

from __future__ import annotations

import re

import pytest

from tutela.core.audit.models import Act, Entry
from tutela.core.cases.models import Case
from tutela.core.cases.receive import IncomingFile
from tutela.core.people.actor import acting_as

from .scene import do, report

pytestmark = pytest.mark.django_db
MAIL = (
    b"From: Reader <reader@wiki.example>\r\nSubject: Goodbye\r\nX-Odd: <script>alert(1)</script>\r\n"
    b"To: emergency@tutela.example\r\n\r\nThey wrote goodbye. \xff\xfe\x00<img src=x>\r\n"
)
FILES = (
    IncomingFile("screen.png", "image/png", b"\x89PNG-not-really"),
    IncomingFile('../../evil".html', "text/html", b"<script>alert(1)</script>"),
    IncomingFile(
        "many.zip", "application/zip", b"PK", quarantine="An archive that unpacks to more than 100 MB."
    ),
)


@pytest.fixture
def reference(cast) -> str:
    return report(
        channel="mail",
        raw=MAIL,
        text="They wrote goodbye.",
        sender_email="reader@wiki.example",
        sender_name="Reader",
        subject="Goodbye",
        files=FILES,
        problems=({"code": "bad-charset", "message": "A part names a charset that nobody knows."},),
        receipt_hash=None,
    )


@pytest.fixture
def url(cast, reference) -> str:
    with acting_as(cast.juniper):
        number = Case.objects.get(reference=reference).reports.values_list("pk", flat=True)[0]
    return f"/desk/case/{reference}/reports/{number}/"


def looks(cast, reference: str) -> list[str]:
    with acting_as(cast.juniper):
        case = Case.objects.get(reference=reference)
        entries = Entry.objects.filter(case_id=case.pk, act__in=[Act.REPORT_LOOKED, Act.EXHIBIT_LOOKED])
        return list(entries.order_by("id").values_list("act", flat=True))


def test_the_page_shows_all_that_arrived_as_text(cast, desk, reference, url):
    text = desk(cast.juniper).get(url).content.decode()
    for words in (
        "A part names a charset that nobody knows.",
        "Reader &lt;reader@wiki.example&gt;",
        "X-Odd",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "They wrote goodbye. \ufffd\ufffd\ufffd&lt;img src=x&gt;",
        "screen.png",
        "An archive that unpacks to more than 100 MB.",
    ):
        assert words in text
    assert "<script>alert" not in text
    assert "<img" not in text
    assert looks(cast, reference) == [Act.REPORT_LOOKED]


def test_a_quarantined_file_is_not_offered(cast, desk, url):
    text = desk(cast.juniper).get(url).content.decode()
    assert len(re.findall(r'href="[^"]*/files/\d+/"', text)) == 2
    with acting_as(cast.juniper):
        from tutela.core.cases.models import ReportFile

        number = ReportFile.objects.exclude(quarantine="").get().pk
    assert desk(cast.juniper).get(f"{url}files/{number}/").status_code == 404


def test_files_are_downloads_that_no_browser_opens(cast, desk, reference, url):
    juniper = desk(cast.juniper)
    paths = re.findall(r'href="([^"]*/files/\d+/)"', juniper.get(url).content.decode())
    for path in (*paths, f"{url}raw/"):
        answer = juniper.get(path)
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["Content-Disposition"].startswith("attachment; filename=")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert "/" not in answer.headers["Content-Disposition"].partition("filename=")[2]
    assert looks(cast, reference) == [Act.REPORT_LOOKED] * 4


def test_the_raw_bytes_come_out_as_they_went_in(cast, desk, url):
    assert desk(cast.juniper).get(f"{url}raw/").content == MAIL


def test_a_report_of_another_case_is_not_here(cast, desk, url):
    other = report()
    number = url.rstrip("/").rsplit("/", 1)[-1]
    assert desk(cast.juniper).get(f"/desk/case/{other}/reports/{number}/").status_code == 404


def test_an_exhibit_shows_its_text_folded_and_records_the_look(cast, desk, reference):
    do(reference, "add_exhibit", cast.juniper, kind="text", title="Talk page", text="<b>Goodbye</b>")
    text = desk(cast.heron).get(f"/desk/case/{reference}/exhibits/1/").content.decode()
    assert "&lt;b&gt;Goodbye&lt;/b&gt;" in text
    assert re.search(r"<details[^>]*>(?:(?!</details>).)*Goodbye", text, re.DOTALL)
    assert "sha-256" in text
    assert looks(cast, reference) == [Act.EXHIBIT_LOOKED]
    answer = desk(cast.heron).get(f"/desk/case/{reference}/exhibits/1/file/")
    assert answer.content == b"<b>Goodbye</b>"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert desk(cast.heron).get(f"/desk/case/{reference}/exhibits/2/").status_code == 404


def test_a_mail_whose_head_cannot_be_read_is_shown_all_the_same(cast, desk):
    broken = report(
        channel="mail",
        raw=b"\x00\xff\n\n: :\n" * 50,
        text="",
        problems=({"code": "no-head", "message": "No head."},),
        receipt_hash=None,
    )
    with acting_as(cast.juniper):
        number = Case.objects.get(reference=broken).reports.values_list("pk", flat=True)[0]
    answer = desk(cast.juniper).get(f"/desk/case/{broken}/reports/{number}/")
    assert answer.status_code == 200
    assert "No head." in answer.content.decode()
    page = desk(cast.juniper).get(f"/desk/case/{broken}/").content.decode()
    assert "Parts of it could not be read as mail." in page


def test_other_reports_from_the_same_address_are_named(cast, desk, url):
    other = report(sender_email="Reader@wiki.example")
    report(sender_email="editor@wiki.example")
    text = desk(cast.juniper).get(url).content.decode()
    assert "Other reports from this address" in text
    found = re.search(r"Other reports from this address.*?</section>", text, re.DOTALL)[0]
    assert re.findall(r"/desk/case/([A-Z]+-\d+-\d+)/", found) == [other]
