"""Brings the mail server to the tests of this folder."""

from tutela.connectors.imap.tests.dovecot import dovecot

__all__ = ["dovecot"]
