"""A large mail is held in memory a few times over, not a dozen times: 35 MB must fit beside the rest."""

from __future__ import annotations

import base64
import tracemalloc

import pytest
from django.db import connection

from tutela.core.cases.models import Report, ReportFile
from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.roles import SystemActor
from tutela.surfaces.mail.incoming import take_in

MOST_COPIES = 5.5  # the mail, its file, both sealed, and the file once more on its way to the server
DATA = bytes(range(256)) * 24_000


def large_mail() -> bytes:
    """About 8 MB: one file of 6 MB in base64."""
    return b"\r\n".join(
        [
            b"Message-ID: <large@mail.example>",
            b"Content-Type: multipart/mixed; boundary=part",
            b"",
            b"--part\r\n\r\nThe recording is attached.",
            b"--part\r\nContent-Type: application/octet-stream; name=recording.bin",
            b"Content-Transfer-Encoding: base64\r\n",
            base64.encodebytes(DATA).replace(b"\n", b"\r\n"),
            b"--part--",
        ]
    )


@pytest.mark.django_db
def test_a_large_mail_takes_few_times_its_size_and_is_kept_whole():
    raw = large_mail()
    connection.ensure_connection()
    tracemalloc.start()
    try:
        report = take_in(raw, "emergency").report_id
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak / len(raw) < MOST_COPIES
    with acting_as(system_actor(SystemActor.INTAKE)):
        assert bytes(Report.objects.get(pk=report).raw) == raw
        assert bytes(ReportFile.objects.get(report=report).data) == DATA


@pytest.mark.django_db
@pytest.mark.parametrize(("table", "column"), [("cases_report", "raw"), ("cases_reportfile", "data")])
def test_the_database_does_not_try_to_compress_what_came(table, column):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT attstorage = 'e' FROM pg_attribute WHERE attrelid = %s::regclass AND attname = %s",
            [table, column],
        )
        assert cursor.fetchone() == (True,)
