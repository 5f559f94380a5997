"""Addresses of the portal: its pages under a language, and those for machines."""

from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path, re_path

from tutela.config import alive
from tutela.surfaces.portal import pages, wiki

urlpatterns = [
    path("healthz", alive.healthz),
    path("", pages.root),
    # Where Zendesk takes requests, below `/` or `/wiki/SECRET`. A base address may end with a slash.
    re_path(r"^/?api/v2/requests\.json$", wiki.take, name="wiki-report"),
    re_path(r"^wiki/(?P<secret>[\w-]{16,200})//?api/v2/requests\.json$", wiki.take, name="wiki-report-known"),
    *i18n_patterns(path("", include("tutela.surfaces.portal.urls"))),
]

handler400 = "tutela.surfaces.portal.errors.bad_request"
handler403 = "tutela.surfaces.portal.errors.forbidden"
handler404 = "tutela.surfaces.portal.errors.not_found"
handler500 = "tutela.surfaces.portal.errors.broken"
