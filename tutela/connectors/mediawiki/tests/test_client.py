"""The envelope of the API, and what we never connect to. A small server of ours plays the wiki."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tutela.connectors.mediawiki import client
from tutela.connectors.mediawiki.adapter import WikiPages
from tutela.core.errors import NotConfigured, TryLater

AGENT = "Tutela/tests"
GOOD = json.dumps({"query": {"ok": True}}).encode()


@dataclass
class Answering:
    """What the server answers, and what it was asked."""

    port: int = 0
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = GOOD
    asked: list[tuple[str, str]] = field(default_factory=list)

    @property
    def api(self) -> client.Api:
        return client.Api(f"http://127.0.0.1:{self.port}/w/api.php", AGENT, local=True)


@pytest.fixture
def server() -> Iterator[Answering]:
    answering = Answering()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answering.asked.append((self.path, self.headers["User-Agent"]))
            self.send_response(answering.status)
            for name, value in answering.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answering.body)

        def log_message(self, *_words: object) -> None:
            """Say nothing."""

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    answering.port = running.server_port
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    yield answering
    running.shutdown()
    thread.join()
    running.server_close()


def test_it_says_who_asks_and_asks_for_the_new_shapes(server):
    assert server.api.get(action="query")["query"] == {"ok": True}
    ((path, agent),) = server.asked
    assert agent == AGENT
    for part in ("/w/api.php?action=query", "formatversion=2", "errorformat=plaintext", "maxlag=5"):
        assert part in path


@pytest.mark.parametrize(
    "body",
    [
        {"errors": [{"code": "badthing", "text": "No."}]},
        {"error": {"code": "badthing", "info": "No."}},
    ],
)
def test_both_shapes_of_errors_with_status_200(server, body):
    server.body = json.dumps(body).encode()
    with pytest.raises(client.Refused) as refused:
        server.api.get(action="query")
    assert (refused.value.codes, str(refused.value)) == (("badthing",), "No.")


@pytest.mark.parametrize(
    ("status", "code", "headers", "seconds"),
    [
        (200, "maxlag", {"Retry-After": "5"}, 5),
        (200, "ratelimited", {}, None),
        (200, "readonly", {}, None),
        (429, "", {"Retry-After": "30"}, 30),
        (503, "", {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
    ],
)
def test_a_wiki_that_asks_us_to_wait(server, status, code, headers, seconds):
    server.status, server.headers = status, headers
    server.body = json.dumps({"errors": [{"code": code, "text": "Wait."}]}).encode()
    with pytest.raises(client.Busy) as busy:
        server.api.get(action="query")
    assert busy.value.seconds == seconds
    with pytest.raises(TryLater) as later:
        WikiPages(server.api.url, AGENT, local=True).read(f"http://127.0.0.1:{server.port}/wiki/A")
    assert (later.value.after.total_seconds() if later.value.after else None) == seconds


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"[" * 100_000, b"\xff"])
def test_what_is_no_answer_of_an_api(server, body):
    server.body = body
    with pytest.raises(client.Away):
        server.api.get(action="query")


def test_an_answer_without_end(server, monkeypatch):
    monkeypatch.setattr(client, "MOST_BYTES", 10)
    with pytest.raises(client.Away, match="does not end"):
        server.api.get(action="query")


class TestWhereItNeverConnects:
    def test_no_redirect_is_followed(self, server):
        server.status, server.headers = 302, {"Location": f"http://127.0.0.1:{server.port}/elsewhere"}
        with pytest.raises(client.Away, match="302"):
            server.api.get(action="query")
        assert len(server.asked) == 1

    @pytest.mark.parametrize(
        "address",
        ["127.0.0.1", "10.0.0.7", "169.254.169.254", "192.168.1.1", "::1", "fd00::1", "::ffff:127.0.0.1"],
    )
    def test_a_name_that_leads_into_a_private_network(self, server, address):
        api = client.Api(
            f"https://wiki.example:{server.port}/w/api.php", AGENT, addresses=lambda _host, _port: [address]
        )
        with pytest.raises(client.Forbidden):
            api.get(action="query")
        assert server.asked == []

    def test_one_private_address_among_several(self):
        api = client.Api(
            "https://wiki.example/api.php", AGENT, addresses=lambda _host, _port: ["203.0.114.5", "10.0.0.1"]
        )
        with pytest.raises(client.Forbidden):
            api.get(action="query")

    def test_the_name_is_looked_up_once_so_that_it_cannot_change_in_between(self, server, monkeypatch):
        answers = [["127.0.0.1"], ["127.0.0.9"]]
        connected: list[str] = []
        really = client._connect
        monkeypatch.setattr(
            client, "_connect", lambda address, *more: connected.append(address) or really(address, *more)
        )
        api = client.Api(
            f"http://wiki.example:{server.port}/api.php",
            AGENT,
            local=True,
            addresses=lambda _host, _port: answers.pop(0),
        )
        api.get(action="query")
        assert connected == ["127.0.0.1"]
        assert len(answers) == 1

    @pytest.mark.parametrize(
        "url",
        ["http://wiki.example/api.php", "ftp://wiki.example/", "https://a:b@wiki.example/", "https:///x"],
    )
    def test_what_is_no_plain_address_of_the_web(self, url):
        with pytest.raises(client.Forbidden):
            client.Api(url, AGENT, addresses=lambda _host, _port: ["203.0.114.5"]).get(action="query")

    def test_the_adapter_says_what_to_do(self):
        reader = WikiPages("https://wiki.example/api.php", AGENT, addresses=lambda _host, _port: ["10.1.1.1"])
        with pytest.raises(NotConfigured, match="private network"):
            reader.read("https://wiki.example/wiki/A")
