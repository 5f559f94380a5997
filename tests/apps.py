"""The two apps in one process: what a test overrides to be the portal."""

from __future__ import annotations

from typing import Any

from tutela.config.portal import settings as portal

# Read once, when Django starts; `tests/test_portal_apart.py` starts the portal's process with its own.
_READ_AT_START = {"DATABASES", "INSTALLED_APPS", "LOGGING"}


def portal_settings() -> dict[str, Any]:
    """The settings of the portal, for `override_settings`."""
    own = {name: getattr(portal, name) for name in dir(portal) if name.isupper()}
    own["ALLOWED_HOSTS"] = [*own["ALLOWED_HOSTS"], "testserver"]
    return {name: value for name, value in own.items() if name not in _READ_AT_START}
