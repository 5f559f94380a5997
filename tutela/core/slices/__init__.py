"""Redacted slices: chosen parts of one case, blacked out, shown to named partners until a day."""
