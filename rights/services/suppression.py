"""
Who was erased: so that older data of theirs is not imported again.

Only keyed hashes are kept. What is *younger* than the erasure is nobody's business here: who
registers again is a new person (NDSR 24; PIPL 47).

After an erasure of a part the person stays in use, so their older data may still come into the
collections that were not erased. The hash is then over the collection too: an import that names
where it goes is told about that collection alone, and the list itself does not show which they
were. One more hash, over no collection, stands for "some part": an import that does not say where
it goes is refused, as one is that does not say how old its data is. It can ask again by name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, func, select

from rights.domain.datamap import DataMap
from rights.domain.errors import ConfigError, FieldError, Invalid
from rights.domain.identifiers import normalise
from rights.domain.kinds import Kind
from rights.store import rows
from rights.store.models import Suppression
from rights.store.vault import Vault

MOST: Final = 500
"""Identifiers that one call may ask about."""

_SCOPE: Final = "suppression"
_SOME_PART: Final = "*"
"""Stands for a collection that was not named."""


@dataclass(frozen=True, slots=True)
class Asked:
    """
    One identifier of something that is about to be imported.

    Args:
        recorded_at: How old the data is; None when nobody knows, which counts as old.
        collection: Where it goes; empty when that is not said, which counts as one that was
            erased.
    """

    type: str
    value: str
    recorded_at: datetime | None = None
    collection: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """
    Whether it may be imported.

    Args:
        before: Data older than this was erased; None when nothing was.
        request_id: The erasure that keeps it out; empty when it may come in.
        partly: It is kept out only because a part was erased and nobody said where it goes:
            naming the collection may let it in.
        ended: It names an account that was cancelled. Whoever signs up is a new person, and gets
            a new account, not that one again.
    """

    allowed: bool
    before: datetime | None = None
    kinds: tuple[str, ...] = ()
    request_id: str = ""
    partly: bool = False
    ended: bool = False


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
    parts: Collection[str] | None = None,
) -> int:
    """
    Put a person on the list, in the transaction that closes the erasure.

    A value that may pass to somebody else by itself (``recycled``) is left out: it reaches no
    row here, and blocking it would block another person's data.

    Args:
        parts: The collections that were erased; None when nothing stayed in use.

    Returns:
        How many rows were put on it.
    """
    blinds = set(_blinds_of(vault, datamap, identifiers, _places(parts)))
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


def _blinds_of(
    vault: Vault, datamap: DataMap, identifiers: Mapping[str, Iterable[str]], places: Sequence[str]
) -> Iterator[tuple[str, ...]]:
    for name, known in datamap.identifiers.items():
        for value in identifiers.get(name, ()) if not known.recycled else ():
            text = f"{name}={normalise(value, known.normalise)}"
            yield from (_blinds(vault, text, place) for place in places)


def _places(parts: Collection[str] | None) -> tuple[str, ...]:
    if parts is None:
        return ("",)
    return (_SOME_PART, *sorted(parts)) if parts else ()


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
        Invalid: too many at once, or a type or a collection that the data map does not know.
        ConfigError: a key under which rows were written is not set. "Not on the list" would be
            a guess.
    """
    _readable(datamap, asked)
    _all_keys(session, vault, now)
    hashes = [_hashes(vault, datamap, a) for a in asked]
    wanted = {blind for every, part in hashes for blind in (*every, *part)}
    query = select(Suppression).where(
        col(Suppression.blind).in_(wanted), col(Suppression.expires_at) > now
    )
    rows = {row.blind: row for row in session.exec(query)}
    return [
        _answer(
            a,
            *([rows[blind] for blind in each if blind in rows] for each in both),
            account=datamap.identifiers[a.type].kind == "account",
        )
        for a, both in zip(asked, hashes, strict=True)
    ]


def _blinds(vault: Vault, text: str, place: str) -> tuple[str, ...]:
    """Return the hashes of an identifier under every live key; *place*: of a part."""
    return vault.blinds(text, scope=f"{_SCOPE}|{place}" if place else _SCOPE)


def _hashes(
    vault: Vault, datamap: DataMap, asked: Asked
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the hashes for "everything was erased", and those for the place it goes to."""
    text = f"{asked.type}={normalise(asked.value, _form(datamap, asked))}"
    return _blinds(vault, text, ""), _blinds(vault, text, asked.collection or _SOME_PART)


def _answer(
    asked: Asked, every: Sequence[Suppression], part: Sequence[Suppression], *, account: bool
) -> Answer:
    rows = (*every, *part)
    latest = max(rows, key=lambda row: row.before, default=None)
    if latest is None:
        return Answer(allowed=True)
    kinds = tuple(sorted({k for row in rows for k in row.kinds}))
    ended = account and any(str(Kind.ACCOUNT_CANCELLATION) in row.kinds for row in every)
    if not (ended or _kept_out(asked, rows)):
        return Answer(True, latest.before, kinds)
    partly = not (ended or asked.collection or _kept_out(asked, every))
    return Answer(False, latest.before, kinds, latest.request_id, partly, ended)


def _kept_out(asked: Asked, rows: Iterable[Suppression]) -> bool:
    return any(asked.recorded_at is None or asked.recorded_at <= row.before for row in rows)


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
    known = {"", *(c.path for c in datamap.collections)}
    errors += [
        FieldError(f"items.{n}.collection", "is not a collection of the data map")
        for n, a in enumerate(asked)
        if a.collection not in known
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
