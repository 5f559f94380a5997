"""Addresses: the portal at the root, under a language; the desk; the API; two for machines."""

from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path

from tutela.config import health
from tutela.surfaces.portal import pages

urlpatterns = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("api/v1/", include("tutela.surfaces.api.urls")),
    path("desk/", include("tutela.ui.urls")),
    path("desk/", include("tutela.surfaces.desk.urls")),
    path("", pages.root),
    *i18n_patterns(path("", include("tutela.surfaces.portal.urls"))),
]

handler400 = "tutela.surfaces.portal.errors.bad_request"
handler403 = "tutela.surfaces.portal.errors.forbidden"
handler404 = "tutela.surfaces.portal.errors.not_found"
handler500 = "tutela.surfaces.portal.errors.broken"
