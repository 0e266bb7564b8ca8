"""What a data map tells staff of their own work: words for them, and no part of any plan."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

ByHand = Mapping[str, Mapping[str, str]]
"""What staff do in a store, by the name of the work: an instruction in both languages."""

ADVICE: Final[Mapping[str, bool]] = MappingProxyType({"advice": True})
"""Marks a part of the map that changes nothing that is done: the map's hash does not cover it."""
