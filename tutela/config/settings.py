"""The desk's settings: its pages, the API, the worker, mail, the command line. The portal has its own.

One file for all of them; all that differs between machines comes from the environment.
"""

from __future__ import annotations

import os
from pathlib import Path

from tutela.config import environment
from tutela.config.common import *  # noqa: F403  settings are names of a module
from tutela.config.common import PACKAGE, SECURE, content_security_policy, hosts, templates
from tutela.config.signing_in import *  # noqa: F403  the desk's own block

SECRET_KEY = environment.secret_key().decode()
#: Where staff find the desk; links in letters to staff lead there.
DESK_URL = environment.desk_url()
ALLOWED_HOSTS = hosts("TUTELA_HOSTS", DESK_URL)
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS if SECURE and host != "*"]

ROOT_URLCONF = "tutela.config.urls"
WSGI_APPLICATION = "tutela.config.wsgi.application"

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
    "tutela.core.oncall",
    "tutela.core.cases",
    "tutela.core.files",
    "tutela.core.flow",
    "tutela.core.outbox",
    "tutela.core.access",
    "tutela.core.search",
    "tutela.core.records",
    "tutela.core.slices",
    "tutela.core.paging",
    "tutela.core.health",
    "tutela.programs.directory",
    "tutela.programs.registers",
    "tutela.workflows",
    "tutela.connectors.mail",
    "tutela.ui",
    "tutela.surfaces.desk",
    "tutela.surfaces.api",
    # After the desk, whose pages stand in for theirs.
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.socialaccount.providers.mediawiki",
]

