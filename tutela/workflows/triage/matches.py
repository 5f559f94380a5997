"""Mails that say that a file on a wiki has the hash of a known image: one case for each hash and wiki."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.db import connection

from tutela.core.cases.models import Report
from tutela.core.flow.declare import Joins
from tutela.programs.wikis.match import Match, MatchedFile, read_match, subject_of


def match_of(report: Report) -> Match | None:
    """What such a mail says; None for every other report, and where its sender is none of ours."""
    if report.channel != Report.Channel.MAIL:
        return None
    match = read_match(report.subject, report.text)
    # Where a mail names somebody else to answer to, who sent it stands apart.
    sender = str(report.fields.get("mail_from") or report.sender_email).lower() if match else ""
    return match if sender and sender in settings.HASH_MATCH_SENDERS else None


def joins(report: Report) -> Joins | None:
    """The first report of the same hash and wiki, and whether this one names versions that none named."""
    match = match_of(report)
    if match is None:
        return None
    _one_at_a_time(match)
    earlier = list(_earlier(report, match))
    if not earlier:
        return None
    told = set().union(*(one.told for _report, one in earlier))
    return Joins(earlier[0][0], news=bool(match.told - told))


def _earlier(report: Report, match: Match) -> Iterator[tuple[Report, Match]]:
    mails = Report.objects.filter(
        channel=Report.Channel.MAIL,
        workflow=report.workflow,
        subject__startswith=subject_of(match.sha1),
        case__isnull=False,
    )
    for one in mails.exclude(pk=report.pk).defer("raw").order_by("id"):
        other = match_of(one)
        if other and other.wiki == match.wiki:
            yield one, other


def _one_at_a_time(match: Match) -> None:
    """Two workers that open two mails about one hash must not make two cases."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"match {match.sha1} {match.wiki}"])


def lines_of(match: Match) -> str:
    """The files, each with the times of its versions. No address: nobody opens one by mistake."""
    return "\n".join(_line(file) for file in match.files)


def _line(file: MatchedFile) -> str:
    times = (f"{version.uploaded:%Y-%m-%d %H:%M}" for version in file.versions)
    return ", ".join([file.name, *times])
