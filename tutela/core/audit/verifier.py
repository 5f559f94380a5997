"""Verifies an export of an audit log. Needs Python 3.11 and `cryptography`, and nothing of Tutela.

    python3 verifier.py EXPORT.zip PUBLIC-KEY

PUBLIC-KEY is 64 hexadecimal digits, from somebody whom you trust and not from the export. Exits with 0 when
every entry is what was signed, else with 1 and the first fault.
"""

from __future__ import annotations

import hashlib
import re
import sys
import zipfile
from collections.abc import Iterator

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

HEAD = re.compile(
    r"tutela audit head 1\nnumber: (\d+)\nsize: (\d+)\nroot: ([0-9a-f]{64})\ntime: \S+\n"
    r"previous: (none|[0-9a-f]{64})\nkey: ([0-9a-f]{64})\nsignature: ([0-9a-f]{128})\n"
)


class Fault(Exception):
    """The export is not what was signed."""


def check(right: object, sentence: str) -> None:
    """Raise a fault unless something is right."""
    if not right:
        raise Fault(sentence)


def signed(text: str, signature: str, key: str) -> bool:
    """Whether this key made this signature of the text."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(key)).verify(bytes.fromhex(signature), text.encode())
    except InvalidSignature:
        return False
    return True


def check_files(archive: zipfile.ZipFile, key: str) -> None:
    """Compare every file with the signed manifest."""
    text, _mark, signature = archive.read("manifest.txt").decode().rpartition("signature: ")
    check(re.fullmatch(r"[0-9a-f]{128}\n", signature), "manifest.txt has no signature.")
    check(signed(text, signature.strip(), key), "manifest.txt was not signed by this key.")
    _first, *lines = text.splitlines()
    named = {name: digest for digest, _space, name in (line.partition(" ") for line in lines)}
    there = sorted(one.filename for one in archive.infolist())
    check(there == sorted([*named, "manifest.txt"]), "Files were added, or are missing.")
    for name, digest in named.items():
        found = hashlib.sha256()
        with archive.open(name) as file:
            while piece := file.read(1 << 20):
                found.update(piece)
        check(found.hexdigest() == digest, f"{name} was changed.")


def read_heads(text: str, key: str) -> Iterator[tuple[int, int, str, str]]:
    """Number, size, root and whole text of each head, once it is clear that it follows the one before."""
    number, size, digest = 0, 0, "none"
    for found in HEAD.finditer(text):
        whole, (named, upto, root, previous, signer, signature) = found.group(), found.groups()
        check(int(named) == number + 1 and int(upto) > size, f"Head {named} does not follow head {number}.")
        check(previous == digest, f"Head {named} does not name head {number}.")
        check(signer == key, f"Head {named} names another key.")
        body = whole.partition("signature: ")[0]
        check(signed(body, signature, key), f"Head {named} was not signed by this key.")
        number, size, digest = int(named), int(upto), hashlib.sha256(whole.encode()).hexdigest()
        yield number, size, root, whole


def check_entries(archive: zipfile.ZipFile, heads: list[tuple[int, int, str, str]]) -> int:
    """Grow the tree of RFC 9162 over the lines and compare its root at each head. Returns their number."""
    roots = {size: (number, root) for number, size, root, _whole in heads}
    edge: list[bytes] = []
    size = sealed = 0
    with archive.open("entries.jsonl") as lines:
        for line in lines:
            check(line != b"\n", f"The entry of number {size} is gone.")
            node, bits = hashlib.sha256(b"\x00" + line.removesuffix(b"\n")).digest(), size
            while bits & 1:
                node, bits = hashlib.sha256(b"\x01" + edge.pop() + node).digest(), bits >> 1
            edge.append(node)
            size += 1
            if size in roots:
                root = edge[-1]
                for left in reversed(edge[:-1]):
                    root = hashlib.sha256(b"\x01" + left + root).digest()
                where = f"One of the entries of number {sealed} to {size - 1}"
                check(root.hex() == roots[size][1], f"{where} was changed: head {roots[size][0]}.")
                sealed = size
    check(
        size == sealed == heads[-1][1], f"There are {size} entries and the last head is over {heads[-1][1]}."
    )
    return size


def verify(path: str, key: str) -> str:
    """Verify an export. Returns what to say; raises `Fault`."""
    check(re.fullmatch(r"[0-9a-f]{64}", key), "The public key is 64 hexadecimal digits.")
    with zipfile.ZipFile(path) as archive:
        check_files(archive, key)
        heads = list(read_heads(archive.read("heads.txt").decode(), key))
        check(heads, "There is no head.")
        known = {whole for *_others, whole in heads}
        anchors = [name for name in archive.namelist() if name.startswith("anchor-")]
        for name in anchors:
            held = [found.group() for found in HEAD.finditer(archive.read(name).decode())]
            check(known.issuperset(held), f"{name} holds a head that is not in heads.txt.")
        many = check_entries(archive, heads)
    return f"{many} entries under {len(heads)} heads, {len(anchors)} anchors: all as they were signed."


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        print(verify(sys.argv[1], sys.argv[2]))  # noqa: T201
    except (Fault, ValueError, KeyError, zipfile.BadZipFile, OSError) as fault:
        sys.exit(f"NOT as it was signed: {fault}")
