"""A time-stamping authority on this machine: OpenSSL's `ts` command behind a small HTTP server."""

from __future__ import annotations

import shutil
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CONFIGURATION = """
[tsa]
default_tsa = one
[one]
serial = {folder}/serial
signer_cert = {folder}/signer.pem
signer_key = {folder}/signer.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
"""


class StampServer:
    """`url` answers queries; `roots` is the file of its root certificate. `says` changes the HTTP status."""

    def __init__(self, folder: Path) -> None:
        if shutil.which("openssl") is None:
            pytest.skip("OpenSSL's command is not installed: apt-get install openssl")
        self.folder, self.says, self.asked = folder, 200, 0
        folder.mkdir()
        self.roots = folder / "roots.pem"
        self._make_certificates()
        (folder / "serial").write_text("01\n")
        (folder / "tsa.cnf").write_text(CONFIGURATION.format(folder=folder))
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}/stamp"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def stamp(self, query: bytes) -> bytes:
        """The answer to a query."""
        asked, answer = self.folder / "query.tsq", self.folder / "answer.tsr"
        asked.write_bytes(query)
        command = ["openssl", "ts", "-reply", "-config", self.folder / "tsa.cnf"]
        subprocess.run([*command, "-queryfile", asked, "-out", answer], check=True, capture_output=True)
        return answer.read_bytes()

    def _make_certificates(self) -> None:
        root_key, key = (rsa.generate_private_key(65537, 2048) for _ in range(2))
        root = _certificate("Example stamps root", root_key, "Example stamps root", root_key, ca=True)
        signer = _certificate("Example stamps", key, "Example stamps root", root_key, ca=False)
        self.roots.write_bytes(root.public_bytes(Encoding.PEM))
        (self.folder / "signer.pem").write_bytes(signer.public_bytes(Encoding.PEM))
        plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (self.folder / "signer.key").write_bytes(plain)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        authority = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                authority.asked += 1
                query = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(authority.says)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.end_headers()
                if authority.says == 200:
                    self.wfile.write(authority.stamp(query))

            def log_message(self, *_args: object) -> None: ...

        return Handler


def _certificate(name, key, issuer, issuer_key, *, ca):
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
        )
        .add_extension(
            x509.KeyUsage(not ca, False, False, False, False, ca, ca, False, False),
            critical=True,
        )
    )
    if not ca:
        stamps = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(stamps, critical=True)
    return builder.sign(issuer_key, hashes.SHA256())
