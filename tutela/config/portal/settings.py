"""The portal's settings: what a process needs that takes reports and can read none.

It holds its own secret, its own login to the database and the addresses of its pages. It has no sessions,
nobody signs in, and nothing here knows the desk, the API or a connector.
"""

from __future__ import annotations

from tutela.config import environment
from tutela.config.common import *  # noqa: F403  settings are names of a module
from tutela.config.common import PUBLIC_URL, RECEIPT_KEY, content_security_policy, hosts, templates

SECRET_KEY = RECEIPT_KEY.decode()
ALLOWED_HOSTS = hosts("TUTELA_PORTAL_HOSTS", PUBLIC_URL)
ROOT_URLCONF = "tutela.config.portal.urls"
WSGI_APPLICATION = "tutela.config.portal.wsgi.application"

# The core is here for the shape of a report and for what workflows promise: its tables are closed to the
# portal's login, and there is no other.
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "csp",
    "procrastinate.contrib.django",
    "tutela.core.people",
    "tutela.core.audit",
    "tutela.core.vault",
    "tutela.core.cases",
    "tutela.core.files",
    "tutela.core.flow",
    "tutela.core.outbox",
    "tutela.core.oncall",
    "tutela.core.paging",
    "tutela.programs.directory",
    "tutela.programs.registers",
    "tutela.workflows",
    "tutela.ui",
    "tutela.surfaces.portal",
]
MIDDLEWARE = [
    "tutela.config.headers.EveryAnswer",
    "django.middleware.security.SecurityMiddleware",
    "tutela.config.headers.NoBombs",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = templates()
# No default: whatever asks the database without saying that it is the portal fails.
DATABASES = {"default": {}, "portal": environment.login(environment.PORTAL)}

SECURE_REFERRER_POLICY = "no-referrer"
CONTENT_SECURITY_POLICY = content_security_policy()
