"""What came in and what was kept, exactly: reports, their files, exhibits. Every look is recorded.

Nothing here is ever shown in the page but text; files go out as downloads, and quarantined ones not
at all.
"""

from __future__ import annotations

from email import policy
from email.parser import BytesHeaderParser
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from tutela.core.audit.models import Act
from tutela.core.audit.record import record
from tutela.core.cases.answering import may_belong
from tutela.core.cases.models import Case, Exhibit, Report, ReportFile
from tutela.core.errors import NotFound
from tutela.core.files.leaving import TEXT, is_harmful, take_out
from tutela.core.flow import registry
from tutela.surfaces.desk.faces import full
from tutela.surfaces.desk.page import case_or_not_found, desk_page, show
from tutela.surfaces.downloads import as_download, streamed

from .described import Line, described, words
from .known import language_of, proof_of
from .scans import scan_of, words_of
from .views import head

if TYPE_CHECKING:
    from tutela.surfaces.desk.page import DeskRequest

#: How much of the raw bytes a page shows; the rest is in the download.
MOST_SHOWN = 200_000
#: How many other reports from the same address it names.
MOST_OTHERS = 20


@desk_page
@require_safe
def report_page(request: DeskRequest, reference: str, number: int) -> HttpResponse:
    """A report as it was received: who sent it, what could not be read, its files, its raw bytes."""
    case, report = _report(reference, number)
    record(Act.REPORT_LOOKED, request.actor, case.pk, report=report.pk)
    raw = bytes(report.raw)
    context = {
        **head(request, registry.workflow(case.workflow), case),
        "slim": True,
        "report": report,
        "lines": _lines(report),
        "headers": _headers(raw) if report.channel == Report.Channel.MAIL else [],
        "problems": [
            words(problem.get("message") or problem.get("code") or problem) for problem in report.problems
        ],
        "files": [
            _file(case, report, one)
            for one in report.files.defer("data").select_related("scan").order_by("id")
        ],
        "additions": [_addition(case, one) for one in report.additions.defer("raw").order_by("id")],
        "proof": proof_of(report),
        "checks": (report.arrival or {}).get("checks", []),
        "may_belong": [
            (one.reference, reverse("desk:case", args=[one.reference])) for one in may_belong(report)
        ],
        "same_sender": [_addition(one.case, one) for one in _same_sender(report)],
        "raw": raw[:MOST_SHOWN].decode("utf-8", "replace").replace("\0", "\N{REPLACEMENT CHARACTER}"),
        "raw_size": filesizeformat(len(raw)),
        "raw_cut": len(raw) > MOST_SHOWN,
        "sha256": bytes(report.content_hash).hex(),
    }
    return show(request, "desk/report.html", context)


@desk_page
@require_safe
def report_words(request: DeskRequest, reference: str, number: int) -> HttpResponse:
    """The words of a report, fetched when somebody unfolds them."""
    case, report = _report(reference, number)
    record(Act.WORDS_UNFOLDED, request.actor, case.pk, report=report.pk)
    return render(request, "desk/case/words.html", {"report": report})


@desk_page
@require_safe
def report_raw(request: DeskRequest, reference: str, number: int) -> HttpResponse:
    """The bytes as they came, as a download."""
    case, report = _report(reference, number)
    record(Act.REPORT_LOOKED, request.actor, case.pk, report=report.pk, raw=True)
    ending = "eml" if report.channel == Report.Channel.MAIL else "txt"
    return _download(bytes(report.raw), f"{case.reference}-report-{report.pk}.{ending}")


@desk_page
@require_http_methods(["GET", "HEAD", "POST"])
def report_file(request: DeskRequest, reference: str, number: int, file: int) -> HttpResponse:
    """A file that came with a report, as a download.

    Raises NotFound for one in quarantine, and for a harmful one unless they said that they know.
    """
    case, report = _report(reference, number)
    found = report.files.filter(pk=file, quarantine="").select_related("scan").first()
    if found is None:
        raise NotFound
    detail = _knowingly(request, found)
    record(Act.REPORT_LOOKED, request.actor, case.pk, report=report.pk, file=found.pk, **detail)
    return _download(bytes(found.data), found.name)


