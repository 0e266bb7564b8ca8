"""Ids in paths."""

from __future__ import annotations

from werkzeug.routing import BaseConverter

from rights.store.ids import ID


class HexId(BaseConverter):
    """An id in a path: 128 bits, written in hex."""

    regex = ID.pattern
