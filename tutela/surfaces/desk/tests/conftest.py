"""What the tests of the desk share: the cast, and each of them at a browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client, override_settings

from tests.cast import Cast, make_cast
from tests.signed_in import sign_in
from tutela.core.people.actor import Actor
from tutela.core.people.models import Staff


@pytest.fixture(scope="session", autouse=True)
def static_files(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The files of the pages straight from their folders, whether or not they were collected before."""
    storage = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    default = {"BACKEND": "django.core.files.storage.FileSystemStorage"}
    with override_settings(
        STORAGES={"default": default, "staticfiles": storage}, STATIC_ROOT=tmp_path_factory.mktemp("static")
    ):
        yield


@pytest.fixture
def cast(db) -> Cast:
    return make_cast()


class AtDesk(Client):
    """A browser without scripts, with somebody signed in."""

    def __init__(self, actor: Actor) -> None:
        super().__init__()
        self.actor = actor
        sign_in(self, Staff.objects.get(pk=actor.id))


@pytest.fixture
def desk():
    return AtDesk
