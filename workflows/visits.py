"""
Be in a store for something that is not a step: a look-up, a re-check, the end of a hold.

It counts like a step, and does not stand in line: whoever is turned away comes again by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rights.domain.errors import Transient
from rights.store.db import reading, transaction
from rights.store.ids import new_id
from workflows import admission, places
from workflows.floor import Floor

PREFIX: Final = "visit-"


class NoRoom(Transient):
    """A store has no room now, or is spared: come again."""


@contextmanager
def visit(floor: Floor) -> Iterator[None]:
    """
    Take a place in every store that has limits or trouble, while the block runs.

    Raises:
        NoRoom: a store has no room now, or is spared: come again.
    """
    stores = _guarded(floor)
    if not stores:
        yield
        return
    now, holder = floor.now(), PREFIX + new_id()
    asking = admission.Asking(holder, until=now + floor.leases.lease)
    with transaction(floor.register) as session:
        no, _ = admission.enter(session, floor, asking, stores, now)
    if no is not None:
        raise NoRoom(f"the store {no.store} has no room now ({no.why}); it is tried again")
    floor.leases.visit(holder, lambda until: places.stretch(holder, until))
    try:
        yield
    finally:
        floor.leases.release(holder)
        with transaction(floor.register) as session:
            admission.left(session, floor, holder, stores)


def _guarded(floor: Floor) -> list[str]:
    limited = {s.name for s in floor.context.datamap if s.limits}
    with reading(floor.register) as session:
        troubled = floor.gates.troubled(session)
    known = {s.name for s in floor.context.datamap}
    return sorted((limited | troubled) & known)
