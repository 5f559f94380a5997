"""Time-stamps of an authority (RFC 3161) over the heads of the audit log."""
