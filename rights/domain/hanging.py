"""
What hangs on what in one store: rows that stay keep those that they point at.

Source: NDSR 24; PIPL 47 (what is not deleted stays whole, and belongs to somebody).
"""

from __future__ import annotations

from collections.abc import Collection as Container
from collections.abc import Iterator

from rights.domain.datamap import DataMap, Erasure


def lost(
    datamap: DataMap, stays: Container[str], goes: Container[str]
) -> Iterator[tuple[str, str]]:
    """
    Yield each collection that stays, with one it hangs on in its store whose rows are deleted.

    Args:
        stays: Paths of collections of which nothing is erased.
        goes: Paths of those that an erasure goes over.
    """
    known = {one.path: one for one in datamap.collections}
    for path in sorted(known.keys() & {*stays}):
        for link in known[path].links:
            parent = known.get(link.to)
            if parent is None or parent.store != known[path].store or link.to not in goes:
                continue
            if parent.erasure is Erasure.DELETE:
                yield path, link.to
