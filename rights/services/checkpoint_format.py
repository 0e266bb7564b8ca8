"""
What a checkpoint hashes and signs, byte for byte: the same for who makes and who checks one.

Every signed text begins with what it is, so that a signature over one thing is none over
another.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import orjson

from rights.store.models import Checkpoint

CHECKPOINT: Final = "rights-checkpoint/1"
PURGE: Final = "rights-purge/1"


def previous_leaf(root: str) -> bytes:
    """Return the first value of every tree: the root of the checkpoint before it."""
    return orjson.dumps(["previous", root])


def head_leaf(chain: str, seq: int, entry_hash: str) -> bytes:
    """Return the value that stands for one chain's head."""
    return orjson.dumps(["head", chain, seq, entry_hash])


def checkpoint_text(made: Checkpoint) -> bytes:
    """Return what the signature of a checkpoint is over."""
    entries = [made.last_entry_id, made.settled_entry_id, made.snapshot]
    facts: list[Any] = [CHECKPOINT, made.previous, made.root, _moment(made.at), made.chains]
    return orjson.dumps([*facts, *entries])


def purge_text(chain: str, seq: int, entry_hash: str, at: datetime) -> bytes:
    """Return what is signed when a chain's entries are deleted at the end of their time."""
    return orjson.dumps([PURGE, chain, seq, entry_hash, _moment(at)])


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="microseconds")
