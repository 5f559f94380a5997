"""What the environment says: paths, keys and the three database logins.

Only the environment configures Tutela, so that one build runs on a laptop and in production.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

OWNER, DESK, PORTAL = "tutela_owner", "tutela_desk", "tutela_portal"
# The roles that sign in beside the owner, and where an operator may name their addresses.
SIGN_IN = {DESK: "TUTELA_DESK_DATABASE_URL", PORTAL: "TUTELA_PORTAL_DATABASE_URL"}
# What an address may say of its user behind the question mark.
WHO_SIGNS_IN = {"user", "password", "passfile", "service", "servicefile", "sslcert", "sslkey", "sslpassword"}
SHORTEST_SECRET = 32
OWNERS_ONLY = {"TUTELA_DATABASE_URL", "TUTELA_ROLE"}
# All that the portal's process is told. Whatever else the environment holds (the other logins, keys, a mail
# server's password, the place of the data) stays out of it, so that nothing new gets in by itself.
PORTAL_IS_TOLD = {
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "MALLOC_ARENA_MAX",
    "PATH",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "TMPDIR",
    "TZ",
    "VIRTUAL_ENV",
    "TUTELA_CLOCKS",
    "TUTELA_CONTACT_ADDRESS",
    "TUTELA_EMERGENCY_ADDRESS",
    "TUTELA_HOLIDAYS",
    "TUTELA_HOST",
    "TUTELA_LOG",
    "TUTELA_OFFICE_TIME_ZONE",
    "TUTELA_ORGANISATION",
    "TUTELA_PORTAL_DATABASE_URL",
    "TUTELA_PORTAL_HOSTS",
    "TUTELA_PORTAL_PORT",
    "TUTELA_PORTAL_SECRET_KEY_FILE",
    "TUTELA_PORTAL_WORKERS",
    "TUTELA_PROXIES",
    "TUTELA_PUBLIC_URL",
    "TUTELA_SECURE",
    "TUTELA_STATIC",
    "TUTELA_WIKI_KEYS",
    "TUTELA_WIKI_NETWORKS",
}
# How long a connection waits for a server that is gone (seconds, and milliseconds for `tcp_user_timeout`).
# A portal page has somebody in fear before it: a commit takes a few milliseconds, so after four seconds
# they are better served by the page that names other ways. At the desk a long list may take its time, and
# whoever waits for a case that a colleague works on will wait a moment; but no proxy waits a minute.
LINES: dict[str, dict[str, str]] = {
    PORTAL: {
        "connect_timeout": "3",
        "keepalives_idle": "5",
        "keepalives_interval": "2",
        "keepalives_count": "2",
        "tcp_user_timeout": "5000",
    },
    DESK: {
        "connect_timeout": "10",
        "keepalives_idle": "30",
        "keepalives_interval": "5",
        "keepalives_count": "3",
        "tcp_user_timeout": "30000",
    },
    OWNER: {"connect_timeout": "10", "keepalives_idle": "30"},
}
# What the server itself gives up on. The owner migrates: large tables may take hours.
LIMITS: dict[str, dict[str, str]] = {
    PORTAL: {
        "statement_timeout": "4s",
        "lock_timeout": "3s",
        "idle_in_transaction_session_timeout": "10s",
    },
    DESK: {
        "statement_timeout": "50s",
        "lock_timeout": "15s",
        "idle_in_transaction_session_timeout": "5min",
    },
    OWNER: {},
}


def data_folder() -> Path:
    """Where the database, the keys, the logs and unsent mail lie. `TUTELA_DATA`, else ./data."""
    return Path(os.environ.get("TUTELA_DATA", "data")).resolve()


def port() -> int:
    """The port of the desk and the API. `TUTELA_PORT`, else 8800."""
    return int(os.environ.get("TUTELA_PORT", "8800"))


def portal_port() -> int:
    """The port of the portal. `TUTELA_PORTAL_PORT`, else the fourth."""
    return int(os.environ.get("TUTELA_PORTAL_PORT", str(port() + 3)))


def host() -> str:
    """The address that the pages are served on. `TUTELA_HOST`, else this machine alone."""
    return os.environ.get("TUTELA_HOST", "127.0.0.1")


def desk_url() -> str:
    """Where staff find the desk, without a slash at the end. `TUTELA_DESK_URL`, else this machine."""
    return os.environ.get("TUTELA_DESK_URL", f"http://127.0.0.1:{port()}").rstrip("/")


def public_url() -> str:
    """Where the public finds the portal, without a slash at the end. `TUTELA_PUBLIC_URL`, else this machine.

    By another name than the desk's: a browser keeps cookies by the name of a host, whatever the port.
    """
    return os.environ.get("TUTELA_PUBLIC_URL", f"http://localhost:{portal_port()}").rstrip("/")


def wiki_keys() -> dict[str, str]:
    """Names of wikis, each with the SHA-256 of its secret in hex: `TUTELA_WIKI_KEYS`, as `name=hash ...`."""
    said = (one.partition("=") for one in os.environ.get("TUTELA_WIKI_KEYS", "").split())
    return {name: kept.lower() for name, _equals, kept in said if name and kept}


def lmtp_port() -> int:
    """The port that takes mail from a mail server on this machine. `TUTELA_LMTP_PORT`, else the third."""
    return int(os.environ.get("TUTELA_LMTP_PORT", str(port() + 2)))


def imap() -> str:
    """The accounts that mail is fetched from, separated by spaces. `TUTELA_IMAP`, else none."""
    return os.environ.get("TUTELA_IMAP", "").strip()


def vault() -> str:
    """Where key-encryption keys live. `TUTELA_VAULT`, else a file in the data folder."""
    return os.environ.get("TUTELA_VAULT", f"file:{data_folder() / 'keys' / 'vault.json'}")


def vault_also() -> str:
    """A second place whose key-encryption keys open what they wrapped, while they move. `TUTELA_VAULT_ALSO`.

    Without it, the file that a backup brought back, if it was taken in the middle of a move.
    """
    brought_back = data_folder() / "keys" / "vault-also.json"
    return os.environ.get("TUTELA_VAULT_ALSO", f"file:{brought_back}" if brought_back.exists() else "")


def files() -> str:
    """Where sealed files lie. `TUTELA_FILES`, else a folder in the data folder."""
    return os.environ.get("TUTELA_FILES", f"folder:{data_folder() / 'files'}")


def files_folder() -> Path | None:
    """The folder of sealed files, where they lie in one."""
    kind, _colon, where = files().partition(":")
    return Path(where) if kind == "folder" else None


def secret_key() -> bytes:
    """The desk's key, which signs its cookies and hashes tokens: 32 bytes or more, made at the first start.

    `TUTELA_SECRET_KEY_FILE` names the file; without it, `keys/secret` in the data folder.
    """
    path = Path(os.environ.get("TUTELA_SECRET_KEY_FILE", data_folder() / "keys" / "secret"))
    return kept_secret(path)


def portal_secret_file() -> Path:
    """Where the portal's key lies: `TUTELA_PORTAL_SECRET_KEY_FILE`, else in the data folder."""
    named = os.environ.get("TUTELA_PORTAL_SECRET_KEY_FILE")
    return Path(named).resolve() if named else data_folder() / "portal" / "secret"


