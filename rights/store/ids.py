"""Names for rows: unguessable, so that knowing one says nothing of another."""

from __future__ import annotations

import re
import secrets
from typing import Final

ID: Final = re.compile("[0-9a-f]{32}")
"""What every id of ours looks like."""


def new_id() -> str:
    """Return 128 random bits as 32 hex digits."""
    return secrets.token_hex(16)
