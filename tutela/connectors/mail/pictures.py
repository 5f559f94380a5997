"""Pictures, judged by their heads. No pixel is decoded.

Pillow reads the heads of PNG, JPEG, GIF and BMP, and only the first bytes of the file, for it walks
through any number of segments: 30 MB of empty ones took it 10 to 31 seconds. WebP and TIFF are read
here: Pillow reserves the whole canvas of the first when it opens it, and the heads of the second may
stand anywhere.
"""

from __future__ import annotations

import io
import struct
from typing import Final

from PIL import Image, UnidentifiedImageError

from .problems import Finding

MAX_PIXELS: Final = 80_000_000  # below the count at which Pillow itself begins to warn
MAX_FRAMES: Final = 1_000
MAX_FRAME_PIXELS: Final = 2_000_000_000
MAX_BLOCKS: Final = 400_000
MAX_HEAD: Final = 512 * 1024

_PLAIN: Final = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a")
_TIFF: Final = (b"II*\x00", b"MM\x00*")
_BIG_TIFF: Final = (b"II+\x00", b"MM\x00+")
_WIDTH, _HEIGHT = 256, 257  # TIFF tags


def is_picture(data: bytes) -> bool:
    """Whether the first bytes are those of a picture that a browser or a viewer would try to show."""
    return data.startswith((*_PLAIN, *_TIFF, *_BIG_TIFF)) or _is_webp(data) or _is_bmp(data)


def _is_webp(data: bytes) -> bool:
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def _is_bmp(data: bytes) -> bool:
    return data[:2] == b"BM" and data[6:10] == bytes(4)


def look_at(data: bytes) -> Finding | None:
    """Why a picture is better not shown: too many pixels or frames, or not the picture it begins as."""
    try:
        width, height, frames = _measure(data)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return Finding("image-pixels")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, IndexError, struct.error):
        return Finding("image-broken")
    if width * height > MAX_PIXELS:
        return Finding("image-pixels", f"{width} × {height}")
    if frames > MAX_FRAMES or frames * width * height > MAX_FRAME_PIXELS:
        return Finding("image-frames", f"{frames} × {width} × {height}")
    return None


def _measure(data: bytes) -> tuple[int, int, int]:
    """Width, height and number of frames; a number over the limit where counting would take too long."""
    if _is_webp(data):
        return _webp(data)
    if data.startswith(_TIFF):
        return _tiff(data)
    with Image.open(io.BytesIO(data[:MAX_HEAD]), formats=("PNG", "JPEG", "GIF", "BMP")) as picture:
        width, height = picture.size
        frames = _gif_frames(data) if picture.format == "GIF" else int(getattr(picture, "n_frames", 1))
    return width, height, frames


def _gif_frames(data: bytes) -> int:
    """Count the image blocks."""
    position, frames, inside = 13 + _table(data[10]), 0, False
    for _ in range(MAX_BLOCKS):
        if position >= len(data) or (not inside and data[position] == 0x3B):
            return frames
        if inside:
            inside = data[position] > 0
            position += 1 + data[position]
        elif data[position] == 0x2C:
            frames, inside = frames + 1, True
            position += 11 + _table(data[position + 9])
        else:
            inside = True
            position += 2
    return MAX_FRAMES + 1


def _table(flags: int) -> int:
    """The bytes of a colour table that the flags announce."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _webp(data: bytes) -> tuple[int, int, int]:
    kind = data[12:16]
    if kind == b"VP8X":
        width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
        return width, height, max(data.count(b"ANMF"), 1)
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<L", data, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, 1
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF, 1
    raise ValueError(kind)


def _tiff(data: bytes) -> tuple[int, int, int]:
    """Follow the chain of directories, which may be long or bite its own tail. The largest page counts."""
    order = "<" if data.startswith(b"II") else ">"
    (position,) = struct.unpack_from(f"{order}L", data, 4)
    width = height = frames = 0
    while position and frames <= MAX_FRAMES:
        (entries,) = struct.unpack_from(f"{order}H", data, position)
        for at in range(position + 2, position + 2 + 12 * min(entries, 1_000), 12):
            tag, kind = struct.unpack_from(f"{order}HH", data, at)
            if tag in {_WIDTH, _HEIGHT}:
                (value,) = struct.unpack_from(f"{order}{'H' if kind == 3 else 'L'}", data, at + 8)
                width, height = (max(width, value), height) if tag == _WIDTH else (width, max(height, value))
        (position,) = struct.unpack_from(f"{order}L", data, position + 2 + 12 * entries)
        frames += 1
    return width, height, frames
