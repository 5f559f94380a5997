"""What sealing, auditing and row security add to intake and to the case page: each left out in turn, in one run.

`TUTELA_BENCH_REPORTS` says how many reports each way takes in (300 without it).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from unittest import mock

from bench import place
from bench.table import Figures

REPORTS = int(os.environ.get("TUTELA_BENCH_REPORTS", "300"))
WHOLE = "all of it"
#: Each way has its turn so often, so that a slow moment of the machine spoils none of them.
TURNS = 3


def main() -> None:
    """Measure on a fresh platform, with fsync on."""
    figures = Figures("guarantees", "What sealing, auditing and row security add")
    with place.platform() as server:
        place.django()
        _measure(figures, server.admin_url())
        from django.db import connections

        connections.close_all()
    figures.finish()


def _measure(figures: Figures, admin_url: str) -> None:
    from django.conf import settings
    from django.test import Client

    from tests.cast import make_cast
    from tests.signed_in import sign_in
    from tutela.core.people.models import Staff

    settings.ALLOWED_HOSTS = ["*"]
    cast, client = make_cast(), Client()
    sign_in(client, Staff.objects.get(username="larch"))
    ways: dict[str, Callable[[], AbstractContextManager[None]]] = {
        WHOLE: nullcontext,
        "without seals": _nothing_sealed,
        "without audit": _nothing_recorded,
        "without row security": lambda: _nothing_hidden(admin_url),
    }
    times: dict[str, dict[str, list[float]]] = {name: {} for name in ways}
    for turn in range(TURNS):
        for name, how in ways.items():
            with how():
                _go_through(cast, client, f"{turn} {name}", times[name])
    for name, found in times.items():
        for what, values in found.items():
            figures.add_times(f"{what}, {name}", values, ratio_to=f"{what}, {WHOLE}")


def _go_through(cast, client, turn: str, times: dict[str, list[float]]) -> None:
    from tests.cast import emergency
    from tutela.core.cases.opening import open_case
    from tutela.core.cases.receive import receive
    from tutela.core.flow.perform import perform

    reference = ""
    for number in range(REPORTS // TURNS):
        told = emergency(source_key=f"{turn} {number}", sender_email="reader@wiki.example")
        report = _timed(times, "receive a report", lambda told=told: receive(told)).report_id
        reference = _timed(times, "open its case", lambda report=report: open_case(report))
    for note in range(20):
        perform(reference, "note", cast.heron, {"text": f"Advice {note}", "privileged": True})
        perform(reference, "answer", cast.juniper, {"text": f"Answer {note}"})
    for _one in range(REPORTS // 4 // TURNS):
        answer = _timed(times, "case page", lambda: client.get(f"/desk/case/{reference}/"))
        assert answer.status_code == 200, answer.status_code


def _timed(times: dict[str, list[float]], what: str, call):
    begin = time.perf_counter()
    found = call()
    times.setdefault(what, []).append((time.perf_counter() - begin) * 1000)
    return found


@contextmanager
def _nothing_recorded() -> Iterator[None]:
    """No entry of the audit log is written."""
    from tutela.core.audit.models import Entry

    with mock.patch.object(Entry, "save", return_value=None):
        yield


@contextmanager
def _nothing_hidden(admin_url: str) -> Iterator[None]:
    """The desk's login passes by every policy."""
    import psycopg
    from django.db import connection

    with psycopg.connect(admin_url, autocommit=True) as admin:
        admin.execute("ALTER ROLE tutela_desk BYPASSRLS")
        connection.close()
        try:
            yield
        finally:
            admin.execute("ALTER ROLE tutela_desk NOBYPASSRLS")
            connection.close()


@contextmanager
def _nothing_sealed() -> Iterator[None]:
    """Everything as it is, but for the cipher: what is stored is plain."""
    from tutela.core.vault import fields, keyring, report_keys

    def plain(_key: bytes, text: bytes, _place: str) -> bytes:
        return b"\x01" + text

    def back(_key: bytes, text: bytes, _place: str) -> bytes:
        return text[1:]

    with (
        mock.patch.object(fields, "seal", plain),
        mock.patch.object(fields, "open_with", back),
        mock.patch.object(keyring, "case_key", return_value=b""),
        mock.patch.object(keyring, "remember_case_keys", return_value=None),
        mock.patch.object(report_keys, "make", return_value=(b"", b"c" + bytes(8))),
        mock.patch.object(report_keys, "unwrap", return_value=b""),
        mock.patch.object(report_keys, "give_to_case", lambda stored, _identity, _case: stored),
    ):
        yield
