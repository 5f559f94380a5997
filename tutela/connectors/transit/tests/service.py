"""A server on this machine that speaks the part of Vault's transit interface that we use.

It follows https://developer.hashicorp.com/vault/api-docs/secret/transit: named keys with versions,
ciphertexts that begin with `vault:vN:`, associated data, errors as `{"errors": [...]}` with its status codes.
"""

from __future__ import annotations

import base64
import json
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

TOKEN = "s.tests-only"


class Engine:
    """One key, `tutela`, in one engine, `transit`."""

    def __init__(self):
        self.versions = {1: (AESGCM.generate_key(256), time.time())}
        self.oldest = self.oldest_to_encrypt = 0
        self.sealed = False

    def answer(self, method, path, body):  # noqa: PLR0911  one for each address
        """The status and the body of an answer."""
        if self.sealed:
            return 503, {"errors": ["Vault is sealed"]}
        doing = (method, path.removeprefix("/v1/transit/"))
        if doing == ("POST", "encrypt/tutela"):
            newest = max(self.versions)
            nonce = os.urandom(12)
            said = AESGCM(self.versions[newest][0]).encrypt(
                nonce, base64.b64decode(body["plaintext"]), base64.b64decode(body["associated_data"])
            )
            return 200, {"data": {"ciphertext": f"vault:v{newest}:{base64.b64encode(nonce + said).decode()}"}}
        if doing == ("POST", "decrypt/tutela"):
            return self._decrypt(body)
        if doing == ("GET", "keys/tutela"):
            made = {str(number): int(at) for number, (_key, at) in self.versions.items()}
            return 200, {"data": {"latest_version": max(self.versions), "keys": made}}
        if doing == ("POST", "keys/tutela/rotate"):
            self.versions[max(self.versions) + 1] = (AESGCM.generate_key(256), time.time())
            return 200, {"data": {}}
        if doing == ("POST", "keys/tutela/config"):
            oldest = body.get("min_decryption_version", self.oldest)
            to_encrypt = body.get("min_encryption_version", self.oldest_to_encrypt)
            if to_encrypt and to_encrypt < oldest:
                return 400, {
                    "errors": ["min encryption version should not be less than min decryption version"]
                }
            self.oldest, self.oldest_to_encrypt = oldest, to_encrypt
            return 200, {"data": {}}
        if doing == ("POST", "keys/tutela/trim"):
            if not 0 < body["min_available_version"] <= min(self.oldest, self.oldest_to_encrypt):
                return 400, {"errors": ["minimum available version is over the least that is allowed"]}
            self.versions = {n: one for n, one in self.versions.items() if n >= body["min_available_version"]}
            return 200, {"data": {}}
        return 404, {"errors": []}

    def _decrypt(self, body):
        kind, version, rest = (*body["ciphertext"].split(":", 2), "", "")[:3]
        if kind != "vault" or not version.startswith("v") or not version[1:].isdigit():
            return 400, {"errors": ["invalid ciphertext: no prefix"]}
        if int(version[1:]) < self.oldest or int(version[1:]) not in self.versions:
            return 400, {"errors": ["ciphertext or signature version is disallowed by policy (too old)"]}
        sealed = base64.b64decode(rest)
        try:
            plain = AESGCM(self.versions[int(version[1:])][0]).decrypt(
                sealed[:12], sealed[12:], base64.b64decode(body["associated_data"])
            )
        except InvalidTag:
            return 400, {"errors": ["cipher: message authentication failed"]}
        return 200, {"data": {"plaintext": base64.b64encode(plain).decode()}}


class Service:
    """The engine behind a port of this machine, while the `with` lasts."""

    def __init__(self):
        engine = self.engine = Engine()

        class Handler(BaseHTTPRequestHandler):
            def _do(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length) or b"{}")
                if self.headers.get("X-Vault-Token") != TOKEN:
                    status, answer = 403, {"errors": ["permission denied"]}
                else:
                    status, answer = engine.answer(self.command, self.path, body)
                told = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(told)))
                self.end_headers()
                self.wfile.write(told)

            do_GET = do_POST = do_PUT = _do  # noqa: N815  http.server's names

            def log_message(self, *_about):
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/transit/tutela"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_about):
        self.stop()

    def stop(self):
        """Hang up, as a server that is away."""
        self._server.shutdown()
        self._server.server_close()
