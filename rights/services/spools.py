"""
Spools that nothing needs any more, found by what lies there and not by who was told to delete them.

What is read for a package lies in a folder of that package's until it is made. Whoever makes the
folder useless rings for its deletion; that ring can be lost, and a worker that was overtaken may
still write. So the folders are looked through, and compared with the register.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from sqlalchemy import Engine, and_, or_
from sqlmodel import Session, col, select

from rights.services import additions, packages
from rights.store.blobs import Blobs
from rights.store.db import reading
from rights.store.models import Package, Request

_BATCH: Final = 200


def drop_orphans(register: Engine, blobs: Blobs) -> int:
    """
    Delete every spool without a package, or of a request that was tidied up; count the packages.

    They are listed first and looked up then: a package is in the register before anything is
    written for it, so what is being made is never taken for left over.
    """
    lying, gone = sorted(packages.with_spools(blobs)), 0
    for start in range(0, len(lying), _BATCH):
        ids = lying[start : start + _BATCH]
        with reading(register) as session:
            needed = _needed(session, ids)
        for package_id in (one for one in ids if one not in needed):
            blobs.delete_prefix(packages.spools(package_id))
            gone += 1
    return gone


def _needed(session: Session, ids: Collection[str]) -> set[str]:
    """Return those whose request is open, closed and yet to be tidied up after, or added to."""
    query = (
        select(Package.id)
        .join(Request, col(Request.id) == col(Package.request_id))
        .where(col(Package.id).in_(ids))
        .where(
            or_(
                col(Request.closed_at).is_(None),
                col(Request.next_at).is_not(None),
                and_(col(Package.state).in_(packages.UNFINISHED), additions.being_made()),
            )
        )
    )
    return set(session.exec(query).all())
