"""
The hash of a data map: of what it means, not of how it is written.

Values left at their default are left out, so that comments, order of keys, spelling out a
default, and new constructs that a map does not use change nothing. How gently a store is asked is
left out too: lowering a limit in need must not stop every plan that was made before. Nor must a
better word on how staff do something by hand.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any

from rights.domain.advice import ADVICE
from rights.domain.datamap import PACE, DataMap


def content_hash(datamap: DataMap) -> str:
    """Return the SHA-256, in hex, of the canonical content of *datamap* without its hash."""
    content = {k: v for k, v in _plain(datamap).items() if k != "hash"}
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {
            f.name: _plain(getattr(value, f.name))
            for f in fields(value)
            if not f.metadata.keys() & {*PACE, *ADVICE} and getattr(value, f.name) != _default(f)
        }
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    return [_plain(v) for v in value] if isinstance(value, (list, tuple)) else value


def _default(field: Field[Any]) -> Any:
    if field.default_factory is not MISSING:
        return field.default_factory()
    return field.default
