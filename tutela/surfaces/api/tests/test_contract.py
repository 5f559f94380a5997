"""The running API keeps to its own document: schemathesis, all phases, all of its usual checks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cast import make_cast, report_emergency
from tutela.core.flow.perform import perform

from .conftest import token


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("scope", "options"),
    [
        ("write", ["--phases=examples,coverage,fuzzing,stateful", "--exclude-path=/api/v1/reports"]),
        ("intake", ["--phases=examples,coverage,fuzzing", "--include-path=/api/v1/reports"]),
    ],
)
def test_the_api_does_what_its_document_says(scope, options, live_server, tmp_path):
    cast = make_cast()
    for _each in range(3):
        perform(report_emergency(), "note", cast.heron, {"text": "Called the helpline."})
    done = subprocess.run(
        [
            Path(sys.executable).with_name("schemathesis"),
            f"--config-file={Path(__file__).with_name('contract.toml')}",
            "run",
            f"{live_server.url}/api/v1/openapi.json",
            *options,
            f"--header=Authorization: Bearer {token('juniper', scope)}",
            "--max-examples=10",
            "--seed=1",
            "--continue-on-failure",
            "--no-color",
        ],
        cwd=tmp_path,
        env={**os.environ, "PYTHONWARNINGS": "default"},
        check=False,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
