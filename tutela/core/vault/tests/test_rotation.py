"""New keys while people work: everything still opens, and the old ones open nothing in the end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings

from tests.cast import emergency, report_emergency
from tutela.core.audit.models import Entry
from tutela.core.cases.models import Exhibit, Report
from tutela.core.cases.opening import open_case
from tutela.core.cases.receive import receive
from tutela.core.flow.perform import perform
from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.roles import SystemActor
from tutela.core.vault import keyring, places, providers, rotation
from tutela.core.vault.models import CaseKey, IntakeKey, WorkflowKey
from tutela.core.vault.providers.file import KeyFile
from tutela.core.vault.seals import Unavailable

pytestmark = pytest.mark.django_db
AT_ONCE = timedelta(0)


@pytest.fixture(autouse=True)
def keys(tmp_path, settings):
    """A key file of this test's own, so that destroying its keys harms no other test."""
    file = KeyFile(settings.VAULT.removeprefix("file:"))
    own = tmp_path / "vault.json"
    own.write_bytes(file.path.read_bytes())
    settings.VAULT = f"file:{own}"
    for forget in (providers.provider.cache_clear, keyring.forget):
        forget()
    yield KeyFile(str(own))
    for forget in (providers.provider.cache_clear, keyring.forget):
        forget()


@pytest.fixture
def operator(cast):
    return system_actor(SystemActor.OPERATOR)


def exhibits(cast, count=3):
    for number in range(count):
        given = {"kind": "text", "title": "Log", "text": f"line {number}"}
        perform(report_emergency(), "add_exhibit", cast.juniper, given)


def words(cast):
    keyring.forget()
    with acting_as(cast.juniper):
        return [bytes(one.data) for one in Exhibit.objects.order_by("id")]


def test_a_new_provider_key_wraps_everything_and_the_old_one_goes(cast, operator, keys):
    exhibits(cast)
    before = words(cast)
    rotation.renew_provider_key(operator)
    assert words(cast) == before  # between the two, both keys are there
    done = rotation.finish(AT_ONCE)
    assert done.wrapped == len(places.wrapped_keys()) == 3
    assert done.destroyed == ("test",)
    assert [name for name, _at, _key in keys.sheet()] != ["test"]
    assert words(cast) == before


def test_a_new_workflow_key_takes_over_its_cases_and_the_old_one_goes(cast, operator):
    exhibits(cast)
    before = words(cast)
    old = WorkflowKey.objects.get(workflow="emergency")
    rotation.renew_workflow_key("emergency", operator)
    exhibits(cast, 1)
    assert rotation.finish(AT_ONCE).wrapped == 3
    with acting_as(cast.juniper):
        assert not CaseKey.objects.filter(workflow_key=old).exists()
    old.refresh_from_db()
    assert bytes(old.wrapped) == b""
    assert words(cast)[:3] == before


def test_a_key_that_is_still_needed_is_never_destroyed(cast, operator, monkeypatch):
    exhibits(cast)
    before = words(cast)
    rotation.renew_workflow_key("emergency", operator)
    monkeypatch.setattr(rotation, "_some_cases", lambda _after: [])  # the worker was stopped here
    assert rotation.finish(AT_ONCE).destroyed == ()
    assert words(cast) == before
    monkeypatch.undo()
    done = rotation.finish(AT_ONCE)
    assert done.wrapped == 3
    assert len(done.destroyed) == 1


def test_what_was_replaced_a_moment_ago_is_kept_for_those_who_still_use_it(cast, operator, keys):
    exhibits(cast)
    rotation.renew_provider_key(operator)
    rotation.renew_workflow_key("emergency", operator)
    assert rotation.finish().destroyed == ()
    assert len(keys.sheet()) == 2


def test_doing_it_again_does_nothing(cast, operator):
    exhibits(cast)
    rotation.renew_provider_key(operator)
    rotation.finish(AT_ONCE)
    assert rotation.finish(AT_ONCE) == rotation.Finished(0, ())


def test_a_stolen_old_key_file_opens_nothing_after_it(cast, operator, keys, tmp_path):
    exhibits(cast)
    stolen = tmp_path / "stolen.json"
    stolen.write_bytes(keys.path.read_bytes())
    rotation.renew_provider_key(operator)
    rotation.finish(AT_ONCE)
    settings.VAULT = f"file:{stolen}"
    providers.provider.cache_clear()
    with pytest.raises(Unavailable):
        words(cast)


def test_who_renewed_which_key_stands_in_the_audit_log(cast, operator):
    rotation.renew_intake_key(operator)
    exhibits(cast, 1)
    rotation.renew_workflow_key("emergency", operator)
    with acting_as(operator):
        entries = Entry.objects.filter(act="key:renewed").order_by("id")
        assert [one.detail["layer"] for one in entries] == ["intake", "workflow"]


def test_an_older_intake_key_goes_when_the_last_report_sealed_to_it_was_opened(cast, operator):
    old = IntakeKey.objects.get()
    waiting = receive(emergency(sender_name="Reader")).report_id
    rotation.renew_intake_key(operator)
    assert rotation.finish(AT_ONCE).destroyed == ()
    open_case(waiting)
    assert rotation.finish(AT_ONCE).destroyed == (str(old),)
    later = receive(emergency(text="Another", source_key="2", sender_name="Another reader")).report_id
    open_case(later)
    keyring.forget()
    with acting_as(cast.juniper):
        assert [one.sender_name for one in Report.objects.order_by("id")] == ["Reader", "Another reader"]
