"""Append-only entries of acts and of looks at restricted data."""
