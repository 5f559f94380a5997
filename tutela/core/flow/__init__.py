"""Declarations of workflows and the one door through which a case changes."""