@desk_page
@require_safe
def exhibit_page(request: DeskRequest, reference: str, number: int) -> HttpResponse:
    """An exhibit with its chain of custody; a text is shown, folded."""
    case, exhibit = _exhibit(reference, number)
    record(Act.EXHIBIT_LOOKED, request.actor, case.pk, exhibit=exhibit.number)
    is_text = exhibit.content_type in TEXT and not (
        exhibit.quarantine or exhibit.file or exhibit.destroyed_at
    )
    url = reverse("desk:exhibit-file", args=[reference, number])
    context = {
        **head(request, registry.workflow(case.workflow), case),
        "slim": True,
        "exhibit": exhibit,
        "text": bytes(exhibit.data)[:MOST_SHOWN].decode("utf-8", "replace") if is_text else "",
        "added": full(exhibit.added_at),
        "destroyed": full(exhibit.destroyed_at) if exhibit.destroyed_at else "",
        "size": filesizeformat(exhibit.size),
        "sha256": exhibit.digest.hex(),
        "file_name": exhibit.file.name if exhibit.file else "",
        "file_url": "" if exhibit.quarantine or exhibit.destroyed_at or is_harmful(exhibit.file) else url,
        "scan": words_of(scan_of(exhibit.file)) if exhibit.file else "",
        "harmful": url if is_harmful(exhibit.file) else "",
    }
    return show(request, "desk/exhibit.html", context)


@desk_page
@require_http_methods(["GET", "HEAD", "POST"])
def exhibit_file(request: DeskRequest, reference: str, number: int) -> HttpResponse | StreamingHttpResponse:
    """An exhibit as a download.

    Raises NotFound for one in quarantine, and for a harmful one unless they said that they know.
    """
    _case, exhibit = _exhibit(reference, number)
    leaving = take_out(exhibit, request.actor, knowing=request.POST.get("sure") == "yes")
    if exhibit.file:
        return streamed(leaving)
    return as_download(HttpResponse(b"".join(leaving.chunks)), leaving.name)


def _knowingly(request: DeskRequest, file: ReportFile) -> dict[str, bool]:
    """What the audit log is told of a harmful file. Raises NotFound where they did not say that they know."""
    if not is_harmful(file):
        return {}
    if request.POST.get("sure") != "yes":
        raise NotFound
    return {"harmful": True}


def _report(reference: str, number: int) -> tuple[Case, Report]:
    case = case_or_not_found(reference)
    report = Report.objects.filter(pk=number, case=case).first()
    if report is None:
        raise NotFound
    return case, report


def _exhibit(reference: str, number: int) -> tuple[Case, Exhibit]:
    case = case_or_not_found(reference)
    exhibit = case.exhibits.filter(number=number).select_related("added_by", "file__scan").first()
    if exhibit is None:
        raise NotFound
    return case, exhibit


def _lines(report: Report) -> list[Line]:
    said = {
        "channel": report.get_channel_display(),
        "mailbox": report.mailbox,
        "received": full(report.received_at),
        "sent": full(report.sent_at) if report.sent_at else "",
        "from": " ".join(
            filter(None, [report.sender_name, f"<{report.sender_email}>" if report.sender_email else ""])
        ),
        "subject": report.subject,
        "language": language_of(report),
        **report.fields,
    }
    return described({}, said)


def _headers(raw: bytes) -> list[tuple[str, str]]:
    """The head of a mail as it stands, decoded no further than a person needs."""
    try:
        parsed = BytesHeaderParser(policy=policy.compat32).parsebytes(raw[:MOST_SHOWN])
        return [(name, str(value)) for name, value in parsed.items()][:200]
    except (ValueError, LookupError):
        return []  # the raw text below still shows them


def _file(case: Case, report: Report, one: ReportFile) -> dict[str, Any]:
    url = reverse("desk:report-file", args=[case.reference, report.pk, one.pk])
    return {
        "name": one.name,
        "type": one.content_type,
        "size": filesizeformat(one.size),
        "sha256": bytes(one.sha256).hex(),
        "quarantine": one.quarantine,
        "scan": words_of(scan_of(one)),
        "url": "" if one.quarantine or is_harmful(one) else url,
        "harmful": url if is_harmful(one) and not one.quarantine else "",
    }


def _same_sender(report: Report) -> list[Report]:
    return list(report.from_same_sender().select_related("case").defer("raw")[:MOST_OTHERS])


def _addition(case: Case | None, one: Report) -> dict[str, Any]:
    assert case is not None
    return {
        "reference": case.reference,
        "url": reverse("desk:report", args=[case.reference, one.pk]),
        "when": full(one.received_at),
    }


def _download(data: bytes, name: str) -> HttpResponse:
    return as_download(HttpResponse(data), name)
