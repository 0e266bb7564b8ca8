"""Texts of the data map that a person reads, and the grounds that are made of them."""

from __future__ import annotations

from collections.abc import Container
from typing import Final

_BETWEEN: Final = "; "


def grounds(said: str, known: Container[str]) -> list[str]:
    """
    Take grounds apart that were put together with ``"; "``.

    Args:
        known: Texts that are one ground, though such a mark may stand in them.
    """
    parts, out = said.split(_BETWEEN), []
    while parts:
        whole = (n for n in range(len(parts), 1, -1) if _BETWEEN.join(parts[:n]) in known)
        end = next(whole, 1)
        out.append(_BETWEEN.join(parts[:end]).strip())
        parts = parts[end:]
    return [ground for ground in out if ground]
