"""Mounted under the desk: `path("desk/", include("tutela.ui.urls"))`."""

from __future__ import annotations

from django.urls import path

from tutela.ui import views

app_name = "ui"
urlpatterns = [
    path("elements", views.elements, name="elements"),
    path("theme", views.theme, name="theme"),
]