MIDDLEWARE = [
    "tutela.config.headers.EveryAnswer",
    "django.middleware.security.SecurityMiddleware",
    "tutela.config.headers.NoBombs",
    "tutela.surfaces.api.middleware.ApiShortWay",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

TEMPLATES = templates(
    "django.contrib.auth.context_processors.auth", "django.contrib.messages.context_processors.messages"
)

# The processes that serve pages and do the work hold the desk's login; only `tutela migrate` and
# `tutela prepare` hold the owner's.
OWNER_COMMAND = os.environ.get("TUTELA_ROLE", "") == "owner"
DATABASES = {
    "default": environment.login(environment.OWNER if OWNER_COMMAND else environment.DESK),
}

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_NAME = "__Host-tutela" if SECURE else "tutela"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
CSRF_COOKIE_NAME = "__Host-tutela-csrf" if SECURE else "tutela-csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "tutela.surfaces.desk.unsure.unsure"
# Not "no-referrer": browsers then send `Origin: null` with every form, which the CSRF check refuses.
SECURE_REFERRER_POLICY = "same-origin"
LOGIN_URL = "desk:sign-in"

LIVE_URL = os.environ.get("TUTELA_LIVE_URL", f"http://127.0.0.1:{environment.port() + 1}")
CONTENT_SECURITY_POLICY = content_security_policy(LIVE_URL)
LANGUAGE_COOKIE_NAME = "tutela-language"

# The files of both apps are collected once, with these settings, into one folder.
STATICFILES_DIRS = [PACKAGE / "surfaces" / "portal" / "static"]

# How often one token may call the API within a minute, per web process. Sending reports is never limited.
API_REQUESTS_PER_MINUTE = int(os.environ.get("TUTELA_API_REQUESTS_PER_MINUTE", "12000"))

# Mail. On a laptop, outgoing mail is written as .eml files; `TUTELA_SMTP_HOST` sends it instead.
MAIL_FOLDER = environment.data_folder() / "mail"
# Where key-encryption keys live: see tutela/core/vault/providers.
VAULT = environment.vault()
VAULT_ALSO = environment.vault_also()
#: After so many days a key is to be renewed; `/readyz` and `tutela doctor` say so three weeks before.
KEY_DAYS = int(os.environ.get("TUTELA_KEY_DAYS", "365"))
#: The kinds of `TUTELA_VAULT` that are services, each with the connector that speaks to it.
VAULT_SERVICES = {
    "transit": "tutela.connectors.transit.adapter.TransitKeys",
    "kms": "tutela.connectors.kms.adapter.KmsKeys",
}
# Where sealed files lie, and how large one may be (in megabytes): see tutela/core/files.
FILES = environment.files()
FILE_SERVICES = {"s3": "tutela.connectors.s3.files.FileBucket"}
LARGEST_FILE = int(os.environ.get("TUTELA_LARGEST_FILE", "4000")) * 1_000_000
# What looks for viruses: the path of clamd's socket, or HOST:PORT. Without it nothing is scanned.
CLAMD = os.environ.get("TUTELA_CLAMD", "")
SCANNER = "tutela.connectors.clamav.adapter.Clamd"
# The log's own key, and where its signed heads go outside the database: see docs/security/audit.md.
AUDIT_KEY_FILE = Path(os.environ.get("TUTELA_AUDIT_KEY_FILE", environment.data_folder() / "keys" / "audit"))
ANCHOR_SERVICES = {
    "mail": "tutela.connectors.mail.anchor.Mailbox",
    "s3": "tutela.connectors.s3.anchor.LockedBucket",
    "tsa": "tutela.connectors.timestamps.anchor.Authority",
}
ANCHORS = os.environ.get("TUTELA_ANCHORS", f"folder:{environment.data_folder() / 'anchors'}")
ANCHOR_LOCK_DAYS = int(os.environ.get("TUTELA_ANCHOR_LOCK_DAYS", "3650"))
TSA_ROOTS = os.environ.get("TUTELA_TSA_ROOTS", "")
TIMESTAMPS_FOLDER = environment.data_folder() / "timestamps"
SMTP_HOST = os.environ.get("TUTELA_SMTP_HOST", "")
SMTP_PORT = int(os.environ.get("TUTELA_SMTP_PORT", "25"))
SMTP_USER = os.environ.get("TUTELA_SMTP_USER", "")
SMTP_PASSWORD_FILE = os.environ.get("TUTELA_SMTP_PASSWORD_FILE", "")
SMTP_TLS = os.environ.get("TUTELA_SMTP_TLS", "offered")  # or "required"
MAIL_FROM = os.environ.get("TUTELA_MAIL_FROM", "Trust & Safety <safety@tutela.example>")
# Mail servers (their names in Authentication-Results) whose word on a sender counts; without one, nobody's.
MAIL_AUTHSERV = os.environ.get("TUTELA_MAIL_AUTHSERV", "").lower().split()
LMTP_PORT = int(os.environ.get("TUTELA_LMTP_PORT", str(environment.port() + 2)))
# Accounts that mail is fetched from: see tutela/connectors/imap.
IMAP = environment.imap()
# Address or mailbox name -> workflow of the first case.
MAILBOXES = {"emergency": "emergency", "ca": "triage", "info": "triage", "safety": "triage"}
# The wikis that may be asked for pages: see docs/howto/wikis.md. No other address is ever asked.
WIKIS_FILE = os.environ.get("TUTELA_WIKIS", "")
# Senders of MediaModeration's mails, in small letters. From others, such a mail is one like any other.
HASH_MATCH_SENDERS = os.environ.get("TUTELA_HASH_MATCH_SENDERS", "").lower().split()

# Break-glass: how many minutes a case stays open unless told otherwise, and in which time it is reviewed.
GLASS_MINUTES = int(os.environ.get("TUTELA_GLASS_MINUTES", "60"))
GLASS_REVIEW = os.environ.get("TUTELA_GLASS_REVIEW", "2 business days")
# How many days a redacted slice of a case is shown to a partner at most. The database refuses more than 92.
SLICE_DAYS = int(os.environ.get("TUTELA_SLICE_DAYS", "30"))
# In which time after the beginning of a quarter it is looked at who holds which role.
ACCESS_REVIEW = os.environ.get("TUTELA_ACCESS_REVIEW", "10 business days")
