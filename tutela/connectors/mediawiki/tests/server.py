"""A real MediaWiki, from Debian's package, in a folder and on a port of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import urllib.request
from dataclasses import dataclass, field
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode

from tutela.server.processes import dies_with_parent, wait_until

MEDIAWIKI = Path("/usr/share/mediawiki")
WHY_NOT = (
    ""
    if (MEDIAWIKI / "maintenance/install.php").exists() and shutil.which("php")
    else "needs Debian's packages mediawiki, php-cli and php-sqlite3"
)
BOT, SECRET = "WikiAdmin@tests", "0123456789abcdef0123456789abcdef"
GRANTS = "basic,createeditmovepage,delete,editpage,highvolume,oversight,viewdeleted"
SETTINGS = """
$wgMainCacheType = CACHE_NONE; $wgParserCacheType = CACHE_NONE; $wgSessionCacheType = CACHE_DB;
$wgJobRunRate = 0; $wgRateLimits = []; $wgPasswordAttemptThrottle = []; $wgEnableEmail = false;
$wgGroupPermissions['sysop']['deleterevision'] = true;
$wgGroupPermissions['suppress'] = [ 'suppressrevision' => true, 'viewsuppressed' => true ];
"""


@dataclass
class RealWiki:
    """The running wiki, and an administrator who edits, deletes and hides there."""

    folder: Path
    language: str = "de"
    port: int = 0
    _process: subprocess.Popen[bytes] | None = None
    _jar: CookieJar = field(default_factory=CookieJar)
    _token: str = ""

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def api(self) -> str:
        return f"{self.base}/api.php"

    def start(self) -> None:
        """Set it up from nothing and wait until it answers."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        (self.folder / "data").mkdir(parents=True)
        self._maintain(
            "install.php", "--confpath", self.folder, "--dbtype", "sqlite", "--dbpath", self.folder / "data",
            "--dbname", "wiki", "--scriptpath", "", "--server", self.base, "--lang", self.language,
            "--pass", "Admin-Pass-12345", "Example", "WikiAdmin",
        )  # fmt: skip
        settings = self.folder / "LocalSettings.php"
        with settings.open("a") as file:
            file.write(SETTINGS)
        self._maintain("createAndPromote.php", "--force", "WikiAdmin", "--custom-groups", "suppress")
        self._maintain("createBotPassword.php", "--appid", "tests", "--grants", GRANTS, "WikiAdmin", SECRET)
        self._process = subprocess.Popen(
            ["php", "-S", f"127.0.0.1:{self.port}", "-t", str(MEDIAWIKI)],
            cwd=MEDIAWIKI,
            env=self._environ() | {"PHP_CLI_SERVER_WORKERS": "2"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=dies_with_parent(signal.SIGTERM),  # noqa: PLW1509  no thread runs while we fork
        )
        assert wait_until(self._answers, 60), "the wiki does not answer"

    def stop(self) -> None:
        """End the server and its workers: they are a process group of their own."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait(30)

    def edit(self, title: str, text: str, summary: str = "") -> int:
        """Save a page; the number of the new revision."""
        made = self._write(action="edit", title=title, text=text, summary=summary)
        return int(made["edit"]["newrevid"])

    def delete(self, title: str) -> None:
        self._write(action="delete", title=title)

    def hide(self, revision: int, what: str, *, suppress: bool = False) -> None:
        """Hide parts of a revision: content, user, comment, with | between them."""
        answer = self._write(
            action="revisiondelete", type="revision", ids=str(revision), hide=what,
            suppress="yes" if suppress else "no",
        )  # fmt: skip
        assert not answer["revisiondelete"]["items"][0].get("errors")

    def _write(self, **parameters: str) -> dict:
        if not self._token:
            asked = {"action": "query", "meta": "tokens", "type": "login"}
            token = self._ask(asked)["query"]["tokens"]["logintoken"]
            self._ask({"action": "login", "lgname": BOT, "lgpassword": SECRET, "lgtoken": token}, post=True)
            self._token = self._ask({"action": "query", "meta": "tokens"})["query"]["tokens"]["csrftoken"]
        answer = self._ask({**parameters, "token": self._token}, post=True)
        assert "error" not in answer, answer
        return answer

    def _ask(self, parameters: dict[str, str], *, post: bool = False) -> dict:
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._jar))
        query = urlencode({**parameters, "format": "json", "formatversion": "2"})
        asked = (self.api, query.encode()) if post else (f"{self.api}?{query}", None)
        with opener.open(*asked, timeout=30) as answer:
            return json.load(answer)

    def _answers(self) -> bool:
        try:
            return "query" in self._ask({"action": "query", "meta": "siteinfo"})
        except OSError:
            return False

    def _environ(self) -> dict[str, str]:
        return os.environ | {"MW_CONFIG_FILE": str(self.folder / "LocalSettings.php")}

    def _maintain(self, script: str, *arguments: object) -> None:
        environ = dict(os.environ) if script == "install.php" else self._environ()
        command = ["php", str(MEDIAWIKI / "maintenance" / script), *map(str, arguments)]
        subprocess.run(command, env=environ, check=True, capture_output=True, cwd=MEDIAWIKI)
