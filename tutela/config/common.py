"""What the settings of the desk and of the portal share. All that differs comes from the environment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONCE, NONE, SELF
from django.utils.translation import gettext_lazy as _

from tutela.config import environment

PACKAGE = Path(__file__).resolve().parent.parent

DEBUG = False
# Behind a proxy that ends TLS the cookies must say so; on a laptop there is no TLS.
SECURE = os.environ.get("TUTELA_SECURE", "") == "1"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "people.Staff"


def hosts(variable: str, url: str) -> list[str]:
    """The names under which an app answers: what the variable lists, else its address and this machine."""
    name = urlsplit(url).hostname or ""
    ours = {"localhost", "127.0.0.1", "[::1]", f"[{name}]" if ":" in name else name}
    return os.environ.get(variable, "").split() or sorted(ours - {""})


def templates(*context_processors: str) -> list[dict[str, Any]]:
    """Django's entry for templates, with what every page of an app is told."""
    return [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.template.context_processors.i18n",
                    "csp.context_processors.nonce",
                    *context_processors,
                ],
            },
        },
    ]


SECURE_HSTS_SECONDS = 63072000 if SECURE else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE
# The proxy that ends TLS says so in this header, and must remove it from what visitors send.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"


def content_security_policy(*connects_to: str) -> dict[str, Any]:
    """What pages may load and run: our own files, and scripts only with the page's nonce or from us."""
    return {
        "DIRECTIVES": {
            "default-src": [NONE],
            "script-src": [SELF, NONCE],
            "style-src": [SELF],
            "img-src": [SELF, "data:"],
            "font-src": [SELF],
            "connect-src": [SELF, *connects_to],
            "form-action": [SELF],
            "frame-ancestors": [NONE],
            "base-uri": [NONE],
            "manifest-src": [SELF],
        },
    }


# The languages that every page of the portal and the desk speaks; the words are in ui/locale.
LANGUAGE_CODE = "en"
LANGUAGES = [
    ("en", _("English")),
    ("fr", _("French")),
    ("es", _("Spanish")),
    ("de", _("German")),
    ("ar", _("Arabic")),
    ("zh-hans", _("Simplified Chinese")),
]
LOCALE_PATHS = [PACKAGE / "locale"]
USE_I18N = USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = Path(os.environ.get("TUTELA_STATIC", PACKAGE.parent / "static"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# Uploads: a report with files must fit, a bomb must not. Each surface checks its own limits too.
DATA_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024
# No page but the one for files takes any, and that one seals them: nothing is ever put aside in plain.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
DATA_UPLOAD_MAX_NUMBER_FILES = 20

# The key of receipt codes: the portal finds the report of a code that the API or the command line gave out.
RECEIPT_KEY = environment.portal_secret()

ORGANISATION = os.environ.get("TUTELA_ORGANISATION", "Example Foundation")
#: Where the public finds the portal.
PUBLIC_URL = environment.public_url()
# Where to write when a page does not work; shown to reporters.
EMERGENCY_ADDRESS = os.environ.get("TUTELA_EMERGENCY_ADDRESS", "emergency@tutela.example")
CONTACT_ADDRESS = os.environ.get("TUTELA_CONTACT_ADDRESS", "safety@tutela.example")
# How many proxies of ours stand in front: rate limits count the address that the outermost one saw.
PROXIES = int(os.environ.get("TUTELA_PROXIES", "0"))

# Wikis whose extension ReportIncident sends to us: by a secret in the address, of which we hold the SHA-256,
# or by the networks that they send from. With neither, the address takes reports from anywhere.
WIKI_KEYS = environment.wiki_keys()
WIKI_NETWORKS = os.environ.get("TUTELA_WIKI_NETWORKS", "").split()

# Other lengths for clocks, as "emergency.acknowledge=45 minutes; emergency.assess=2 hours".
CLOCKS = dict(
    part.strip().split("=", 1) for part in os.environ.get("TUTELA_CLOCKS", "").split(";") if "=" in part
)
HOLIDAYS = os.environ.get("TUTELA_HOLIDAYS", "US")
# Where the office keeps its working hours: business days end with its day.
OFFICE_TIME_ZONE = os.environ.get("TUTELA_OFFICE_TIME_ZONE", "America/Los_Angeles")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "tutela.config.logs.OneLine",
            "format": "{asctime} {levelname} {name} {message}",
            "style": "{",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {"procrastinate": {"level": "WARNING"}, "fido2": {"level": "WARNING"}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("TUTELA_LOG", "INFO")},
}
