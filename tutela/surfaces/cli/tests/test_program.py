"""The program as a shell runs it."""

from __future__ import annotations

import json

import pytest

from tests.cast import make_cast, report_emergency

from .conftest import program

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_a_list_can_be_piped():
    make_cast()
    reference = report_emergency()
    done = program("case", "list", "--json", env={"TUTELA_AS": "juniper"})
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["items"][0]["reference"] == reference


def test_errors_go_to_stderr_with_their_code_and_no_stack_trace():
    make_cast()
    done = program("case", "show", "EM-2026-9999", "--as", "juniper")
    assert (done.returncode, done.stdout) == (3, "")
    assert "Traceback" not in done.stderr
    shown = program("--debug", "case", "show", "EM-2026-9999", "--as", "juniper")
    assert "Traceback" in shown.stderr


def test_without_the_platform_one_may_try_again_later(tmp_path):
    nowhere = {"TUTELA_DESK_DATABASE_URL": "postgresql://x:y@127.0.0.1:9/none"}
    done = program("case", "list", "--as", "juniper", env=nowhere)
    assert done.returncode == 75
    assert "Try again" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["case", "token", "staff", "grant", "report", "search"])
def test_every_command_explains_itself(command):
    done = program(command, "--help")
    assert done.returncode == 0
    assert "Usage" in done.stdout
