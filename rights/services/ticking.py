"""
Of which requests the time counts: the one answer for alerts, lists, pictures, metrics and reports.

It counts once it is proved who asks; before that wherever the next act is ours, since nobody loses
a right because we do nothing; and under a law whose time runs whether anything is proved or not. A
request that waits for the person's proof is otherwise late for nobody: it lapses.

Source: NDSR 23; PIPL 50; 11 CCR 7021(b).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from sqlalchemy import ColumnElement, String, cast, false
from sqlmodel import col, or_

from rights.domain.lifecycle import State
from rights.domain.regime import Regime
from rights.store.models import Request

_WORKED_ON: Final = (State.IN_PROGRESS, State.ON_HOLD)
_UNPROVED: Final = (State.OPEN, State.VERIFYING)

Book = Mapping[str, Regime]


def ours() -> ColumnElement[bool]:
    """
    Say "nobody has proved it, and the next act is ours": :func:`is_ours`, of rows.

    No date lets it lapse while documents wait for us or were destroyed before we had decided; and
    nobody can prove anything in what somebody else has stopped.
    """
    undated = (col(Request.state) == State.VERIFYING) & col(Request.next_at).is_(None)
    stopped = col(Request.state).in_(_UNPROVED) & col(Request.not_me_at).is_not(None)
    return undated | stopped


def is_ours(request: Request) -> bool:
    """Return whether nobody has proved who asks, and the next act is ours all the same."""
    undated = request.state is State.VERIFYING and request.next_at is None
    return undated or (request.state in _UNPROVED and request.not_me_at is not None)


def runs(book: Book) -> ColumnElement[bool]:
    """Say "it has not ended, and its time counts"; whether it stands still is another matter."""
    counted = col(Request.state).in_(_WORKED_ON) | _before_proof(book)
    return col(Request.closed_at).is_(None) & counted


def counts(book: Book) -> ColumnElement[bool]:
    """Say "past its date it is late, or was answered late": :func:`counted`, of rows."""
    proved = col(Request.state).not_in((*_UNPROVED, State.EXPIRED))
    return proved | _before_proof(book)


def counted(request: Request, book: Book) -> bool:
    """Return whether a request is late past its date, or was if it has ended."""
    if request.state in _UNPROVED:
        return is_ours(request) or bool({*request.regimes} & {*regardless(book)})
    return request.state is not State.EXPIRED


def regardless(book: Book) -> tuple[str, ...]:
    """Return the laws whose time runs whether it is proved who asks or not."""
    runs = (name for name, law in book.items() if law.unproved is not None and law.unproved.runs)
    return tuple(sorted(runs))


def under(names: Iterable[str]) -> ColumnElement[bool]:
    """Say "one of these is a law of it"."""
    laws = cast(col(Request.regimes), String)
    return or_(false(), *(laws.contains(f'"{name}"', autoescape=True) for name in sorted(names)))


def _before_proof(book: Book) -> ColumnElement[bool]:
    return ours() | (col(Request.state).in_(_UNPROVED) & under(regardless(book)))
