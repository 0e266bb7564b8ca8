"""
Values as JSON knows them.

Packages, sealed keys and comparisons across stores all need one spelling for a value,
whatever the driver handed us.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any

_PLAIN = frozenset({str, int, bool, type(None)})


def native(value: object) -> Any:
    """
    Return *value* as JSON can carry it.

    Decimals, UUIDs and addresses become text, dates ISO 8601 (with an offset where one is
    known), bytes base64, and numbers JSON has no word for (``NaN``) text.
    """
    if type(value) in _PLAIN:
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        return base64.b64encode(bytes(value)).decode("ascii")
    return _composed(value)


def _composed(value: object) -> Any:
    if isinstance(value, Mapping):
        return {str(name): native(item) for name, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [native(item) for item in value]
    if isinstance(value, Enum):
        return native(value.value)
    return str(value)


def canonical(value: object) -> str | None:
    """
    Return the one text by which a value is compared with a key, or None for "no value".

    The number 7 and the text ``7`` are the same key: identifiers arrive as text whatever the
    column's type. ``007`` is another key than 7.
    """
    plain = native(value)
    if plain is None:
        return None
    if isinstance(plain, bool):
        return str(int(plain))
    if isinstance(plain, float) and plain.is_integer():
        return str(int(plain))
    if isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value():
        return str(int(value))
    return str(plain)


def at_path(value: object, path: str) -> Any:
    """
    Return what *path* (``customer.email``, ``items[].user_id``) finds in a JSON value.

    Lists along ``[]`` give lists; anything that is not there gives None.
    """
    step, _, rest = path.partition(".")
    name, many = step.removesuffix("[]"), step.endswith("[]")
    inner = value.get(name) if isinstance(value, Mapping) else None
    if many and not name:  # the value itself is the list
        inner = value
    if many:
        items = inner if isinstance(inner, list) else []
        return [at_path(item, rest) if rest else item for item in items]
    return at_path(inner, rest) if rest else inner
