"""Nobody is told of the case who may not see it: by mail, in an open page, by search."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client, override_settings
from django.utils import timezone

from tests.apps import portal_settings
from tests.cast import make_cast
from tutela.core.access import conflicts
from tutela.core.cases.models import Event
from tutela.core.flow import poller
from tutela.core.flow.perform import perform
from tutela.core.outbox.models import Effect
from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.models import Staff
from tutela.core.people.roles import SystemActor
from tutela.core.search.find import find
from tutela.core.slices.sharing import GIVEN
from tutela.server import live

from .scene import FRIEND, LIKE_IT, MARKER, Hidden, hide, leave, outsiders
from .test_addresses import PORTAL, addresses

pytestmark = pytest.mark.django_db


@pytest.fixture
def hidden(cast) -> Hidden:
    return hide(cast)


def test_mail_goes_to_those_who_see_it_and_holds_nothing_of_it(cast, hidden):
    people = outsiders(cast, hidden)
    leave(people["somebody who left"])
    perform(hidden.reference, "assign", cast.juniper, {"assignee": "heron"})
    conflicts.declare(cast.heron, Staff.objects.get(pk=cast.heron.id), "They are a friend.", name=FRIEND)
    conflicts.tend()
    for days in (0, 1, 30):
        poller.tick(timezone.now() + timedelta(days=days))
    strangers = {Staff.objects.get(pk=actor.id).email: kind for kind, actor in people.items()}
    staff = set(Staff.objects.exclude(email="").values_list("email", flat=True))
    with acting_as(system_actor(SystemActor.CLOCK)):
        told = [one for one in Effect.objects.select_related("event") if one.payload.get("to") in staff]
        assert {one.event.kind for one in told} >= {Event.Kind.ACCESS, Event.Kind.CLOCK}
        for one in told:
            kind = strangers.get(one.payload["to"])
            by_right = one.event.kind == Event.Kind.ACCESS and kind == "security without a glass"
            shared = one.event.step == GIVEN and kind == "a partner with a slice"
            assert kind is None or by_right or shared, (kind, one.event.step)
            assert not shared or hidden.reference not in str(one.payload)
            assert MARKER not in str(one.payload) + one.label, one.event.step


def test_search_and_open_pages_tell_nobody(cast, hidden):
    people = outsiders(cast, hidden)
    leave(people["somebody who left"])
    for kind, actor in {**people, "who may": cast.juniper}.items():
        seen = kind == "who may"
        with acting_as(actor), connection.cursor() as cursor:
            cursor.execute(live._SEEN, [[hidden.pk]])
            assert bool(cursor.fetchall()) == seen, kind
            cursor.execute(live._MISSED, [0])
            assert bool(cursor.fetchall()) == seen, kind
            for words in (LIKE_IT, hidden.reference):
                assert bool(find(words)) == seen, (kind, words)


@pytest.mark.django_db(transaction=True, databases=["default", "portal"])
def test_the_portal_tells_nobody(tmp_path):
    hidden = hide(make_cast())
    own = portal_settings()
    storage = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    own = {**own, "STORAGES": {**own["STORAGES"], "staticfiles": storage}, "STATIC_ROOT": tmp_path}
    with override_settings(**own):
        visitor = Client(raise_request_exception=False)
        for where in addresses(PORTAL):
            address = "/" + where.route.replace("<slug:slug>", "emergency")
            assert "<" not in address, f"{where.route}: name its parts here"
            for method in ("GET", "POST"):
                answer = visitor.generic(method, f"{address}?q={LIKE_IT}")
                text = answer.content.decode()
                assert MARKER not in text, (method, address)
                assert hidden.reference not in text, (method, address)
