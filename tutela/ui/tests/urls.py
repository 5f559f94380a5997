"""Addresses of the test pages: the elements page, and a few pages drawn with the elements."""

from __future__ import annotations

from django.conf.urls.i18n import i18n_patterns
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import include, path

from tutela.ui.tests.sample_pages import CONTEXTS


def page(request: HttpRequest, name: str) -> HttpResponse:
    """Draw one page of `tests/pages/` with its sample content."""
    return render(request, f"{name}.html", CONTEXTS[name]())


urlpatterns = i18n_patterns(
    path("desk/", include("tutela.ui.urls")),
    path("pages/<str:name>", page, name="page"),
    prefix_default_language=True,
)
