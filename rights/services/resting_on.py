"""
What a restriction rests on: the ground that its person named, in the words of the law's table.

Whoever reads that it was made, or that it ends, reads on what it stood. Nobody has to name a
ground; where none was named, none is claimed.

Source: GDPR 18(1)(a)-(d), 18(3).
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlmodel import Session

from rights.domain.ground_table import Row
from rights.domain.kinds import Kind, Option
from rights.domain.regime import Regime
from rights.services.naming_grounds import GROUND
from rights.store.models import Request


def of(session: Session, request: Request, book: Mapping[str, Regime]) -> Row | None:
    """Return the row that a restriction, or the one that a lift ends, rests on; None: none."""
    if request.kind is not Kind.RESTRICTION:
        return None
    about: Request | None = request
    if request.option is Option.LIFT:
        about = session.get(Request, request.follows) if request.follows else None
    return _row(about, book) if about is not None else None


def _row(restriction: Request, book: Mapping[str, Regime]) -> Row | None:
    named = restriction.parameters.get(GROUND)
    for name in restriction.regimes if named else ():
        law = book.get(name)
        if law and law.grounds and (row := law.grounds.restrict.get(str(named))):
            return row
    return None
