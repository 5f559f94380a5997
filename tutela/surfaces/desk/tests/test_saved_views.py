"""Filters under a name: one's own, and those shared with a workflow."""

from __future__ import annotations

import pytest

from tutela.surfaces.desk.models import SavedView

from .scene import set_scene

pytestmark = pytest.mark.django_db
FIELDS = {"name": "Severe", "query": "severity>=high", "sort": "due", "shared_with": ""}


def test_a_view_is_saved_found_in_the_rail_and_counted(cast, desk):
    scene = set_scene(cast)
    juniper = desk(cast.juniper)
    answer = juniper.post("/desk/views/", {**FIELDS, "query": "severity:critical"}, follow=True)
    text = answer.content.decode()
    assert scene.held in text
    assert scene.new not in text
    assert 'rail__label">Severe</span><span class="count">1' in text


def test_another_filter_may_be_typed_over_it(cast, desk):
    scene = set_scene(cast)
    juniper = desk(cast.juniper)
    url = juniper.post("/desk/views/", FIELDS).headers["Location"]
    text = juniper.get(url, {"q": "lang:ar"}).content.decode()
    assert scene.arabic in text
    assert scene.held not in text
    assert scene.held in juniper.get(url).content.decode()


def test_a_view_is_ones_own_unless_shared(cast, desk):
    own = desk(cast.juniper).post("/desk/views/", FIELDS).headers["Location"]
    assert desk(cast.heron).get(own).status_code == 404
    shared = desk(cast.juniper).post("/desk/views/", {**FIELDS, "name": "Ours", "shared_with": "emergency"})
    url = shared.headers["Location"]
    assert desk(cast.heron).get(url).status_code == 200
    assert "shared by Juniper" in desk(cast.heron).get("/desk/views/").content.decode()
    for outsider in (cast.wren, cast.sorrel):
        assert desk(outsider).get(url).status_code == 404
        assert "Ours" not in desk(outsider).get("/desk/views/").content.decode()


def test_only_the_owner_changes_or_removes_it(cast, desk):
    desk(cast.juniper).post("/desk/views/", {**FIELDS, "shared_with": "emergency"})
    view = SavedView.objects.get()
    heron = desk(cast.heron)
    assert heron.get(f"/desk/views/{view.pk}/edit/").status_code == 404
    assert heron.post(f"/desk/views/{view.pk}/forget/").status_code == 404
    juniper = desk(cast.juniper)
    juniper.post(f"/desk/views/{view.pk}/edit/", {**FIELDS, "name": "Other", "query": "lang:ar"})
    view.refresh_from_db()
    assert (view.name, view.query, view.shared_with) == ("Other", "lang:ar", "")
    juniper.post(f"/desk/views/{view.pk}/forget/")
    assert not SavedView.objects.exists()


def test_nobody_shares_with_a_workflow_that_is_not_theirs(cast, desk):
    answer = desk(cast.wren).post("/desk/views/", {**FIELDS, "shared_with": "emergency"})
    assert answer.status_code == 422
    assert not SavedView.objects.exists()


def test_a_filter_that_is_not_understood_is_not_saved(cast, desk):
    answer = desk(cast.juniper).post("/desk/views/", {**FIELDS, "query": "colour:red"})
    assert answer.status_code == 422
    assert "“colour” is not a filter." in answer.content.decode()


def test_two_views_of_one_name_are_one_too_many(cast, desk):
    juniper = desk(cast.juniper)
    juniper.post("/desk/views/", FIELDS)
    answer = juniper.post("/desk/views/", FIELDS)
    assert answer.status_code == 422
    assert "You have a view of this name." in answer.content.decode()


def test_the_plus_takes_the_filter_along(cast, desk):
    juniper = desk(cast.juniper)
    assert (
        'href="/desk/views/?q=lang%3Aar&amp;sort=new"'
        in juniper.get("/desk/?q=lang:ar&sort=new").content.decode()
    )
    assert 'value="lang:ar"' in juniper.get("/desk/views/?q=lang:ar&sort=new").content.decode()
