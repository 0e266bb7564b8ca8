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
from rights.services.context import Context
from rights.store.models import Request, TagKeptAway
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
    at: datetime | None = None,
) -> None:
    """
    Keep *tags* away from a person; all that older behaviour would give, where none is named.

    Args:
        who: The blind indexes under which they are known.
        at: When they said so, where that was before *now*.
    """
    texts = sorted({_named(tag) for tag in tags}) or [_EVERY]
    found = [
        {
            "blind": vault.blind(f"{one}|{text}", scope=_SCOPE),
            "subject": one,
            "key_id": vault.keyring.current,
            "request_id": request_id,
            "before": None if tags else now,
            "at": at or now,
        }
        for one in sorted(set(who))
        for text in texts
    ]
    if found:
        session.connection().execute(_upsert(session), found)


def _upsert(session: Session) -> Insert:
    table = table_of(TagKeptAway)
    if session.connection().dialect.name == "postgresql":
        pg = postgresql.insert(table)
        new = {c.name: pg.excluded[c.name] for c in table.columns if c.name not in _KEY}
        return pg.on_conflict_do_update(index_elements=_KEY, set_=new)
    lite = sqlite.insert(table)
    new = {c.name: lite.excluded[c.name] for c in table.columns if c.name not in _KEY}
    return lite.on_conflict_do_update(index_elements=_KEY, set_=new)


_EVERY: Final = "every"
_KEY: Final = ("blind", "request_id")


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
    rows: dict[str, list[TagKeptAway]] = {}
    for row in session.exec(query.order_by(col(TagKeptAway.request_id))):
        rows.setdefault(row.blind, []).append(row)
    return [
        next((row for b in each for row in rows.get(b, ()) if _kept(one, row)), None)
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


def standing(session: Session, request_id: str) -> datetime | None:
    """Return when it was said what a request keeps away; None: the person let all of it go."""
    query = select(func.max(TagKeptAway.at)).where(TagKeptAway.request_id == request_id)
    return session.exec(query).one()


def requests_of(
    session: Session, context: Context, identifiers: Mapping[str, str]
) -> tuple[str, ...]:
    """Return the requests by which tags are kept away from a person."""
    return _requests(session, who(context, identifiers))


def who(context: Context, identifiers: Mapping[str, str]) -> list[str]:
    """Return the blind indexes of a person, but for what passes from one to the next."""
    known = context.datamap.identifiers
    lasting = [(n, v) for n, v in identifiers.items() if n in known and not known[n].recycled]
    return [b for n, v in lasting for b in subjects.blinds(context.vault, n, v)]


def _requests(session: Session, who: Iterable[str]) -> tuple[str, ...]:
    query = select(TagKeptAway.request_id).where(col(TagKeptAway.subject).in_(list(who)))
    return tuple(sorted(session.exec(query.distinct())))


def let_go(session: Session, context: Context, identifiers: Mapping[str, str]) -> None:
    """
    Forget what is kept away from a person: under these identifiers, and under all others in
    requests of which they are the subject. What somebody else's request wrote stays theirs.
    """
    _forget(session, who(context, identifiers))


def let_go_of(
    session: Session, vault: Vault, who: Iterable[str], tags: Iterable[str], *, until: datetime
) -> None:
    """
    Forget that these tags are kept away: the person chose them.

    Args:
        until: When they did; what they had deleted since stays away.
    """
    named = [_named(tag) for tag in tags]
    hashes = {b for one in who for t in named for b in vault.blinds(f"{one}|{t}", scope=_SCOPE)}
    mine = col(TagKeptAway.blind).in_(hashes) & (col(TagKeptAway.at) <= until)
    session.connection().execute(delete(TagKeptAway).where(mine))


def forget(session: Session, who: Iterable[str]) -> None:
    """Forget a person who was erased: of them, older data stays out by the suppression list."""
    _forget(session, list(who))


def _forget(session: Session, who: Sequence[str]) -> None:
    own = select(Request.id).where(
        col(Request.id).in_(_requests(session, who)), col(Request.subject).in_(who)
    )
    locked = session.exec(own.order_by(col(Request.id)).with_for_update()).all()
    mine = col(TagKeptAway.subject).in_(who) | col(TagKeptAway.request_id).in_(locked)
    session.connection().execute(delete(TagKeptAway).where(mine))


def take_back(session: Session, request_id: str) -> None:
    """Forget what a request keeps away that ended without deleting anything."""
    gone = delete(TagKeptAway).where(col(TagKeptAway.request_id) == request_id)
    session.connection().execute(gone)
