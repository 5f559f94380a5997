"""Addresses of the portal. The project puts the language in front of each but the first."""

from __future__ import annotations

from django.urls import path

from . import pages, reporting, returning

app_name = "portal"
urlpatterns = [
    path("", pages.home, name="home"),
    path("emergency/", reporting.emergency, name="emergency"),
    path("other/", pages.other, name="other"),
    path("other/<slug:slug>/", reporting.other, name="door"),
    path("back/", returning.back, name="back"),
    path("back/add/", returning.add, name="add"),
    path("done/", pages.done, name="done"),
    path("numbers/", pages.numbers, name="numbers"),
    path("help/", pages.talk, name="help"),
    path("about/<slug:slug>/", pages.about, name="about"),
]
