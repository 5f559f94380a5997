"""The ETag of a case: its version, and a hash of what was read.

The version grows when a person or a clock changes the case, and guards steps against stale pages. What a
reader is shown changes more often: an act outside is confirmed, another case of a link is renamed, a window
opens. So the hash is part of the tag for readers, and steps compare the version alone.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any, Final

from django.utils.http import parse_etags
from django.utils.translation import gettext as _

from .problems import STALE, RequestProblem

_ETAG: Final = re.compile(r'\s*(?:W/)?"([0-9]{1,9})(?:-[0-9a-f]{16})?"\s*')


def tag_of(case: dict[str, Any]) -> str:
    """The tag of a case as one reader is shown it."""
    said = json.dumps(case, default=str, sort_keys=True).encode()
    return f'"{case["version"]}-{hashlib.sha256(said).hexdigest()[:16]}"'


def is_among(tag: str, if_none_match: str) -> bool:
    """Whether If-None-Match names the tag (RFC 9110, 13.1.2); a proxy may have made it a weak one."""
    named = {one.removeprefix("W/") for one in parse_etags(if_none_match)}
    return tag in named or "*" in named


def version_of(if_match: str) -> int | None:
    """The version that the caller saw. Raises RequestProblem (412) for an ETag that is none of ours."""
    if not if_match.strip() or if_match.strip() == "*":
        return None
    found = _ETAG.fullmatch(if_match)
    if found is None:
        raise RequestProblem(STALE, _("If-Match holds no ETag of a case."))
    return int(found[1])
