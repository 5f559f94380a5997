"""Django's settings for signing in to the desk, by django-allauth. See docs/security/signing-in.md."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

#: `required`: nobody works at the desk without a second factor. `offered`: whoever has one is asked for it.
SECOND_FACTOR = os.environ.get("TUTELA_SECOND_FACTOR", "required")
if SECOND_FACTOR not in {"required", "offered"}:
    raise SystemExit(f"TUTELA_SECOND_FACTOR is {SECOND_FACTOR}: it may be required or offered.")

#: Seconds without a page after which a session is over, and seconds after which it is over in any case.
SESSION_IDLE = 60 * int(os.environ.get("TUTELA_SESSION_IDLE_MINUTES", "30"))
SESSION_COOKIE_AGE = 3600 * int(os.environ.get("TUTELA_SESSION_HOURS", "12"))

AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 14}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "working_name", "email")},
    },
]
# Limits of tries and used codes are shared by all web processes, so they are kept in the database.
CACHES = {"default": {"BACKEND": "tutela.core.people.shared.SharedCache"}}

ACCOUNT_ADAPTER = "tutela.surfaces.desk.signing_in.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_NOTIFICATIONS = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_FORMS = {
    "login": "tutela.surfaces.desk.signing_in.forms.SignIn",
    "change_password": "tutela.surfaces.desk.signing_in.forms.ChangePassphrase",
    "reauthenticate": "tutela.surfaces.desk.signing_in.forms.ConfirmPassphrase",
}
# Passphrases have limits of their own, which no stranger can use up for somebody else; this one is for codes.
ACCOUNT_RATE_LIMITS = {"login_failed": "5/5m/key"}

MFA_ADAPTER = "tutela.surfaces.desk.signing_in.adapter.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_ALLOW_UNVERIFIED_EMAIL = True  # who works here is known by invitation, not by an address
MFA_TOTP_TOLERANCE = 1
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_FORMS = {
    "authenticate": "tutela.surfaces.desk.signing_in.forms.Code",
    "reauthenticate": "tutela.surfaces.desk.signing_in.forms.CodeAgain",
    "activate_totp": "tutela.surfaces.desk.signing_in.forms.FirstCode",
    "add_webauthn": "tutela.surfaces.desk.signing_in.forms.AddKey",
}


# Accounts of elsewhere: a wiki by OAuth 2 and a provider of OpenID Connect, each where its address is named.
SOCIALACCOUNT_ADAPTER = "tutela.surfaces.desk.signing_in.elsewhere.ElsewhereAdapter"
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_EMAIL_AUTHENTICATION = (
    False  # an address that somebody else vouches for is nobody's identity here
)
SOCIALACCOUNT_REQUESTS_TIMEOUT = 10


def _app(name: str, label: str) -> dict[str, Any]:
    """What the variables of one provider say, as allauth reads it."""
    secret = os.environ.get(f"TUTELA_{name}_SECRET_FILE", "")
    return {
        "name": os.environ.get(f"TUTELA_{name}_NAME", label),
        "client_id": os.environ.get(f"TUTELA_{name}_CLIENT_ID", ""),
        "secret": Path(secret).read_text(encoding="utf-8").strip() if secret else "",
        "settings": {"group": os.environ.get(f"TUTELA_{name}_GROUP", "")},
    }


_OIDC, _WIKI = os.environ.get("TUTELA_OIDC_URL", ""), os.environ.get("TUTELA_MEDIAWIKI_URL", "").rstrip("/")
_oidc, _wiki = _app("OIDC", "OpenID Connect"), _app("MEDIAWIKI", "MediaWiki")
_oidc["provider_id"], _oidc["settings"]["server_url"] = "oidc", _OIDC
SOCIALACCOUNT_PROVIDERS: dict[str, Any] = {
    "openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [_oidc] if _OIDC else []},
    "mediawiki": {
        "OAUTH_PKCE_ENABLED": True,
        "REST_API": _WIKI,
        "USER_AGENT": "Tutela",
        "APPS": [_wiki] if _WIKI else [],
    },
}
