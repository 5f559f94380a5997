"""The providers with which one may sign in here, as the settings name them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import reverse_lazy


@dataclass(frozen=True)
class Door:
    """One provider: its name here, where signing in with it begins, the group that it must confirm."""

    provider: str
    name: str
    url: Any
    group: str


def doors() -> list[Door]:
    """Those that are set up."""
    found = []
    for kind, one in settings.SOCIALACCOUNT_PROVIDERS.items():
        for app in one["APPS"]:
            provider = app.get("provider_id", kind)
            url = reverse_lazy("mediawiki_login")
            if kind == "openid_connect":
                url = reverse_lazy("openid_connect_login", args=[provider])
            found.append(Door(provider, app["name"], url, app["settings"]["group"]))
    return found


def door(provider: str) -> Door | None:
    """The one of that name, if it is set up."""
    return next((one for one in doors() if one.provider == provider), None)
