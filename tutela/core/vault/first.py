"""The keys that must be there before anything can be sealed. Called when a database is prepared."""

from __future__ import annotations

from django.conf import settings

from . import places
from .keyring import new_index_key, new_intake_key
from .models import IndexKey, IntakeKey, WorkflowKey
from .providers import place
from .providers.file import KeyFile
from .seals import Unavailable


def make_first_keys(using: str = "default") -> None:
    """Make the key file, the intake's pair of keys and the index key where they are missing.

    Again changes nothing. Raises Unavailable where the database holds wrapped keys and the key file is
    gone: a new file would open none of them. One to which the keys are to move is made.
    """
    keys = place(settings.VAULT)
    if isinstance(keys, KeyFile) and not keys.exists():
        if _has_wrapped(using) and not all(one.place for one in places.wrapped_keys()):
            raise Unavailable(
                f"The key file {keys.path} is missing, and this database holds data that only it opens. "
                "Put it back from its backup, or type it in from its recovery sheet: tutela vault restore."
            )
        keys.create()
    if not IntakeKey.objects.using(using).filter(retired_at=None).exists():
        new_intake_key().save(using=using)
    if not IndexKey.objects.using(using).filter(retired_at=None).exists():
        new_index_key().save(using=using)


def _has_wrapped(using: str) -> bool:
    return any(model.objects.using(using).exists() for model in (IntakeKey, WorkflowKey))
