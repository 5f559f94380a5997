"""An auditor verifies an export with a program that knows nothing of ours, and any edit is refused."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile

import pytest

from tutela.core.audit.anchors import anchors
from tutela.core.audit.export import VERIFIER, export
from tutela.core.audit.heads import public_text, signing_key
from tutela.core.errors import NotFound


@pytest.fixture
def exported(log, tmp_path):
    """The file of a log with six entries under two heads, and its key."""
    log.seal(4, 2)
    path = tmp_path / "log.zip"
    return path, export(path, anchors()).key


def verifier(*words, script=VERIFIER):
    """The stand-alone program, in a Python that finds no package of ours."""
    done = subprocess.run(
        [sys.executable, "-P", str(script), *map(str, words)],
        check=False, capture_output=True, text=True, cwd="/", timeout=60,
    )  # fmt: skip
    return done.returncode, (done.stdout + done.stderr).strip()


def edited(path, tmp_path, edit, **signing):
    """A copy with `edit(name, content)` in the place of each content; None leaves a file out."""
    copy = tmp_path / "edited.zip"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(copy, "w") as new:
        for name in old.namelist():
            content = edit(name, old.read(name))
            if content is not None:
                new.writestr(name, content)
    return copy


def test_an_export_is_accepted_with_the_verifier_that_it_brings(exported, tmp_path):
    path, key = exported
    with zipfile.ZipFile(path) as archive:
        archive.extractall(tmp_path / "inside")
    said = verifier(path, key, script=tmp_path / "inside" / "verifier.py")
    assert said == (0, "6 entries under 2 heads, 1 anchors: all as they were signed.")


def test_the_verifier_is_small_and_needs_only_python_and_cryptography():
    text = VERIFIER.read_text()
    assert len(text.splitlines()) <= 125
    imported = set(re.findall(r"^(?:import|from) (\w+)", text, re.MULTILINE)) - {"__future__", "cryptography"}
    assert imported <= sys.stdlib_module_names


def test_another_key_is_refused(exported, tmp_path):
    path, _key = exported
    status, said = verifier(path, public_text(signing_key(tmp_path / "another")))
    assert (status, said) == (1, "NOT as it was signed: manifest.txt was not signed by this key.")
    assert verifier(path, "short")[0] == 1


def test_one_bit_changed_anywhere_is_refused(exported, tmp_path):
    path, key = exported
    for wanted in zipfile.ZipFile(path).namelist():
        size = len(zipfile.ZipFile(path).read(wanted))
        for place in (0, size // 2, size - 1):

            def flip(name, content, wanted=wanted, place=place):
                if name != wanted:
                    return content
                return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]

            assert verifier(edited(path, tmp_path, flip), key)[0] == 1, (wanted, place)


def test_a_file_left_out_or_added_is_refused(exported, tmp_path):
    path, key = exported
    without = edited(path, tmp_path, lambda name, content: None if name == "anchor-1.txt" else content)
    assert "missing" in verifier(without, key)[1]
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("more.txt", "x")
    assert "added" in verifier(path, key)[1]


LINES = {
    "changed": lambda lines: [lines[0].replace(b"number 0", b"number 9"), *lines[1:]],
    "removed": lambda lines: lines[1:],
    "inserted": lambda lines: [*lines[:2], lines[1], *lines[2:]],
    "reordered": lambda lines: [lines[1], lines[0], *lines[2:]],
    "truncated": lambda lines: lines[:-1],
    "longer": lambda lines: [*lines, lines[0]],
}


@pytest.mark.parametrize("how", sorted(LINES))
def test_entries_are_held_by_the_heads_even_when_the_manifest_is_signed_anew(
    exported, tmp_path, how, settings
):
    """As one who holds the key may do: then the heads, which anchors hold too, still say no."""
    path, key = exported
    copy = edited(path, tmp_path, lambda name, content: _resigned(path, settings, name, content, LINES[how]))
    status, said = verifier(copy, key)
    assert status == 1
    assert "of number" in said or "entries and the last head" in said


def _resigned(path, settings, name, content, change):
    import hashlib

    with zipfile.ZipFile(path) as archive:
        entries = archive.read("entries.jsonl")
    forged = b"".join(change(entries.splitlines(keepends=True)))
    assert forged != entries
    if name == "entries.jsonl":
        return forged
    if name != "manifest.txt":
        return content
    old, new = (hashlib.sha256(one).hexdigest().encode() for one in (entries, forged))
    text = content.replace(old, new).partition(b"signature: ")[0]
    return text + f"signature: {signing_key(settings.AUDIT_KEY_FILE).sign(text).hex()}\n".encode()


def test_a_log_that_was_tampered_with_is_exported_and_refused(log, exported, tamper, tmp_path):
    tamper.execute("DELETE FROM audit_entry WHERE id = (SELECT min(id) FROM audit_entry)")
    done = export(tmp_path / "later.zip", anchors())
    assert verifier(tmp_path / "later.zip", done.key) == (
        1,
        "NOT as it was signed: The entry of number 0 is gone.",
    )


def test_a_tail_cut_off_before_the_export_is_told_by_what_the_anchor_holds(log, exported, tamper, tmp_path):
    tamper.execute("DELETE FROM audit_head WHERE number = 2; DELETE FROM audit_leaf WHERE number > 3")
    done = export(tmp_path / "later.zip", anchors())
    assert "anchor-1.txt holds a head" in verifier(tmp_path / "later.zip", done.key)[1]


def test_nothing_is_exported_before_the_first_seal(log, tmp_path):
    with pytest.raises(NotFound):
        export(tmp_path / "none.zip", anchors())
