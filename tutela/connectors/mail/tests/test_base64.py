"""Base64 is undone by the piece; where the pieces are cut makes no difference."""

from __future__ import annotations

import base64

import pytest

from tutela.connectors.mail import mime
from tutela.connectors.mail.mime import unwrap

TEXT = b"They wrote goodbye on their talk page."
LINES = base64.encodebytes(TEXT * 5)
RUNS = base64.b64encode(TEXT) + b"\r\n" + base64.b64encode(b"One more.") + b"==" + base64.b64encode(b"!")


@pytest.mark.parametrize("piece", [1, 2, 3, 4, 5, 7, 64, 1024])
@pytest.mark.parametrize(
    ("encoded", "decoded", "trouble"),
    [
        (LINES, TEXT * 5, ""),
        (LINES.rstrip(b"=\n"), TEXT * 5, ""),
        (RUNS, TEXT + b"One more.!", ""),
        (b"QUJD\0 RA=*=\n", b"ABCD", ""),
        (b"QUJDR", b"ABC", "transfer-encoding"),
        (b"QUJDR=QQ==", b"ABCA", "transfer-encoding"),
        (b"====", b"", ""),
        (b"", b"", ""),
    ],
)
def test_what_was_encoded_comes_back(monkeypatch, piece, encoded, decoded, trouble):
    monkeypatch.setattr(mime, "BASE64_PIECE", piece)
    assert unwrap(encoded, "base64") == (decoded, trouble)


def test_a_body_of_padding_alone_is_cut_short_and_named():
    decoded, trouble = unwrap(b"QQ==" * 5_000, "base64")
    assert decoded.startswith(b"A" * 1_000)
    assert len(decoded) < 5_000
    assert trouble == "transfer-encoding"
