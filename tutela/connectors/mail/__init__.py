"""Outgoing mail, and the reading of mail that comes in."""
