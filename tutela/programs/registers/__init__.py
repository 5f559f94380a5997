"""Registers of their own that survive the cases: the release log."""
