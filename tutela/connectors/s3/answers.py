"""What the bucket answers, as our three errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.utils.translation import gettext as _

from tutela.core.errors import NotConfigured, Rejected, TryLater

try:
    from . import client
except ImportError:  # pragma: no cover  an installation without the extra `aws`
    client = None  # type: ignore[assignment]

T = TypeVar("T")


def answer(call: Callable[[], T]) -> T:
    """What a call of the client gives. Raises ConnectorError; lets `Exists` and `Missing` through."""
    try:
        return call()
    except client.Away as error:
        raise TryLater(
            _("The bucket does not answer: %(error)s") % {"error": error},
            what_to_do=_("Nothing is lost. It is tried again by itself."),
        ) from error
    except client.NotLetIn as error:
        raise NotConfigured(
            _("The bucket does not let us in: %(error)s") % {"error": error},
            what_to_do=_("Check the credentials, the bucket's name and its policy."),
        ) from error
    except client.Refused as error:
        raise Rejected(_("The bucket refused: %(error)s") % {"error": error}) from error
