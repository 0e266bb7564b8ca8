"""
Guards over corrections: a value that was corrected must not come back with a stale import.

A guard knows the old value by its keyed hash only, and holds the new one under seal. Whoever
imports asks :func:`stale` for each row and leaves out those that are; whoever looks again
after an import asks the same of what the store holds.

Source: PIPL 8, 46; 11 CCR 7023(c).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import orjson
from sqlalchemy import String, bindparam, delete
from sqlmodel import Session, col, select

from rights.domain.datamap import Scalar
from rights.store.models import CorrectionGuard
from rights.store.vault import Vault

_STALE = "correction/value"


@dataclass(frozen=True, slots=True)
class Corrected:
    """
    One field of one row.

    Args:
        collection: Path.
        key: The row's key, in the order of the collection's ``key``.
    """

    collection: str
    field: str
    key: tuple[Scalar, ...] = dataclasses.field(repr=False)

    def spelt(self, *more: Scalar) -> str:
        """Return one text for it, whatever type a store or an import has for a number."""
        parts = [self.collection, self.field, [_text(k) for k in self.key], *map(_text, more)]
        return orjson.dumps(parts).decode()


def keep(
    session: Session,
    vault: Vault,
    *,
    request_id: str,
    person: str,
    found: Iterable[tuple[Corrected, Scalar]],
    value: Scalar,
    now: datetime,
) -> None:
    """
    Guard a correction, before it is made; doing it again changes nothing.

    Args:
        found: The rows, and the value that each holds so far.
        value: The new one. Should it have been corrected away before, that guard goes.
    """
    for place, old in found:
        back = col(CorrectionGuard.id).in_(_ids(vault, place, value))
        session.execute(delete(CorrectionGuard).where(back))
        if _text(old) == _text(value):
            continue
        number = vault.blind(place.spelt(old), scope=_STALE)
        body = orjson.dumps({"key": list(place.key), "value": value})
        session.merge(
            CorrectionGuard(
                id=number,
                request_id=request_id,
                person=person,
                collection=place.collection,
                field=place.field,
                created_at=now,
                sealed=vault.seal(body, aad=aad(number)),
            )
        )


def stale(session: Session, vault: Vault, place: Corrected, value: Scalar) -> bool:
    """Tell whether *value* is one that was corrected there: it must not be written."""
    ids = _ids(vault, place, value)
    query = select(CorrectionGuard.id).where(col(CorrectionGuard.id).in_(ids)).limit(1)
    return session.exec(query).first() is not None


@dataclass(frozen=True, slots=True)
class Stale:
    """The correction that a value was changed away by."""

    request_id: str
    at: datetime


def stale_among(
    session: Session, vault: Vault, asked: Sequence[tuple[Corrected, Scalar]]
) -> list[Stale | None]:
    """Tell of each value whether it was corrected away, with one query for all of them."""
    hashes = [_ids(vault, place, value) for place, value in asked]
    wanted = {one for each in hashes for one in each}
    query = select(CorrectionGuard.id, CorrectionGuard.request_id, CorrectionGuard.created_at)
    rows = session.exec(query.where(col(CorrectionGuard.id).in_(wanted))).all()
    found = {number: Stale(request_id, at) for number, request_id, at in rows}
    return [next((found[one] for one in each if one in found), None) for each in hashes]


def guarded(session: Session, vault: Vault, request_id: str) -> list[Corrected]:
    """Return the places that a request's correction guards, each once."""
    query = select(CorrectionGuard).where(CorrectionGuard.request_id == request_id)
    found = session.exec(query.order_by(col(CorrectionGuard.id))).all()
    places = (
        Corrected(
            one.collection,
            one.field,
            tuple(orjson.loads(vault.open(one.sealed, aad=aad(one.id)))["key"]),
        )
        for one in found
    )
    return list(dict.fromkeys(places))


_FORGET: Final = delete(CorrectionGuard).where(
    col(CorrectionGuard.person).in_(bindparam("people", expanding=True, type_=String))
)


def forget(session: Session, persons: Collection[str]) -> None:
    """Forget the guards of a person whose data was erased."""
    session.connection().execute(_FORGET, {"people": list(persons)})


def aad(number: str) -> str:
    """Return what binds a sealed value to its row."""
    return f"correction_guard|{number}"


def _ids(vault: Vault, place: Corrected, value: Scalar) -> Sequence[str]:
    """Return the hash of a value under every live key."""
    return vault.blinds(place.spelt(value), scope=_STALE)


def _text(value: Scalar) -> str | None:
    return None if value is None else str(value)
