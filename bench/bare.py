"""The yardstick of the intake: a bare Django view that inserts three rows in one commit.

The same settings, database and server as the platform, without its middleware, checks and tokens.
"""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tutela.config.settings")

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import models, transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path

django.setup()  # before the middleware goes: allauth insists on its own while it is set up
settings.MIDDLEWARE = []
settings.ROOT_URLCONF = "bench.bare"

TABLES = "".join(
    f"CREATE TABLE bench_{name} (id bigserial PRIMARY KEY, at timestamptz NOT NULL DEFAULT now(), text text NOT NULL);"
    f"GRANT ALL ON bench_{name}, bench_{name}_id_seq TO tutela_desk;"
    for name in ("one", "two", "three")
)


def _model(name: str) -> type[models.Model]:
    meta = type("Meta", (), {"app_label": "bench", "db_table": f"bench_{name}", "managed": False})
    fields = {"text": models.TextField(), "__module__": __name__, "Meta": meta}
    return type(name.title(), (models.Model,), fields)


def _insert(request: HttpRequest) -> HttpResponse:
    text = request.body.decode()
    with transaction.atomic():
        for model in MODELS:
            model.objects.create(text=text)  # type: ignore[attr-defined]
    return HttpResponse("stored", status=201)


def _alive(_request: HttpRequest) -> HttpResponse:
    return HttpResponse("alive")


urlpatterns = [path("insert", _insert), path("healthz", _alive)]
application = WSGIHandler()
MODELS = [_model(name) for name in ("one", "two", "three")]
