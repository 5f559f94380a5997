"""A program that keeps a copy of cases: what changed is found, what did not is not sent again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from tutela.connectors.mail.fake import FolderMail
from tutela.core.flow.models import ClockRow
from tutela.core.flow.perform import perform
from tutela.core.flow.poller import tick
from tutela.core.outbox import courier
from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.roles import SystemActor


@pytest.fixture
def mail(tmp_path) -> FolderMail:
    return FolderMail(tmp_path / "mail", "safety@tutela.example")


@pytest.fixture
def answered(cast, reference) -> str:
    """A case with a letter that waits to be sent."""
    perform(reference, "acknowledge", cast.heron)
    return reference


class Copy:
    """One case as a program has it."""

    def __init__(self, caller, reference: str) -> None:
        self.caller, self.path = caller, f"/cases/{reference}"
        answer = caller.get(self.path)
        self.etag, self.case = answer.headers["ETag"], answer.json()

    def again(self):
        """What the API answers now."""
        return self.caller.get_unless(self.path, self.etag)

    def is_listed(self) -> bool:
        """Whether the list of what changed after the copy was made names the case."""
        known = timezone.datetime.fromisoformat(self.case["updated_at"])
        since = known + timedelta(milliseconds=1)  # moments go out no more precise than that
        page = self.caller.get("/cases", updated_since=since.isoformat(), order="updated").json()
        return self.case["reference"] in {one["reference"] for one in page["items"]}


def test_what_did_not_change_is_not_sent_again(call, answered):
    copy = Copy(call("juniper"), answered)
    answer = copy.again()
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["ETag"] == copy.etag
    assert call("juniper").get_unless(copy.path, f'"7-0", W/{copy.etag}').status_code == 304
    assert not copy.is_listed()


def test_a_letter_that_went_out_is_a_change_and_no_page_is_stale_by_it(call, answered, mail):
    copy = Copy(call("juniper"), answered)
    assert {one["state"] for one in copy.case["effects"]} == {"due"}
    assert courier.deliver_due({"mail": mail})
    now = copy.again()
    assert now.status_code == 200
    assert "confirmed" in {one["state"] for one in now.json()["effects"]}
    assert copy.is_listed()
    note = copy.caller.post(f"{copy.path}/steps/note", {"text": "Sent."}, **{"If-Match": copy.etag})
    assert note.status_code == 200


def test_a_letter_that_must_wait_is_a_change(call, answered, mail):
    copy = Copy(call("juniper"), answered)
    mail.folder.write_text("This is no folder, so nothing can be written there.")
    assert courier.deliver_due({"mail": mail})
    now = copy.again()
    assert "could not be written" in str(now.json()["effects"])
    assert copy.is_listed()


@pytest.mark.parametrize("moment", ["warn_at", "due_at"])
def test_a_clock_that_warns_or_runs_out_is_a_change(call, cast, reference, moment):
    copy = Copy(call("juniper"), reference)
    with acting_as(system_actor(SystemActor.CLOCK)):
        clocks = ClockRow.objects.filter(stopped_at=None).exclude(**{moment: None})
        first = clocks.order_by(moment).values_list(moment, flat=True)[0]
    assert tick(first)
    assert copy.again().status_code == 200
    assert copy.is_listed()


def test_each_reader_has_a_tag_of_their_own(call, answered):
    """What one may do stands in the answer, and is not what another may do."""
    juniper, larch = (Copy(call(name), answered) for name in ("juniper", "larch"))
    assert juniper.case["steps"] != larch.case["steps"]
    assert larch.caller.get_unless(larch.path, juniper.etag).status_code == 200


def test_a_case_that_is_hidden_is_not_unchanged(call, cast, answered):
    copy = Copy(call("juniper"), answered)
    perform(answered, "recuse", cast.juniper, {"reason": "I know them."})
    assert copy.again().status_code == 404
