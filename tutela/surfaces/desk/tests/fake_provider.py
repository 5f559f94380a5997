"""A provider on this machine that speaks OAuth 2 and OpenID Connect over real HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

CLIENT, SECRET = "tutela", "a secret that both know"


class Provider(ThreadingHTTPServer):
    """Says who somebody is: `claims`. With `broken` it does not answer for the profile."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.claims: dict[str, Any] = {"sub": "4711", "username": "Juniper at the wiki"}
        self.broken = False
        self.asked: list[dict[str, list[str]]] = []
        self.challenges: dict[str, str] = {}


class _Handler(BaseHTTPRequestHandler):
    server: Provider

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path.endswith("/.well-known/openid-configuration"):
            url = self.server.url
            self._say(
                {
                    "issuer": url,
                    "authorization_endpoint": f"{url}/oauth2/authorize",
                    "token_endpoint": f"{url}/oauth2/access_token",
                    "userinfo_endpoint": f"{url}/oauth2/resource/profile",
                    "jwks_uri": f"{url}/keys",
                    "token_endpoint_auth_methods_supported": ["client_secret_post"],
                }
            )
        elif path == "/oauth2/resource/profile":
            known = self.headers["Authorization"] == "Bearer token-of-juniper"
            self._say(
                self.server.claims if known else {}, 503 if self.server.broken else 200 if known else 401
            )
        else:
            self._say({}, 404)

    def do_POST(self) -> None:
        sent = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.server.asked.append(sent)
        right = (sent["client_id"], sent["client_secret"]) == ([CLIENT], [SECRET])
        right = right and sent["code"] == ["code-of-juniper"] and bool(sent.get("code_verifier"))
        said = (
            {"access_token": "token-of-juniper", "token_type": "Bearer"}
            if right
            else {"error": "invalid_grant"}
        )
        self._say(said, 200 if right else 400)

    def _say(self, said: dict[str, Any], status: int = 200) -> None:
        body = json.dumps(said).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_about: object) -> None:
        """Say nothing: a test asks for what it wants to know."""


@contextmanager
def running() -> Iterator[Provider]:
    """The provider, listening."""
    with Provider() as provider:
        thread = threading.Thread(target=provider.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield provider
        finally:
            provider.shutdown()
            thread.join()
