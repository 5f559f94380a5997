"""Addresses of the desk's app: the desk, the API, two for machines. The portal has its own."""

from django.urls import include, path
from django.views.generic import RedirectView

from tutela.config import alive, health

urlpatterns = [
    path("healthz", alive.healthz),
    path("readyz", health.readyz),
    path("api/v1/", include("tutela.surfaces.api.urls")),
    path("desk/", include("tutela.ui.urls")),
    path("desk/", include("tutela.surfaces.desk.signing_in.urls")),
    path("desk/", include("tutela.surfaces.desk.urls")),
    path("", RedirectView.as_view(pattern_name="desk:my-day")),
]

handler400 = "tutela.surfaces.desk.errors.bad_request"
handler403 = "tutela.surfaces.desk.errors.forbidden"
handler404 = "tutela.surfaces.desk.errors.not_found"
handler500 = "tutela.surfaces.desk.errors.broken"
