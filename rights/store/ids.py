"""Names for rows: unguessable, so that knowing one says nothing of another."""

from __future__ import annotations

import secrets


def new_id() -> str:
    """Return 128 random bits as 32 hex digits."""
    return secrets.token_hex(16)
