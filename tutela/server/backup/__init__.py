"""Backups and what brings them back; see the README beside this file."""
