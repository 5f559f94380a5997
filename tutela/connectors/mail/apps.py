"""Registers the mail connector with Django, for its translations."""

from __future__ import annotations

from django.apps import AppConfig


class MailConfig(AppConfig):
    """Mail out of the house, and the reading of mail that comes in."""

    name = "tutela.connectors.mail"
    label = "mail"
