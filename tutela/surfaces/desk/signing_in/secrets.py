"""Secrets of second factors, sealed with a key that the vault wraps."""

from __future__ import annotations

import base64

from tutela.core.vault import keyring
from tutela.core.vault.models import WorkflowKey
from tutela.core.vault.seals import NotGenuine, seal, unseal

#: Stands beside the workflows in the table of keys; no workflow has such a name.
KEY = "second-factors"
PLACE = "second factor"


def seal_text(text: str) -> str:
    """The text, sealed: the number of its key, and what came of it."""
    row = keyring.current_workflow_key(KEY)
    sealed = seal(keyring.workflow_key(row.pk), text.encode(), PLACE)
    return f"{row.pk}.{base64.b64encode(sealed).decode()}"


def open_text(sealed: str) -> str:
    """What was sealed. Raises VaultError."""
    number, _dot, content = sealed.partition(".")
    try:
        key = keyring.workflow_key(int(number))
        raw = base64.b64decode(content, validate=True)
    except (ValueError, WorkflowKey.DoesNotExist):
        raise NotGenuine("The secret of a second factor is not as it was stored.") from None
    return unseal(key, raw, PLACE).decode()
