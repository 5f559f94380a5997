"""Mail as a way in: an LMTP listener for a mail server, and `tutela receive` for a single file."""
