"""Files that must not be opened are found out by their own bytes; ordinary ones pass."""

from __future__ import annotations

import bz2
import gzip
import io
import struct
import zipfile
import zlib

import pytest
from PIL import Image

from tutela.connectors.mail.archives import MAX_ENTRIES, MAX_UNPACKED
from tutela.connectors.mail.examine import MAX_FILE, examine
from tutela.connectors.mail.pictures import MAX_FRAMES
from tutela.connectors.mail.problems import FILES, Finding


def code(data: bytes) -> str:
    finding = examine(data)
    return finding.code if finding else ""


def zipped(**files: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name.replace("_", "."), data)
    return out.getvalue()


def declared(name: bytes, unpacked: int, offset: int = 0, packed: int = 1) -> bytes:
    """An entry of a zip directory that says what it likes."""
    fields = (b"PK\x01\x02", 20, 20, 0, 8, 0, 0, 0, packed, unpacked, len(name), 0, 0, 0, 0, 0, offset)
    return struct.pack("<4s6H3L5H2L", *fields) + name


def handmade(entries: list[bytes], local: bytes = b"") -> bytes:
    first = local or struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 8, 0, 0, 0, 1, 1, 1, 0) + b"ax"
    directory = b"".join(entries)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(directory), len(first), 0)
    return first + directory + end


