"""Addresses of the API, below /api/v1/."""

from __future__ import annotations

from django.urls import path

from .routes import api

urlpatterns = [path("", api.urls)]
