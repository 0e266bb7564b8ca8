"""
Tags that a person had deleted, so that no job computes them again.

Only keyed hashes of person and tag are kept. Who named a tag does not get it back, whatever it is
computed from; who had all of them deleted starts anew: what is computed from behaviour of before
stays away. Nothing here ends by itself. The person's own word lets tags come again, and stands
in the ledger.

Source: NDSR 42; PIPL 15, 24; Algorithmic Recommendation Provisions 17.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import Insert, delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, func, select

from rights.domain.datamap import DataMap
from rights.domain.errors import ConfigError, FieldError, Invalid
from rights.domain.identifiers import normalise
from rights.services import subjects
from rights.store.models import TagKeptAway
from rights.store.rows import table_of
from rights.store.vault import Vault

MOST: Final = 500
"""Tags that one call may ask about."""

_SCOPE: Final = "tag"


@dataclass(frozen=True, slots=True)
class Asked:
    """
    One tag that is about to be computed for somebody.

    Args:
        recorded_at: How old the oldest behaviour is that it is computed from; None when nobody
            knows, which counts as old.
    """

    type: str
    value: str = field(repr=False)
    tag: str = field(repr=False)
    recorded_at: datetime | None = None


def keep_away(
    session: Session,
    vault: Vault,
    who: Collection[str],
    tags: Sequence[str],
    *,
    request_id: str,
    now: datetime,
) -> None:
    """
    Keep *tags* away from a person; all that older behaviour would give, where none is named.

    Args:
        who: The blind indexes under which they are known.
    """
    texts = [_named(tag) for tag in tags] or [_EVERY]
    found = [
        {
            "blind": vault.blind(f"{one}|{text}", scope=_SCOPE),
            "subject": one,
            "key_id": vault.keyring.current,
            "request_id": request_id,
            "before": None if tags else now,
            "at": now,
        }
        for one in sorted(set(who))
        for text in dict.fromkeys(texts)
    ]
    if found:
        session.connection().execute(_upsert(session), found)


def _upsert(session: Session) -> Insert:
    table = table_of(TagKeptAway)
    if session.connection().dialect.name == "postgresql":
        pg = postgresql.insert(table)
        new = {c.name: pg.excluded[c.name] for c in table.columns if c.name != "blind"}
        return pg.on_conflict_do_update(index_elements=["blind"], set_=new)
    lite = sqlite.insert(table)
    new = {c.name: lite.excluded[c.name] for c in table.columns if c.name != "blind"}
    return lite.on_conflict_do_update(index_elements=["blind"], set_=new)


_EVERY: Final = "every"


def _named(tag: str) -> str:
    return f"tag={tag}"


def check(
    session: Session, vault: Vault, datamap: DataMap, asked: Sequence[Asked]
) -> list[TagKeptAway | None]:
    """
    Say of each tag what keeps it away, in the order they came; None where it may be computed.

    The same work is done whatever the answer: every hash under every live key, one query for all.

    Raises:
        Invalid: too many at once, or an identifier that the data map does not know.
        ConfigError: a key under which rows were written is not set. "May come" would be a guess.
    """
    _readable(datamap, asked)
    _all_keys(session, vault)
    hashes = [list(_hashes(vault, datamap, one)) for one in asked]
    wanted = {blind for each in hashes for blind in each}
    query = select(TagKeptAway).where(col(TagKeptAway.blind).in_(wanted))
    rows = {row.blind: row for row in session.exec(query)}
    return [
        next((rows[b] for b in each if b in rows and _kept(one, rows[b])), None)
        for one, each in zip(asked, hashes, strict=True)
    ]


def _kept(asked: Asked, row: TagKeptAway) -> bool:
    return row.before is None or asked.recorded_at is None or asked.recorded_at <= row.before


def _hashes(vault: Vault, datamap: DataMap, asked: Asked) -> Iterator[str]:
    value = normalise(asked.value, datamap.identifiers[asked.type].normalise)
    for one in subjects.blinds(vault, asked.type, value):
        for text in (_named(asked.tag), _EVERY):
            yield from vault.blinds(f"{one}|{text}", scope=_SCOPE)


def _readable(datamap: DataMap, asked: Sequence[Asked]) -> None:
    if len(asked) > MOST:
        raise Invalid(f"at most {MOST} tags at once")
    allowed = tuple(sorted(datamap.identifiers))
    errors = [
        FieldError(f"items.{n}.type", "is not a known identifier", allowed)
        for n, one in enumerate(asked)
        if one.type not in datamap.identifiers
    ]
    if errors:
        raise Invalid("an identifier cannot be read", errors)


def _all_keys(session: Session, vault: Vault) -> None:
    others = col(TagKeptAway.key_id).not_in(vault.keyring.ids)
    lost = session.exec(select(TagKeptAway.key_id).where(others).limit(1)).first()
    if lost is not None:
        raise ConfigError(
            f"deleted tags are kept away under the key {lost}, which is not set: put it back"
            " behind the current one"
        )


def keys_in_use(session: Session) -> dict[str, int]:
    """Return key id to the number of rows under it: they have no end, so it has to stay."""
    query = select(TagKeptAway.key_id, func.count()).group_by(TagKeptAway.key_id)
    return dict(session.exec(query).all())


def stands(session: Session, request_id: str) -> bool:
    """Return whether what a request keeps away has not been let go by the person meanwhile."""
    query = select(TagKeptAway.blind).where(TagKeptAway.request_id == request_id)
    return session.exec(query.limit(1)).first() is not None


def requests_of(session: Session, vault: Vault, identifiers: Mapping[str, str]) -> tuple[str, ...]:
    """Return the requests by which tags are kept away from a person."""
    who = [b for n, v in identifiers.items() for b in subjects.blinds(vault, n, v)]
    return _requests(session, who)


def _requests(session: Session, who: Iterable[str]) -> tuple[str, ...]:
    query = select(TagKeptAway.request_id).where(col(TagKeptAway.subject).in_(list(who)))
    return tuple(sorted(session.exec(query.distinct())))


def let_go(session: Session, requests: Iterable[str]) -> None:
    """Forget what these requests keep away, under whatever identifier of the person."""
    session.connection().execute(
        delete(TagKeptAway).where(col(TagKeptAway.request_id).in_(list(requests)))
    )


def forget(session: Session, who: Iterable[str]) -> None:
    """Forget a person who was erased: of them, older data stays out by the suppression list."""
    let_go(session, _requests(session, who))
