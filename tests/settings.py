"""The settings of the tests: the desk's, and of the portal what Django reads once, when it starts.

The tests play both apps in one process; `surfaces/portal/tests` takes the rest of the portal's settings.
"""

from __future__ import annotations

from tutela.config import environment
from tutela.config.settings import *  # noqa: F403  settings are names of a module
from tutela.config.settings import DATABASES, INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tutela.surfaces.portal"]
DATABASES = {**DATABASES, "portal": environment.login(environment.PORTAL)}
