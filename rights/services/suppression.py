"""
Who was erased: so that older data of theirs is not imported again.

Only keyed hashes are kept. What is *younger* than the erasure is nobody's business here: who
registers again is a new person (NDSR 24; PIPL 47).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, func, select

from rights.domain.datamap import DataMap
from rights.domain.errors import ConfigError, FieldError, Invalid
from rights.domain.identifiers import normalise
from rights.store import rows
from rights.store.models import Suppression
from rights.store.vault import Vault

MOST: Final = 500
"""Identifiers that one call may ask about."""

_SCOPE: Final = "suppression"


@dataclass(frozen=True, slots=True)
class Asked:
    """
    One identifier of something that is about to be imported.

    Args:
        recorded_at: How old the data is; None when nobody knows, which counts as old.
    """

    type: str
    value: str
    recorded_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """
    Whether it may be imported.

    Args:
        before: Data older than this was erased; None when nothing was.
        request_id: The erasure that keeps it out; empty when it may come in.
    """

    allowed: bool
    before: datetime | None = None
    kinds: tuple[str, ...] = ()
    request_id: str = ""


def write(
    session: Session,
    vault: Vault,
    datamap: DataMap,
    identifiers: Mapping[str, Iterable[str]],
    *,
    request_id: str,
    kind: str,
    before: datetime,
    expires_at: datetime,
) -> int:
    """
    Put a person on the list, in the transaction that closes the erasure.

    A value that may pass to somebody else by itself (``recycled``) is left out: it reaches no
    row here, and blocking it would block another person's data.

    Returns:
        How many identifiers were put on it.
    """
    blinds = {
        vault.blinds(f"{name}={normalise(value, known.normalise)}", scope=_SCOPE)
        for name, known in datamap.identifiers.items()
        if not known.recycled
        for value in identifiers.get(name, ())
    }
    before_now = _forgotten(session, {blind for each in blinds for blind in each})
    for each in sorted(blinds):
        olds = [before_now[blind] for blind in each if blind in before_now]
        row = {
            "blind": each[0],
            "key_id": vault.keyring.current,
            "request_id": request_id,
            "kinds": sorted({kind, *(k for old in olds for k in old.kinds)}),
            "before": max([before, *(old.before for old in olds)]),
            "expires_at": max([expires_at, *(old.expires_at for old in olds)]),
        }
        rows.insert(session, Suppression, [row])
    return len(blinds)


def _forgotten(session: Session, blinds: set[str]) -> dict[str, Suppression]:
    """Take what is known of the same values, under any key, off the list: it is written anew."""
    known = session.exec(select(Suppression).where(col(Suppression.blind).in_(blinds))).all()
    for row in known:
        session.delete(row)
    if known:
        session.flush()
    return {row.blind: row for row in known}


def check(
    session: Session, vault: Vault, datamap: DataMap, asked: Sequence[Asked], *, now: datetime
) -> list[Answer]:
    """
    Say of each identifier whether data about it may be imported, in the order they came.

    The same work is done whether it is on the list or not: every hash under every live key,
    and one query for all.

    Raises:
        Invalid: too many at once, or a type that the data map does not know.
        ConfigError: a key under which rows were written is not set. "Not on the list" would be
            a guess.
    """
    _readable(datamap, asked)
    _all_keys(session, vault, now)
    hashes = [
        vault.blinds(f"{a.type}={normalise(a.value, _form(datamap, a))}", scope=_SCOPE)
        for a in asked
    ]
    wanted = {blind for each in hashes for blind in each}
    query = select(Suppression).where(
        col(Suppression.blind).in_(wanted), col(Suppression.expires_at) > now
    )
    rows = {row.blind: row for row in session.exec(query)}
    return [
        _answer(a, [rows[blind] for blind in each if blind in rows])
        for a, each in zip(asked, hashes, strict=True)
    ]


def _answer(asked: Asked, rows: Sequence[Suppression]) -> Answer:
    latest = max(rows, key=lambda row: row.before, default=None)
    if latest is None:
        return Answer(allowed=True)
    younger = asked.recorded_at is not None and asked.recorded_at > latest.before
    kinds = tuple(sorted({k for row in rows for k in row.kinds}))
    return Answer(younger, latest.before, kinds, "" if younger else latest.request_id)


def keys_in_use(session: Session, now: datetime) -> dict[str, tuple[int, datetime]]:
    """Return key id to the number of rows under it and the end of the last: then it may go."""
    query = (
        select(Suppression.key_id, func.count(), func.max(Suppression.expires_at))
        .where(col(Suppression.expires_at) > now)
        .group_by(Suppression.key_id)
    )
    return {key_id: (count, until) for key_id, count, until in session.exec(query)}


def _form(datamap: DataMap, asked: Asked) -> str:
    return datamap.identifiers[asked.type].normalise


def _readable(datamap: DataMap, asked: Sequence[Asked]) -> None:
    if len(asked) > MOST:
        raise Invalid(f"at most {MOST} identifiers at once")
    allowed = tuple(sorted(datamap.identifiers))
    errors = [
        FieldError(f"items.{n}.type", "is not a known identifier", allowed)
        for n, a in enumerate(asked)
        if a.type not in datamap.identifiers
    ]
    if errors:
        raise Invalid("an identifier cannot be read", errors)


def _all_keys(session: Session, vault: Vault, now: datetime) -> None:
    lost = session.exec(
        select(Suppression.key_id)
        .where(col(Suppression.key_id).not_in(vault.keyring.ids), col(Suppression.expires_at) > now)
        .limit(1)
    ).first()
    if lost is not None:
        raise ConfigError(
            f"the suppression list has rows under the key {lost}, which is not set: put it back"
            " behind the current one until the last of them has expired"
        )
