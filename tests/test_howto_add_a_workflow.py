"""Following docs/howto/add-a-workflow.md gives a workflow that works."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cast import Cast, agree, emergency
from tutela.core.cases.models import Message
from tutela.core.cases.opening import open_case
from tutela.core.cases.receive import receive
from tutela.core.flow import registry
from tutela.core.flow.check import check
from tutela.core.flow.declare import Workflow
from tutela.core.flow.perform import perform
from tutela.core.flow.standing import sync_standing_rows
from tutela.core.people.actor import acting_as
from tutela.core.people.models import Grant, Membership, Team

PAGE = Path(__file__).parent.parent / "docs" / "howto" / "add-a-workflow.md"
BLOCK = re.compile(r"^```(?:python|text)\n# (?P<file>[\w./]+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workflow]:
    folder = tmp_path / "lost_property"
    (folder / "letters").mkdir(parents=True)
    (folder / "__init__.py").touch()
    for block in BLOCK.finditer(PAGE.read_text()):
        (folder / block["file"]).write_text(block["text"])
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("lost_property.workflow").WORKFLOW
    for name in [name for name in sys.modules if name.startswith("lost_property")]:
        del sys.modules[name]


def test_the_declaration_of_the_page_has_no_fault(written: Workflow):
    assert check(written) == []


@pytest.mark.django_db
def test_a_case_of_the_page_goes_from_report_to_closure(written: Workflow, cast: Cast):
    with registry.installed(written):
        sync_standing_rows()
        for actor, role in ((cast.wren, "intake"), (cast.alder, "manager")):
            Grant.objects.create(staff_id=actor.id, workflow="lost_property", role=role)
            Membership.objects.create(staff_id=actor.id, team=Team.objects.get(slug="lost_property"))
        reference = open_case(
            receive(emergency(workflow="lost_property", text="My blue scarf", fields={})).report_id
        )
        assert reference.startswith("LO-")
        perform(reference, "edit_facts", cast.wren, {"thing": "A blue scarf", "event": "Wiki fair"})
        perform(reference, "find", cast.wren, {"where": "At the front desk"})
        assert perform(reference, "give_back", cast.wren).held
        assert agree(reference, cast.alder).state == "closed"
        with acting_as(cast.wren):
            assert Message.objects.get(direction="out").subject == "We found something that may be yours"