def portal_secret() -> bytes:
    """The portal's key, which signs its forms and hashes receipt codes: 32 bytes or more.

    The desk holds it too, as the API and the command line give codes out. The portal holds no other.
    """
    return kept_secret(portal_secret_file())


def kept_secret(path: Path) -> bytes:
    """A random secret that a file keeps, made at the first call; only our account can read it."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        staging = path.with_name(f"{path.name}.{os.getpid()}")
        staging.touch(mode=0o600)
        staging.write_text(secrets.token_urlsafe(48))
        try:
            os.link(staging, path)  # two processes that start together agree on one secret
        except FileExistsError:
            pass
        finally:
            staging.unlink()
    secret = path.read_text().strip().encode()
    if len(secret) < SHORTEST_SECRET:
        raise SystemExit(f"{path} holds fewer than 32 characters: put a longer random key there.")
    return secret


def role_password(role: str) -> str:
    """The password of a database role of ours, derived so that no further secret must be kept.

    The portal's comes from its own key, so that the portal can tell it and no other.
    """
    secret = portal_secret() if role == PORTAL else secret_key()
    return hmac.new(secret, f"database role {role}".encode(), hashlib.sha256).hexdigest()


def is_managed(role: str) -> bool:
    """Whether an operator keeps the password of a role that signs in, so that we leave it alone.

    The portal's address may stand in its environment without a password, which it derives from its own key.
    """
    address = os.environ.get(SIGN_IN[role], "")
    parts = urlsplit(address)
    is_derived = role == PORTAL and not parts.password and parts.username in {PORTAL, None}
    return bool(address) and not is_derived


def database_url() -> str:
    """The owner's address, as `postgresql://user:password@host:port/name`.

    Set by the operator, or by our own starter for the embedded server (which puts it into the
    environment of the processes that it starts).
    """
    return os.environ.get("TUTELA_DATABASE_URL", "")


def logins(owner_url: str) -> dict[str, str]:
    """The variables that give a process the desk's and the portal's logins, and not the owner's.

    An address that is in the environment stays; the others are the owner's with another name and password.
    """
    parts = urlsplit(owner_url)
    place = parts.netloc.rpartition("@")[2]
    query = [(name, value) for name, value in parse_qsl(parts.query) if name not in WHO_SIGNS_IN]
    parts = parts._replace(query=urlencode(query, quote_via=quote))  # libpq knows no "+" for a space
    found = {}
    for role, variable in SIGN_IN.items():
        derived = parts._replace(netloc=f"{role}:{role_password(role)}@{place}")
        found[variable] = os.environ.get(variable) or urlunsplit(derived)
    return found


def for_portal(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of the portal's process: what it needs out of `environ`, and its own addresses."""
    told = {name: value for name, value in environ.items() if name in PORTAL_IS_TOLD}
    return {
        "TUTELA_PORTAL_PORT": str(portal_port()),
        "TUTELA_PUBLIC_URL": public_url(),
        **told,
        "TUTELA_PORTAL_SECRET_KEY_FILE": str(portal_secret_file()),
    }


