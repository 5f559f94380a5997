"""Sealing: seals and opens a second and MB a second against raw AES-GCM."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from bench.table import Figures

SECONDS = float(os.environ.get("TUTELA_BENCH_SECONDS", "1"))
ROUNDS = 3
SIZES = {"100 bytes": 100, "10 KiB": 10 * 1024, "1 MiB": 1024 * 1024}


def main() -> None:
    """Measure in this process; there is no database in it."""
    figures = Figures("vault", "Sealing: against raw AES-GCM")
    _raw(figures)
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
