"""The look of every page: tokens, icons, elements, scripts and the two base templates."""

from __future__ import annotations

from django.apps import AppConfig


class UiConfig(AppConfig):
    """Named `ui` in `INSTALLED_APPS`; it has no models and needs no database."""

    name = "tutela.ui"
    label = "ui"
