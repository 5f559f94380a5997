"""Django's settings. One file; all that differs between machines comes from the environment."""

from __future__ import annotations

import os
from pathlib import Path

from csp.constants import NONCE, NONE, SELF
from django.utils.translation import gettext_lazy as _

from tutela.config import environment

PACKAGE = Path(__file__).resolve().parent.parent

SECRET_KEY = environment.secret_key().decode()
DEBUG = False
ALLOWED_HOSTS = os.environ.get("TUTELA_HOSTS", "localhost 127.0.0.1 [::1]").split()
# Behind a proxy that ends TLS the cookies must say so; on a laptop there is no TLS.
SECURE = os.environ.get("TUTELA_SECURE", "") == "1"
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS if SECURE and host != "*"]

ROOT_URLCONF = "tutela.config.urls"
WSGI_APPLICATION = "tutela.config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "people.Staff"

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_htmx",
    "csp",
    "procrastinate.contrib.django",
    "tutela.core.people",
    "tutela.core.audit",
    "tutela.core.vault",
    "tutela.core.cases",
    "tutela.core.flow",
    "tutela.core.outbox",
    "tutela.core.search",
    "tutela.core.health",
    "tutela.programs.directory",
    "tutela.programs.registers",
    "tutela.workflows",
    "tutela.connectors.mail",
    "tutela.ui",
    "tutela.surfaces.portal",
    "tutela.surfaces.desk",
    "tutela.surfaces.api",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "tutela.surfaces.api.middleware.ApiShortWay",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
            ],
        },
    },
]

# The processes that serve pages and do the work hold the desk's login; only `tutela migrate` and
# `tutela prepare` hold the owner's. The portal's login can run a handful of functions and no more.
OWNER_COMMAND = os.environ.get("TUTELA_ROLE", "") == "owner"
DATABASES = {
    "default": environment.login(environment.OWNER if OWNER_COMMAND else environment.DESK),
    "portal": environment.login(environment.PORTAL),
}
DATABASE_ROUTERS = ["tutela.config.routers.OneSchema"]

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_NAME = "__Host-tutela" if SECURE else "tutela"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
CSRF_COOKIE_NAME = "__Host-tutela-csrf" if SECURE else "tutela-csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "tutela.surfaces.desk.unsure.unsure"  # the portal has no cookies, and a check of its own
SECURE_HSTS_SECONDS = 63072000 if SECURE else 0
# The proxy that ends TLS says so in this header, and must remove it from what visitors send.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SECURE else None
# For the desk. Not "no-referrer": browsers then send `Origin: null` with every form, which the CSRF check
# refuses. The portal, which has a check of its own, says "no-referrer".
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
LOGIN_URL = "desk:sign-in"

LIVE_URL = os.environ.get("TUTELA_LIVE_URL", f"http://127.0.0.1:{environment.port() + 1}")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF, LIVE_URL],
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
LANGUAGE_COOKIE_NAME = "tutela-language"
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
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
DATA_UPLOAD_MAX_NUMBER_FILES = 20

# How often one token may call the API within a minute, per web process. Sending reports is never limited.
API_REQUESTS_PER_MINUTE = int(os.environ.get("TUTELA_API_REQUESTS_PER_MINUTE", "12000"))

# Mail. On a laptop, outgoing mail is written as .eml files; `TUTELA_SMTP_HOST` sends it instead.
MAIL_FOLDER = environment.data_folder() / "mail"
# Where key-encryption keys live: see tutela/core/vault/providers.
VAULT = environment.vault()
# The log's own key, and where its signed heads go outside the database: see docs/security/audit.md.
AUDIT_KEY_FILE = Path(os.environ.get("TUTELA_AUDIT_KEY_FILE", environment.data_folder() / "keys" / "audit"))
ANCHORS = os.environ.get("TUTELA_ANCHORS", f"folder:{environment.data_folder() / 'anchors'}")
SMTP_HOST = os.environ.get("TUTELA_SMTP_HOST", "")
SMTP_PORT = int(os.environ.get("TUTELA_SMTP_PORT", "25"))
SMTP_USER = os.environ.get("TUTELA_SMTP_USER", "")
SMTP_PASSWORD_FILE = os.environ.get("TUTELA_SMTP_PASSWORD_FILE", "")
SMTP_TLS = os.environ.get("TUTELA_SMTP_TLS", "offered")  # or "required"
MAIL_FROM = os.environ.get("TUTELA_MAIL_FROM", "Trust & Safety <safety@tutela.example>")
LMTP_PORT = int(os.environ.get("TUTELA_LMTP_PORT", str(environment.port() + 2)))
# Address or mailbox name -> workflow of the first case.
MAILBOXES = {"emergency": "emergency", "ca": "triage", "info": "triage", "safety": "triage"}

ORGANISATION = os.environ.get("TUTELA_ORGANISATION", "Example Foundation")
PUBLIC_URL = os.environ.get("TUTELA_PUBLIC_URL", f"http://127.0.0.1:{environment.port()}")
# Where to write when a page does not work; shown to reporters.
EMERGENCY_ADDRESS = os.environ.get("TUTELA_EMERGENCY_ADDRESS", "emergency@tutela.example")
CONTACT_ADDRESS = os.environ.get("TUTELA_CONTACT_ADDRESS", "safety@tutela.example")
# How many proxies of ours stand in front: rate limits count the address that the outermost one saw.
PROXIES = int(os.environ.get("TUTELA_PROXIES", "0"))
HOLIDAYS = os.environ.get("TUTELA_HOLIDAYS", "US")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {"procrastinate": {"level": "WARNING"}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("TUTELA_LOG", "INFO")},
}

# Where the office keeps its working hours: business days end with its day.
OFFICE_TIME_ZONE = os.environ.get("TUTELA_OFFICE_TIME_ZONE", "America/Los_Angeles")
# Other lengths for clocks, as "emergency.acknowledge=45 minutes; emergency.assess=2 hours".
CLOCKS = dict(
    part.strip().split("=", 1) for part in os.environ.get("TUTELA_CLOCKS", "").split(";") if "=" in part
)
