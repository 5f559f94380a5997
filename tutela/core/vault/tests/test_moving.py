"""Keys move from one place to another and back, of the same kind too, while reports come in and are read."""

from __future__ import annotations

import pytest

from tests.cast import report_emergency
from tutela.core.cases.models import Report
from tutela.core.people.actor import acting_as
from tutela.core.vault import keyring, places, providers, rotation
from tutela.core.vault.first import make_first_keys
from tutela.core.vault.models import IntakeKey
from tutela.core.vault.providers.file import KeyFile
from tutela.core.vault.seals import NotGenuine, Unavailable
from tutela.server import doctor

from .test_providers import in_file, in_kms, in_transit  # noqa: F401  fixtures

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "portal"])


@pytest.fixture
def at(settings, monkeypatch):
    """Runs the platform with keys at one place, and another one beside it."""

    def run(home, also=""):
        settings.VAULT, settings.VAULT_ALSO = home, also
        monkeypatch.setenv("TUTELA_VAULT", home)
        monkeypatch.setenv("TUTELA_VAULT_ALSO", also)
        for forget in (providers.provider.cache_clear, keyring.forget):
            forget()

    before = settings.VAULT
    yield run
    run(before)


@pytest.fixture
def first(settings, tmp_path):
    """A key file that wraps all keys there are."""
    own = tmp_path / "first.json"
    own.write_bytes(KeyFile(settings.VAULT.removeprefix("file:")).path.read_bytes())
    own.chmod(0o600)
    return f"file:{own}"


def senders(cast):
    keyring.forget()
    with acting_as(cast.juniper):
        return [one.sender_email for one in Report.objects.order_by("id")]


def told(address):
    report_emergency(sender_email=address)
    return address


@pytest.mark.parametrize("name", ["in_file", "in_transit", "in_kms"])
def test_keys_move_there_and_back_while_people_work(name, request, cast, at, first):
    there = request.getfixturevalue(name).address
    at(first)
    known = [told("one@wiki.example")]

    at(first, there)  # every process learns of the other place before one wraps with it
    known.append(told("two@wiki.example"))
    assert rotation.finish().wrapped == 0
    at(there, first)
    assert places.elsewhere() == 3
    assert senders(cast) == known
    known.append(told("three@wiki.example"))
    assert doctor.vault().remedy == "Run `tutela vault move`."

    assert rotation.finish().wrapped == 3
    assert rotation.finish().wrapped == 0
    assert {one.place for one in places.wrapped_keys()} == {there}
    assert doctor.vault().remedy == "Take TUTELA_VAULT_ALSO away."
    at(there)
    assert senders(cast) == known

    at(first, there)
    assert rotation.finish().wrapped == 3
    at(first)
    known.append(told("four@wiki.example"))
    assert senders(cast) == known
    assert doctor.vault().state is doctor.State.OK


def test_a_move_that_was_stopped_goes_on(cast, at, first, in_transit, monkeypatch):  # noqa: F811
    at(in_transit.address, first)
    known, wrap = [told("one@wiki.example")], providers.provider().wrap
    wrapped = []

    def once(key, context):
        if wrapped:
            raise Unavailable("It went away.")
        wrapped.append(context)
        return wrap(key, context)

    with monkeypatch.context() as stopped:
        stopped.setattr(providers.provider(), "wrap", once)
        with pytest.raises(Unavailable):
            rotation.finish()
    assert 0 < places.elsewhere() < len(places.wrapped_keys())
    assert senders(cast) == known
    rotation.finish()
    assert places.elsewhere() == 0
    assert senders(cast) == known


def test_a_key_file_to_which_keys_move_is_made_and_a_lost_one_is_not(cast, at, first, tmp_path):
    new = tmp_path / "new.json"
    at(f"file:{new}", first)
    make_first_keys()
    assert new.exists()
    at(f"file:{tmp_path / 'lost.json'}")
    with pytest.raises(Unavailable, match="missing"):
        make_first_keys()


def test_while_the_old_place_is_away_nothing_is_taken_for_false(cast, at, in_transit, tmp_path):  # noqa: F811
    here = tmp_path / "here.json"
    KeyFile(str(here)).create()
    at(in_transit.address)
    wrapped = providers.provider().wrap(bytes(32), "one")
    at(f"file:{here}", in_transit.address)
    assert providers.provider().unwrap(wrapped, "one") == bytes(32)
    in_transit.away()
    with pytest.raises(Unavailable):
        providers.provider().unwrap(wrapped, "one")
    in_transit.back()
    with pytest.raises((NotGenuine, Unavailable)):
        providers.provider().unwrap(wrapped, "another")


def test_a_key_that_opens_nowhere_is_a_fault(at, first, in_kms, superuser):  # noqa: F811
    at(first, in_kms.address)
    IntakeKey.objects.update(wrapped=b"1:rubbish")
    assert doctor.vault().state is doctor.State.FAULT
