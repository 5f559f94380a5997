"""What the environment says: paths, keys and the three database logins.

Only the environment configures Tutela, so that one build runs on a laptop and in production.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit, urlunsplit

OWNER, DESK, PORTAL = "tutela_owner", "tutela_desk", "tutela_portal"
# The roles that sign in beside the owner, and where an operator may name their addresses.
SIGN_IN = {DESK: "TUTELA_DESK_DATABASE_URL", PORTAL: "TUTELA_PORTAL_DATABASE_URL"}
SHORTEST_SECRET = 32
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
    """The port of the pages. `TUTELA_PORT`, else 8800."""
    return int(os.environ.get("TUTELA_PORT", "8800"))


def host() -> str:
    """The address that the pages are served on. `TUTELA_HOST`, else this machine alone."""
    return os.environ.get("TUTELA_HOST", "127.0.0.1")


def lmtp_port() -> int:
    """The port that takes mail from a mail server on this machine. `TUTELA_LMTP_PORT`, else the third."""
    return int(os.environ.get("TUTELA_LMTP_PORT", str(port() + 2)))


def vault() -> str:
    """Where key-encryption keys live. `TUTELA_VAULT`, else a file in the data folder."""
    return os.environ.get("TUTELA_VAULT", f"file:{data_folder() / 'keys' / 'vault.json'}")


def secret_key() -> bytes:
    """The key that signs cookies and hashes codes: 32 bytes or more, made at the first start.

    `TUTELA_SECRET_KEY_FILE` names the file; without it, `keys/secret` in the data folder.
    """
    path = Path(os.environ.get("TUTELA_SECRET_KEY_FILE", data_folder() / "keys" / "secret"))
    return kept_secret(path)


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
    """The password of a database role of ours, derived so that no second secret must be kept."""
    return hmac.new(secret_key(), f"database role {role}".encode(), hashlib.sha256).hexdigest()


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
    found = {}
    for role, variable in SIGN_IN.items():
        derived = parts._replace(netloc=f"{role}:{role_password(role)}@{place}")
        found[variable] = os.environ.get(variable) or urlunsplit(derived)
    return found


def login(role: str) -> dict[str, Any]:
    """Django's database entry for one of the three roles, all derived from the owner's address.

    `TUTELA_DESK_DATABASE_URL` and `TUTELA_PORTAL_DATABASE_URL` win where an operator manages the
    roles' passwords elsewhere. What an address says itself wins over our limits.
    """
    own = os.environ.get(SIGN_IN[role], "") if role in SIGN_IN else ""
    parts = urlsplit(own or database_url())
    query = dict(parse_qsl(parts.query))
    derived = not own and role != OWNER
    limits = ["-c timezone=UTC", *(f"-c {name}={value}" for name, value in LIMITS[role].items())]
    options = " ".join([*limits, query.pop("options", "")]).strip()
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "tutela",
        "USER": role if derived else unquote(parts.username or OWNER),
        "PASSWORD": role_password(role) if derived else unquote(parts.password or ""),
        "HOST": query.pop("host", "") or parts.hostname or "",
        "PORT": str(parts.port or ""),
        "OPTIONS": {**LINES[role], "options": options, **query},
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
    }
