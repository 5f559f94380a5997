"""A sealed stream opens as it was, or not at all."""

from __future__ import annotations

import io
import os

import pytest

from tutela.core.files.stream import CHUNK, TAG, Sealer, sealed_size, unseal
from tutela.core.vault.seals import NotGenuine, new_key

SIZES = (0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 5)
WHOLE = CHUNK + TAG


def sealed(key: bytes, plain: bytes, identity: str = "file 1", piece: int = 70_001) -> bytes:
    sealer, out = Sealer(key, identity), b""
    for at in range(0, len(plain), piece):
        out += b"".join(sealer.update(plain[at : at + piece]))
    return out + sealer.finish()


def opened(key: bytes, stream: bytes, identity: str = "file 1") -> bytes:
    return b"".join(unseal(io.BytesIO(stream), key, identity))


class Sips(io.BytesIO):
    """Hands out less than was asked for, as an object store does."""

    def read(self, size: int = -1, /) -> bytes:
        return super().read(min(size, 4096))


@pytest.mark.parametrize("size", SIZES)
def test_it_opens_as_it_was(size):
    key, plain = new_key(), os.urandom(size)
    stream = sealed(key, plain)
    assert opened(key, stream) == plain
    assert b"".join(unseal(Sips(stream), key, "file 1")) == plain
    assert len(stream) == sealed_size(size)


@pytest.fixture
def three():
    key = new_key()
    return key, sealed(key, os.urandom(3 * CHUNK))


def chunk(stream: bytes, number: int) -> bytes:
    return stream[1 + number * WHOLE : 1 + (number + 1) * WHOLE]


CHANGES = {
    "cut off between chunks": lambda stream: stream[: 1 + 2 * WHOLE],
    "cut off within a chunk": lambda stream: stream[:-1],
    "nothing left": lambda stream: stream[:1],
    "not even a format": lambda _stream: b"",
    "another format": lambda stream: b"\x02" + stream[1:],
    "a bit changed": lambda stream: stream[:99] + bytes([stream[99] ^ 1]) + stream[100:],
    "chunks in another order": lambda s: s[:1] + chunk(s, 1) + chunk(s, 0) + chunk(s, 2),
    "a chunk twice": lambda s: s[:1] + chunk(s, 0) + chunk(s, 0) + chunk(s, 1) + chunk(s, 2),
    "a chunk left out": lambda s: s[:1] + chunk(s, 0) + chunk(s, 2),
    "something added": lambda stream: stream + stream[-WHOLE:],
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_was_changed_does_not_open(three, change):
    key, stream = three
    with pytest.raises(NotGenuine):
        opened(key, CHANGES[change](stream))


def test_it_opens_for_its_own_file_and_key_only(three):
    key, stream = three
    with pytest.raises(NotGenuine):
        opened(key, stream, "file 2")
    with pytest.raises(NotGenuine):
        opened(new_key(), stream)


def test_what_comes_before_a_fault_is_genuine_and_the_end_never_comes(three):
    key, stream = three
    chunks = unseal(io.BytesIO(stream[: 1 + 2 * WHOLE]), key, "file 1")
    assert len(next(chunks)) == CHUNK
    with pytest.raises(NotGenuine):
        next(chunks)
