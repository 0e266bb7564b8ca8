"""What a person may see of a row, given the ways by which it is theirs."""

from __future__ import annotations

from collections.abc import Iterable

from connectors.parts.standing import Hit, grade
from connectors.parts.types import Reach
from rights.domain.keys import Standing, stronger

NOTHING: frozenset[str] = frozenset()


def shown_by(reach: Reach) -> bool:
    """Return whether reaching a row this way lets the person see it at all."""
    omitted = reach.link is not None and reach.link.omit
    return not omitted and grade(reach, Standing.SOLE) is not None


def hidden(hits: Iterable[Hit]) -> frozenset[str] | None:
    """
    Return the fields to hide, or None when the row is not the person's to see.

    The strongest way decides: a field is hidden when every way of that strength masks it. That a
    row was found before, under its own frozen key, shows no more of it than the way it was found
    by; by itself it shows the rows that are the person's alone.
    """
    found = list(hits)
    best: Standing | None = None
    fields = NOTHING
    for hit in [h for h in found if not again(h.reach)] or _own(found):
        given = grade(*hit)
        if given is None or not shown_by(hit.reach):
            continue
        mask = frozenset(hit.reach.link.mask) if hit.reach.link else NOTHING
        if given is best:
            fields &= mask
        elif best is None or stronger(given, best) is given:
            best, fields = given, mask
    return None if best is None else fields


def again(reach: Reach) -> bool:
    """Return whether rows are reached this way for having been found before."""
    return reach.link is None and ":" not in reach.anchor


def _own(hits: Iterable[Hit]) -> list[Hit]:
    return [hit for hit in hits if hit.parent is Standing.SOLE]
