"""One contract for every place where key-encryption keys live: a file, HashiCorp Vault, AWS KMS."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.cast import emergency
from tutela.connectors.transit.tests.service import TOKEN, Service
from tutela.core.cases.models import Report
from tutela.core.cases.opening import open_waiting
from tutela.core.cases.receive import receive
from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.roles import SystemActor
from tutela.core.vault import keyring, providers, rotation
from tutela.core.vault.first import make_first_keys
from tutela.core.vault.models import IndexKey, IntakeKey
from tutela.core.vault.providers.file import KeyFile
from tutela.core.vault.seals import NotGenuine, Unavailable, new_key


class Place:
    """A provider's other side: its address for `TUTELA_VAULT`, and how it goes away and comes back."""

    def __init__(self, address, away, back):
        self.address, self.away, self.back = address, away, back


@pytest.fixture
def in_file(tmp_path):
    keys, beside = tmp_path / "vault.json", tmp_path / "away.json"
    KeyFile(str(keys)).create()
    return Place(f"file:{keys}", lambda: keys.rename(beside), lambda: beside.rename(keys))


@pytest.fixture
def in_transit(tmp_path, monkeypatch):
    token = tmp_path / "token"
    token.write_text(TOKEN + "\n")
    monkeypatch.setenv("TUTELA_VAULT_TOKEN_FILE", str(token))
    with Service() as service:
        yield Place(
            f"transit:{service.url}",
            lambda: setattr(service.engine, "sealed", True),
            lambda: setattr(service.engine, "sealed", False),
        )


@pytest.fixture
def in_kms(monkeypatch):
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL_KMS": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "tests",
        "AWS_SECRET_ACCESS_KEY": "only",
    }.items():
        monkeypatch.setenv(name, value)
    arn = boto3.client("kms", region_name="us-east-1").create_key()["KeyMetadata"]["Arn"]

    def go(where):
        os.environ["AWS_ENDPOINT_URL_KMS"] = where
        providers.provider.cache_clear()

    # Port 9 of this machine: nobody listens.
    yield Place(f"kms:{arn}", lambda: go("http://127.0.0.1:9"), lambda: go(f"http://{host}:{port}"))
    server.stop()


@pytest.fixture(params=["in_file", "in_transit", "in_kms"])
def place(request, settings):
    found = request.getfixturevalue(request.param)
    settings.VAULT = found.address
    for forget in (providers.provider.cache_clear, keyring.forget):
        forget()
    yield found
    for forget in (providers.provider.cache_clear, keyring.forget):
        forget()


def begin_anew(superuser):
    """Keys of this place in the place of those that the tests' own key file wrapped."""
    superuser.execute("delete from vault_intakekey; delete from vault_indexkey")
    make_first_keys()


def test_it_wraps_for_one_context(place):
    key, keys = new_key(), providers.provider()
    wrapped = keys.wrap(key, "key of workflow emergency")
    assert key not in wrapped
    assert keys.unwrap(wrapped, "key of workflow emergency") == key
    with pytest.raises(NotGenuine):
        keys.unwrap(wrapped, "key of workflow triage")


def test_rubbish_is_refused(place):
    with pytest.raises((NotGenuine, Unavailable)):
        providers.provider().unwrap(b"1:rubbish", "one")


def test_after_a_renewal_both_open_until_the_older_one_is_dropped(place):
    key, keys = new_key(), providers.provider()
    old = keys.wrap(key, "one")
    assert keys.is_newest(old, "one")
    keys.renew()
    new = keys.wrap(key, "one")
    assert (keys.is_newest(old, "one"), keys.is_newest(new, "one")) == (False, True)
    assert keys.unwrap(old, "one") == keys.unwrap(new, "one") == key
    assert keys.drop_older(datetime.now(UTC) - timedelta(hours=1)) == []
    if dropped := keys.drop_older(datetime.fromtimestamp(time.time() + 2, UTC)):
        assert len(dropped) == 1
        with pytest.raises((Unavailable, NotGenuine)):
            keys.unwrap(old, "one")
    else:
        assert place.address.startswith("kms:")  # the service keeps older material itself
    assert keys.unwrap(new, "one") == key


def test_when_it_is_away_it_says_try_later(place):
    keys = providers.provider()
    wrapped = keys.wrap(new_key(), "one")
    place.away()
    with pytest.raises(Unavailable):
        providers.provider().unwrap(wrapped, "one")
    place.back()
    assert providers.provider().unwrap(wrapped, "one")


@pytest.mark.django_db(transaction=True, databases=["default", "portal"])
def test_reports_come_in_while_it_is_away_and_are_opened_afterwards(place, cast, superuser):
    begin_anew(superuser)
    place.away()
    keyring.forget()
    number = receive(emergency(sender_email="reader@wiki.example"), using="portal").report_id
    assert open_waiting() == 0
    with acting_as(system_actor(SystemActor.INTAKE)):
        assert "Unavailable" in Report.objects.get(pk=number).open_error
    place.back()
    superuser.execute("update cases_report set open_after = now()")
    assert open_waiting() == 1
    with acting_as(cast.juniper):
        assert Report.objects.get(pk=number).sender_email == "reader@wiki.example"


@pytest.mark.django_db(transaction=True)
def test_a_renewal_wraps_everything_again(place, cast, superuser):
    begin_anew(superuser)
    rotation.renew_provider_key(system_actor(SystemActor.OPERATOR))
    assert rotation.finish().wrapped == IntakeKey.objects.count() + IndexKey.objects.count() == 2
    assert rotation.finish().wrapped == 0


def test_a_wrong_token_says_what_to_check(in_transit, settings, tmp_path):
    (tmp_path / "token").write_text("another")
    settings.VAULT = in_transit.address
    providers.provider.cache_clear()
    with pytest.raises(Unavailable, match="does not let us in") as refused:
        providers.provider().wrap(new_key(), "one")
    assert "TUTELA_VAULT_TOKEN_FILE" in str(refused.value.what_to_do)
    providers.provider.cache_clear()


@pytest.mark.parametrize(
    "address", ["transit:http://vault.example:8200", "transit:nothing", "kms:key", "moon:1"]
)
def test_an_address_that_cannot_be_right_is_refused(settings, address):
    settings.VAULT = address
    providers.provider.cache_clear()
    with pytest.raises(Unavailable):
        providers.provider()
    providers.provider.cache_clear()