def for_desk(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of the desk and of all that works for it: not the owner's login, nor the portal's."""
    return {name: value for name, value in environ.items() if name not in {*OWNERS_ONLY, SIGN_IN[PORTAL]}}


def login(role: str) -> dict[str, Any]:
    """Django's database entry for one of the three roles, all derived from the owner's address.

    `TUTELA_DESK_DATABASE_URL` and `TUTELA_PORTAL_DATABASE_URL` win where an operator manages the
    roles' passwords elsewhere. What an address says itself wins over our limits.
    """
    own = os.environ.get(SIGN_IN[role], "") if role in SIGN_IN else ""
    parts = urlsplit(own or database_url())
    query = dict(parse_qsl(parts.query))
    ours = role != OWNER and not is_managed(role)
    limits = ["-c timezone=UTC", *(f"-c {name}={value}" for name, value in LIMITS[role].items())]
    options = " ".join([*limits, query.pop("options", "")]).strip()
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "tutela",
        "USER": role if ours else unquote(parts.username or OWNER),
        "PASSWORD": role_password(role) if ours else unquote(parts.password or ""),
        "HOST": query.pop("host", "") or parts.hostname or "",
        "PORT": str(parts.port or ""),
        "OPTIONS": {**LINES[role], "options": options, **query},
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
    }
