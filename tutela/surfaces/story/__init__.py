"""Plays one report's whole way against the running platform, and checks each part of it."""
