"""Everything the demo needs under one roof: servers, stores, keys, and our own processes."""

from __future__ import annotations

from typing import Final

FILLED: Final = "filled-on"
"""The file that says on which day the stores of a folder were filled."""
