"""What people have in their pockets: an app that shows codes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import struct
import time

from django.conf import settings
from django.test import Client

from tutela.core.people.actor import system_actor
from tutela.core.people.models import Staff
from tutela.core.people.roles import SystemActor
from tutela.core.people.sign_in import invite

PASSPHRASE = "seven quiet herons wade"


def code_of(secret: str, steps: int = 0) -> str:
    """What an app shows now (RFC 6238), or some steps of 30 seconds from now."""
    counter = struct.pack(">Q", int(time.time()) // 30 + steps)
    digest = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 10**6:06}"


def secret_on(page: str) -> str:
    """The key that a page shows for an app."""
    return re.search(r'id="secret">([A-Z2-7]+)<', page).group(1)


def accept(desk: Client, staff: Staff, passphrase: str = PASSPHRASE):
    """Accept an invitation."""
    path = invite(system_actor(SystemActor.OPERATOR), staff).removeprefix(settings.DESK_URL)
    return desk.post(path, {"new_password1": passphrase, "new_password2": passphrase})


def set_up_app(desk: Client) -> str:
    """Set up an app. Returns its key."""
    secret = secret_on(desk.get("/desk/account/factors/app/").content.decode())
    answer = desk.post("/desk/account/factors/app/", {"code": code_of(secret)})
    assert answer.status_code == 302, answer.content.decode()
    return secret


def come_in(desk: Client, staff: Staff, secret: str = "", passphrase: str = PASSPHRASE, steps: int = 0):
    """Sign in with name and passphrase, and the code of an app where there is one."""
    answer = desk.post("/desk/sign-in/", {"login": staff.username, "password": passphrase})
    if secret:
        assert answer.headers["Location"] == "/desk/sign-in/second-factor/"
        answer = desk.post("/desk/sign-in/second-factor/", {"code": code_of(secret, steps)})
    return answer
