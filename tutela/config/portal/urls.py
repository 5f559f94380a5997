"""Addresses of the portal: its pages under a language, and one for machines."""

from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path

from tutela.config import alive
from tutela.surfaces.portal import pages

urlpatterns = [
    path("healthz", alive.healthz),
    path("", pages.root),
    *i18n_patterns(path("", include("tutela.surfaces.portal.urls"))),
]

handler400 = "tutela.surfaces.portal.errors.bad_request"
handler403 = "tutela.surfaces.portal.errors.forbidden"
handler404 = "tutela.surfaces.portal.errors.not_found"
handler500 = "tutela.surfaces.portal.errors.broken"
