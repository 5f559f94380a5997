"""Fetches mail from mailboxes at a mail server, over IMAP."""
