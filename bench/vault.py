"""Sealing: seals and opens a second and MB a second against raw AES-GCM; what it adds to intake and case page."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import contextmanager
from unittest import mock

from bench import place
from bench.table import Figures

SECONDS = float(os.environ.get("TUTELA_BENCH_SECONDS", "1"))
ROUNDS = 3
SIZES = {"100 bytes": 100, "10 KiB": 10 * 1024, "1 MiB": 1024 * 1024}
REPORTS = int(os.environ.get("TUTELA_BENCH_REPORTS", "300"))


def main() -> None:
    """Measure on a fresh platform, with fsync on."""
    figures = Figures("vault", "Sealing: against raw AES-GCM, and what it adds to intake and case page")
    _raw(figures)
    with place.platform():
        place.django()
        _with_and_without(figures)
        from django.db import connections

        connections.close_all()
    figures.finish()


def _raw(figures: Figures) -> None:
    for name, size in SIZES.items():
        for doing, calls in _calls(size).items():
            for who, call in calls.items():
                rates = [_rate(call) for _round in range(ROUNDS)]
                figures.add(f"{doing} {name}, {who}", "per s", rates, ratio_to=f"{doing} {name}, raw AES-GCM")
                if size >= SIZES["1 MiB"]:
                    figures.add(f"{doing} {name}, {who}, MB", "MB/s", [rate * size / 1e6 for rate in rates])


def _calls(size: int) -> dict[str, dict[str, Callable[[], object]]]:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    from tutela.core.vault.seals import new_key, seal, unseal

    key, plain, nonce = new_key(), os.urandom(size), os.urandom(12)
    cipher = AESGCM(key)
    sealed, raw = seal(key, plain, "bench"), cipher.encrypt(nonce, plain, b"bench")
    return {
        "seal": {
            "raw AES-GCM": lambda: cipher.encrypt(nonce, plain, b"bench"),
            "a seal": lambda: seal(key, plain, "bench"),
        },
        "open": {
            "raw AES-GCM": lambda: cipher.decrypt(nonce, raw, b"bench"),
            "a seal": lambda: unseal(key, sealed, "bench"),
        },
    }


def _rate(call: Callable[[], object]) -> float:
    done, until = 0, time.perf_counter() + SECONDS
    begin = time.perf_counter()
    while time.perf_counter() < until:
        call()
        done += 1
    return done / (time.perf_counter() - begin)


@contextmanager
def _nothing_sealed():
    """Everything as it is, but for the cipher: what is stored is plain."""
    from tutela.core.vault import fields, keyring, report_keys

    def plain(_key: bytes, text: bytes, _place: str) -> bytes:
        return b"\x01" + text

    def back(_key: bytes, text: bytes, _place: str) -> bytes:
        return text[1:]

    with (
        mock.patch.object(fields, "seal", plain),
        mock.patch.object(fields, "unseal", back),
        mock.patch.object(keyring, "case_key", return_value=b""),
        mock.patch.object(keyring, "remember_case_keys", return_value=None),
        mock.patch.object(report_keys, "make", return_value=(b"", b"c" + bytes(8))),
        mock.patch.object(report_keys, "unwrap", return_value=b""),
        mock.patch.object(report_keys, "give_to_case", lambda stored, _identity, _case: stored),
    ):
        yield


def _with_and_without(figures: Figures) -> None:
    from contextlib import nullcontext

    from django.conf import settings
    from django.test import Client

    from tests.cast import emergency, make_cast
    from tests.signed_in import sign_in
    from tutela.core.cases.opening import open_case
    from tutela.core.cases.receive import receive
    from tutela.core.flow.perform import perform
    from tutela.core.people.models import Staff

    settings.ALLOWED_HOSTS = ["*"]
    cast, client = make_cast(), Client()
    sign_in(client, Staff.objects.get(username="larch"))
    number = 0
    for name, how in (("without seals", _nothing_sealed), ("sealed", nullcontext)):
        with how():
            times: dict[str, list[float]] = {"receive a report": [], "open its case": [], "case page": []}
            reference = ""
            for _one in range(REPORTS):
                number += 1
                told = emergency(source_key=str(number), sender_email="reader@wiki.example")
                begin = time.perf_counter()
                report = receive(told).report_id
                times["receive a report"].append((time.perf_counter() - begin) * 1000)
                begin = time.perf_counter()
                reference = open_case(report)
                times["open its case"].append((time.perf_counter() - begin) * 1000)
            for note in range(20):
                perform(reference, "note", cast.heron, {"text": f"Advice {note}", "privileged": True})
                perform(reference, "answer", cast.juniper, {"text": f"Answer {note}"})
            for _one in range(REPORTS // 4):
                begin = time.perf_counter()
                answer = client.get(f"/desk/case/{reference}/")
                times["case page"].append((time.perf_counter() - begin) * 1000)
                assert answer.status_code == 200, answer.status_code
            for what, values in times.items():
                figures.add_times(f"{what}, {name}", values, ratio_to=f"{what}, without seals")
