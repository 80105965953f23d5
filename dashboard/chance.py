"""Codes that nobody can guess."""

import secrets

BYTES = 32


def chance() -> str:
    """Return a new code, of letters, digits, dashes and underscores."""
    return secrets.token_urlsafe(BYTES)
