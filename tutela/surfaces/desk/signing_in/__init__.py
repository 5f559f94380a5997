"""Signing in to the desk: passphrases, links, second factors. See docs/security/signing-in.md."""
