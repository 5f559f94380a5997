"""Addresses: the portal at the root, under a language; the desk; the API; two for machines."""

from django.urls import include, path

from tutela.config import health
from tutela.surfaces.api.routes import api

urlpatterns = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("api/v1/", api.urls),
    path("desk/", include("tutela.surfaces.desk.urls")),
    path("", include("tutela.surfaces.portal.urls")),
]
