"""Replies, the rota, preferences, tickets for live updates, the pages before the door."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from tutela.core.errors import NotAllowed
from tutela.core.people.listening import Listener, hash_of_session, read_ticket
from tutela.core.people.models import Staff

from .scene import do, set_scene

pytestmark = pytest.mark.django_db
CHOSEN = {"language": "ar", "time_zone": "Africa/Cairo", "density": "compact", "theme": "dark"}


def test_replies_lists_what_nobody_has_read(cast, desk):
    scene = set_scene(cast)
    juniper = desk(cast.juniper)
    text = juniper.get("/desk/replies/").content.decode()
    assert scene.held in text
    assert "1 unread" in text
    do(scene.held, "mark_read", cast.juniper)
    assert "Every message has been read." in juniper.get("/desk/replies/").content.decode()


def test_the_rota_shows_who_is_on_duty(cast, desk):
    set_scene(cast)
    text = desk(cast.juniper).get("/desk/on-call/").content.decode()
    assert text.index("Juniper</bdi></b>") < text.index("Heron</bdi></b>")
    assert "you" in text
    assert "no rota to show" in desk(cast.sorrel).get("/desk/on-call/").content.decode()


def test_the_desk_speaks_ones_language_and_zone(cast, desk):
    juniper = desk(cast.juniper)
    answer = juniper.post("/desk/preferences/", CHOSEN)
    assert answer.cookies["tutela-theme"].value == "dark"
    page = juniper.get("/desk/preferences/")
    assert page.headers["Content-Language"] == "ar"
    text = page.content.decode()
    assert '<html lang="ar" dir="rtl" data-theme="dark">' in text
    assert "rows--compact" in juniper.get("/desk/").content.decode()
    assert Staff.objects.get(pk=cast.juniper.id).time_zone == "Africa/Cairo"


def test_a_zone_that_nobody_knows_is_refused(cast, desk):
    answer = desk(cast.juniper).post("/desk/preferences/", {**CHOSEN, "time_zone": "Mars/Crater"})
    assert answer.status_code == 422
    Staff.objects.filter(pk=cast.juniper.id).update(time_zone="Mars/Crater")
    assert desk(cast.juniper).get("/desk/").status_code == 200


def test_every_page_carries_a_ticket_of_its_session_that_ends(cast, desk, settings, time_machine):
    juniper = desk(cast.juniper)
    text = juniper.get("/desk/").content.decode()
    found = re.search(r'data-live="([^"]*)/live\?ticket=([^"]*)"', text)
    assert found[1] == settings.LIVE_URL
    assert read_ticket(found[2]) == Listener(cast.juniper.id, hash_of_session(juniper.session.session_key))
    time_machine.move_to(timezone.now() + timedelta(hours=12, minutes=1))
    with pytest.raises(NotAllowed):
        read_ticket(found[2])


def test_changes_are_counted_since_a_moment(cast, desk):
    scene = set_scene(cast)
    juniper = desk(cast.juniper)
    since = timezone.now().isoformat()
    assert juniper.get("/desk/queue-changes/", {"since": since}).json() == {"count": 0}
    do(scene.new, "take", cast.heron)
    do(scene.triage, "take", cast.wren)
    assert juniper.get("/desk/queue-changes/", {"since": since}).json() == {"count": 1}
    assert desk(cast.alder).get("/desk/queue-changes/", {"since": since}).json() == {"count": 2}
    of_one = {"since": since, "workflow": "triage"}
    assert desk(cast.alder).get("/desk/queue-changes/", of_one).json() == {"count": 1}
    assert juniper.get("/desk/queue-changes/", {"since": "never"}).json() == {"count": 0}


def test_every_page_of_the_desk_asks_who_it_is(db, client):
    for name in (
        "my-day",
        "views",
        "approvals",
        "replies",
        "on-call",
        "search",
        "palette",
        "preferences",
        "counts",
        "changes",
        "elements",
    ):
        answer = client.get(reverse(f"desk:{name}"))
        assert answer.status_code == 302, name
        assert answer.headers["Location"].startswith("/desk/sign-in/?next=")


def test_no_page_is_kept_by_anybody_on_the_way(cast, desk):
    for url in ("/desk/", "/desk/search/", "/desk/case/EM-1999-0001/"):
        answer = desk(cast.juniper).get(url)
        assert "no-store" in answer.headers["Cache-Control"]
        assert "private" in answer.headers["Cache-Control"]


def test_the_policy_of_the_pages_allows_no_foreign_script(cast, desk, settings):
    answer = desk(cast.juniper).get("/desk/")
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert settings.LIVE_URL in policy
    text = answer.content.decode()
    assert " style=" not in text
    assert " onclick=" not in text


def test_a_job_has_no_desk(db, client):
    job = Staff.objects.filter(kind="system").first()
    client.force_login(job)
    assert client.get("/desk/").status_code == 302
