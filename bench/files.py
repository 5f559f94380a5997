"""Files: MB a second sealed and opened against raw AES-GCM, and the memory that a large one takes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.table import Figures

MEGABYTES = int(os.environ.get("TUTELA_BENCH_FILE_MB", "2048"))
PIECE = 256 * 1024
CHUNK = 1 << 20
WAYS = ("raw AES-GCM in memory", "seal into a folder", "open from a folder")


def main() -> None:
    """Each way in a process of its own, so that each has a peak of its own."""
    figures = Figures("files", f"A file of {MEGABYTES} MB: sealed, opened, and the memory for it")
    with tempfile.TemporaryDirectory(dir=os.environ.get("TUTELA_BENCH_FOLDER")) as folder:
        for way in WAYS:
            command = [sys.executable, "-m", "bench.files", way, folder]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            rate, grown = map(float, done.stdout.split())
            figures.add(way, "MB/s", [rate], ratio_to=WAYS[0])
            figures.add(f"{way}: memory over the process itself", "MB", [grown])
    figures.finish()


def _one(way: str, folder: Path) -> None:
    """Do it once, and print MB a second and how much the peak of memory grew."""
    # Key and nonces of a benchmark: what is sealed is zeros.
    from tutela.core.files.store.folder import Folder
    from tutela.core.files.stream import Sealer, unseal

    key, name = bytes(32), f"ab/{'0' * 62}.00000000"
    before, begin = _peak(), time.perf_counter()
    if way == WAYS[0]:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        cipher, plain = AESGCM(key), bytes(CHUNK)
        for number in range(MEGABYTES):
            cipher.encrypt(number.to_bytes(12), plain, b"file")
    elif way == WAYS[1]:
        writer, sealer, piece = Folder(str(folder)).writer(), Sealer(key, "file"), os.urandom(PIECE)
        for _each in range(MEGABYTES * CHUNK // PIECE):
            for sealed in sealer.update(piece):
                writer.write(sealed)
        writer.write(sealer.finish())
        writer.keep(name)
    else:
        with Folder(str(folder)).open(name) as source:
            size = sum(len(chunk) for chunk in unseal(source, key, "file"))
        assert size == MEGABYTES * CHUNK
    seconds = time.perf_counter() - begin
    print(MEGABYTES * CHUNK / 1e6 / seconds, (_peak() - before) / 1e6)


def _peak() -> int:
    """The most memory that this process ever held, in bytes. Linux counts a parent's into it; its own file does not."""
    said = Path("/proc/self/status").read_text()
    return int(said.split("VmHWM:")[1].split()[0]) * 1024


if __name__ == "__main__":
    import django
    from django.conf import settings

    settings.configure()
    django.setup()
    _one(sys.argv[1], Path(sys.argv[2]))