def picture(kind: str, size: tuple[int, int] = (4, 3), frames: int = 1) -> bytes:
    out = io.BytesIO()
    images = [Image.new("P", size, color=each % 255) for each in range(frames)]
    more = {"save_all": True, "append_images": images[1:]} if frames > 1 else {}
    (images[0] if kind in {"GIF", "PNG", "TIFF"} else images[0].convert("RGB")).save(out, kind, **more)
    return out.getvalue()


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of(width: int, height: int) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", b"x")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"words", id="words"),
        pytest.param(b"BMW drivers", id="words that begin like a bitmap"),
        pytest.param(b"RIFF\x24\x00\x00\x00WAVEfmt ", id="sound"),
        pytest.param(b"%PDF-1.4 invented", id="PDF"),
        pytest.param(zipped(a_txt=b"hello", b_csv=b"1,2" * 1000), id="zip"),
        pytest.param(
            zipped(word_document_xml=b"<w/>" * 5000, word_embeddings_sheet_xlsx=b"PK"), id="office document"
        ),
        pytest.param(b"#!/bin/sh\n" + zipped(a_txt=b"hello"), id="zip behind a program"),
        pytest.param(gzip.compress(b"hello" * 1000), id="gzip"),
        pytest.param(picture("PNG"), id="PNG"),
        pytest.param(picture("JPEG"), id="JPEG"),
        pytest.param(picture("GIF"), id="GIF"),
        pytest.param(picture("GIF", frames=20), id="moving GIF"),
        pytest.param(picture("BMP"), id="BMP"),
        pytest.param(picture("WEBP"), id="WebP"),
        pytest.param(picture("WEBP", frames=3), id="moving WebP"),
        pytest.param(picture("TIFF"), id="TIFF"),
        pytest.param(picture("TIFF", frames=3), id="TIFF of three pages"),
        pytest.param(picture("PNG", (8000, 6000)), id="48 megapixels"),
    ],
)
def test_an_ordinary_file_passes(data):
    assert examine(data) is None


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(bytes(MAX_FILE + 1), "too-large", id="too large"),
        pytest.param(zipped(a_txt=bytes(50 * 1024 * 1024)), "archive-bomb", id="zip of zeros"),
        pytest.param(
            handmade([declared(b"a", MAX_UNPACKED + 1)]), "archive-bomb", id="zip that promises too much"
        ),
        pytest.param(handmade([declared(b"a", 1)] * 2), "archive-overlap", id="zip with one file twice"),
        pytest.param(handmade([declared(b"a", 1)] * 20_000), "archive-entries", id="zip of too many files"),
        pytest.param(handmade([declared(b"a", 1, packed=10**6)]), "archive-overlap", id="zip beyond its end"),
        pytest.param(handmade([declared(b"a", 1, offset=1)]), "archive-broken", id="zip that points nowhere"),
        pytest.param(handmade([b"PK\x01\x02"]), "archive-broken", id="zip with half a directory"),
        pytest.param(b"PK\x03\x04 nothing else", "archive-broken", id="zip without a directory"),
        pytest.param(zipped(inner_zip=zipped(a_txt=b"hello")), "archive-nested", id="zip in zip"),
        pytest.param(gzip.compress(bytes(20 * 1024 * 1024)), "archive-bomb", id="gzip of zeros"),
        pytest.param(gzip.compress(gzip.compress(b"hello")), "archive-nested", id="gzip in gzip"),
        pytest.param(gzip.compress(zipped(a_txt=b"hello")), "archive-nested", id="zip in gzip"),
        pytest.param(b"\x1f\x8b\x08 broken", "archive-broken", id="broken gzip"),
        pytest.param(bz2.compress(b"hello"), "archive-closed", id="bzip2"),
        pytest.param(b"Rar!\x1a\x07\x01\x00", "archive-closed", id="RAR"),
        pytest.param(bytes(257) + b"ustar\x00" + bytes(249), "archive-closed", id="tar"),
        pytest.param(png_of(65_535, 65_535), "image-pixels", id="PNG of 64k by 64k"),
        pytest.param(png_of(10_000, 10_000), "image-pixels", id="PNG of 100 megapixels"),
        pytest.param(png_of(9_600, 9_600), "image-pixels", id="PNG that Pillow warns of"),
        pytest.param(b"\x89PNG\r\n\x1a\n nothing", "image-broken", id="PNG without a head"),
        pytest.param(b"\xff\xd8\xff" * 200_000, "image-broken", id="JPEG without a picture"),
        pytest.param(picture("GIF")[:-1] + b"\x21\xfe\x00" * 500_000, "image-frames", id="GIF of comments"),
        pytest.param(b"GIF89a\x04", "image-broken", id="GIF that ends at once"),
        pytest.param(
            b"RIFF\x24\x00\x00\x00WEBPVP8X" + bytes(8) + b"\xff" * 6, "image-pixels", id="WebP canvas"
        ),
        pytest.param(b"RIFF\x24\x00\x00\x00WEBPnone", "image-broken", id="WebP of nothing"),
        pytest.param(
            b"II*\x00\x08\x00\x00\x00\x00\x00\x08\x00\x00\x00", "image-frames", id="TIFF that bites its tail"
        ),
        pytest.param(b"II+\x00" + bytes(20), "image-broken", id="large TIFF"),
    ],
)
def test_a_dangerous_file_is_quarantined(data, reason):
    assert code(data) == reason
    assert reason in FILES


def gif_of(width: int, height: int, frames: int) -> bytes:
    frame = b"\x2c" + struct.pack("<4HB", 0, 0, width, height, 0) + b"\x02\x02\x4c\x01\x00"
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0, 0, 0) + frame * frames + b"\x3b"


def test_frames_are_counted_without_decoding_them():
    assert not code(gif_of(10, 10, MAX_FRAMES))
    assert code(gif_of(10, 10, MAX_FRAMES + 1)) == "image-frames"
    assert code(gif_of(10, 10, 1_000_000)) == "image-frames"


def test_frames_add_up():
    assert not code(gif_of(4_000, 4_000, 100))
    assert code(gif_of(4_000, 4_000, 200)) == "image-frames"


def test_an_encrypted_archive_is_closed():
    data = bytearray(zipped(a_txt=b"hello"))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    assert code(bytes(data)) == "archive-closed"


def test_a_finding_says_its_reason_and_fits_its_column():
    assert str(Finding("image-pixels", "9 × 9")) == "image-pixels: 9 × 9"
    assert len(str(Finding("archive-bomb", "x" * 999))) == 300
    assert MAX_ENTRIES < 20_000
