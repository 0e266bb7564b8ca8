"""
Which of the offered tags a person chose, and which they removed: what they said last counts.

Only keyed hashes of person and tag are kept, as for tags that are kept away: what was chosen is
found by trying every tag that is offered. A chosen tag stays chosen until the person says
otherwise. Source: NDSR 42; PIPL 15; Algorithmic Recommendation Provisions 17.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import delete, update
from sqlmodel import Session, col, func, select

from rights.domain import choosable
from rights.domain.datamap import DataMap
from rights.domain.errors import ConfigError
from rights.domain.identifiers import normalise
from rights.domain.kinds import Option
from rights.domain.tags import CHOSEN, REMOVED, SWITCH
from rights.services import kept_tags, notes, preferences, subjects
from rights.services.context import Context
from rights.store import rows as direct
from rights.store.models import Preference, Request, TagSaid
from rights.store.vault import Vault

OPTIONS: Final = frozenset({Option.TAGS_DELETE, Option.TAGS_EDIT})
"""Options by which a person says something of their tags."""

_SCOPE: Final = "tag_said"


@dataclass(frozen=True, slots=True)
class Wish:
    """
    What a request says of tags.

    Args:
        every: All of them are to go, and none is named.
    """

    chosen: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    every: bool = False

    def of(self, offered: Collection[str]) -> Mapping[str, bool]:
        """Return each offered tag of which something is said, and whether it is chosen."""
        gone = offered if self.every else self.removed
        return {
            **{tag: False for tag in gone if tag in offered},
            **{tag: True for tag in self.chosen if tag in offered},
        }


def wish_of(option: Option, given: Mapping[str, Sequence[str]]) -> Wish:
    """Return what the sealed values of a request say."""
    if option is Option.TAGS_EDIT:
        return Wish(tuple(given.get(CHOSEN, ())), tuple(given.get(REMOVED, ())))
    named = tuple(given.get("tags", ()))
    return Wish(removed=named, every=not named)


@dataclass(frozen=True, slots=True)
class Reading:
    """Whether one offered tag is chosen, and when the person last said something of it."""

    tag: str
    title: Mapping[str, str]
    chosen: bool = False
    at: datetime | None = None


def of_request(session: Session, context: Context, request: Request, *, now: datetime) -> None:
    """
    Write down what a request says of tags, and keep away what it removes.

    Called once enough is proved: who merely typed an address chooses nothing for anybody.
    """
    rows = subjects.identifier_rows(session, request.id)
    who = [row.blind for row in rows if row.proof or not request.level_needed]
    given: dict[str, Sequence[str]] = {}
    for one in notes.read(session, context.vault, request.id, "values"):
        given.update(one)
    wish = wish_of(request.option, given)
    if not (wish.chosen or wish.removed or wish.every):
        return  # it waits for what is missing
    write(session, context, who, wish, request_id=request.id, at=now)
    if request.option is Option.TAGS_EDIT:
        stores = waits_for(context.datamap, wish)
        preferences.write(session, request.id, who, (SWITCH, CHOSEN), stores, now=now)
    if wish.removed or wish.every:  # said again after something else, it counts from now on
        kept_tags.keep_away(
            session, context.vault, who, wish.removed, request_id=request.id, now=now
        )


def waits_for(datamap: DataMap, wish: Wish) -> list[str]:
    """Return the stores that must read a choice back: serving ones, else all that it is about."""
    places = choosable.places(datamap)
    about = {p.collection.store for p in places if any(map(p.tags.choice, wish.chosen))}
    if wish.removed:
        tags = (s.collection for s in datamap.switches if s.name == SWITCH)
        about |= {path.partition(".")[0] for path in tags}
    serving = {store.name for store in datamap if store.serving}
    return sorted(about & serving or about)


def write(
    session: Session,
    context: Context,
    who: Iterable[str],
    wish: Wish,
    *,
    request_id: str,
    at: datetime,
    leaving: Collection[str] = (),
) -> None:
    """
    Write down what is said, under these blind indexes; said again, it counts from then on.

    Args:
        leaving: Tags of which nothing is written: the person has said otherwise since.
    """
    vault, people = context.vault, sorted(set(who))
    rows = [
        TagSaid(
            blind=vault.blind(_text(one, tag), scope=_SCOPE),
            subject=one,
            key_id=vault.keyring.current,
            request_id=request_id,
            chosen=chosen,
            at=at,
        )
        for tag, chosen in wish.of(choosable.offered(context.datamap)).items()
        if tag not in leaving
        for one in people
    ]
    before = delete(TagSaid).where(col(TagSaid.request_id) == request_id)
    session.connection().execute(before)
    direct.insert_objects(session, rows)


def _text(subject: str, tag: str) -> str:
    return f"{subject}|tag={tag}"


def standing(session: Session, request_id: str) -> tuple[datetime | None, frozenset[str]]:
    """Return when a request said something of tags, and under which blind indexes; None: not."""
    query = select(TagSaid.at, TagSaid.subject).where(TagSaid.request_id == request_id)
    rows = session.exec(query).all()
    return max((at for at, _ in rows), default=None), frozenset(one for _, one in rows)


def read(session: Session, context: Context, identifiers: Mapping[str, str]) -> list[Reading]:
    """
    Return every offered tag, in the map's order, and what a person said of it last.

    What passes from one person to the next says nothing here.

    Raises:
        ConfigError: a key under which rows were written is not set. "Not chosen" would be a guess.
    """
    _all_keys(session, context.vault)
    who = kept_tags.who(context, identifiers)
    rows = _by_blind(session, who)
    found = []
    for tag, title in choosable.offered(context.datamap).items():
        last = _last(rows, context.vault, who, tag)
        one = Reading(tag, title)
        found.append(replace(one, chosen=last.chosen, at=last.at) if last else one)
    return found


def _by_blind(session: Session, who: Iterable[str]) -> dict[str, list[TagSaid]]:
    rows: dict[str, list[TagSaid]] = {}
    for row in session.exec(select(TagSaid).where(col(TagSaid.subject).in_(list(who)))):
        rows.setdefault(row.blind, []).append(row)
    return rows


def _last(
    rows: Mapping[str, list[TagSaid]], vault: Vault, who: Iterable[str], tag: str
) -> TagSaid | None:
    hashes = (b for one in who for b in vault.blinds(_text(one, tag), scope=_SCOPE))
    said = [row for blind in hashes for row in rows.get(blind, ())]
    return max(said, key=lambda row: (row.at, row.request_id), default=None)


def chosen(session: Session, context: Context, asked: Sequence[kept_tags.Asked]) -> list[bool]:
    """Say of each tag that is about to be computed whether the person chose it, in their order."""
    _all_keys(session, context.vault)
    known = context.datamap.identifiers
    blinds = [
        kept_tags.who(context, {one.type: normalise(one.value, known[one.type].normalise)})
        for one in asked
    ]
    rows = _by_blind(session, {blind for each in blinds for blind in each})
    found = [
        _last(rows, context.vault, each, one.tag) for each, one in zip(blinds, asked, strict=True)
    ]
    return [bool(last and last.chosen) for last in found]


def overtaken(
    session: Session,
    context: Context,
    request_id: str,
    who: Collection[str],
    tags: Iterable[str],
    *,
    choosing: bool,
) -> frozenset[str]:
    """
    Return those of *tags* of which the person has said something since this request.

    Args:
        who: Every hash of the person, not only those under which this request wrote.
        choosing: The tags are chosen. Where nothing of it is written any more it was forgotten,
            and is overtaken too; a removal is carried out all the same.
    """
    rows = _by_blind(session, who)
    last = {tag: _last(rows, context.vault, who, tag) for tag in tags}
    return frozenset(
        tag for tag, row in last.items() if (row.request_id != request_id if row else choosing)
    )


def chosen_since(
    session: Session, context: Context, request_id: str, who: Collection[str]
) -> frozenset[str]:
    """Return the offered tags that the person, known by these hashes, chose since this request."""
    rows = _by_blind(session, who)
    last = {tag: _last(rows, context.vault, who, tag) for tag in choosable.offered(context.datamap)}
    return frozenset(t for t, r in last.items() if r and r.chosen and r.request_id != request_id)


def settle(session: Session, request_id: str) -> None:
    """
    Forget what the person had said before of the tags that a finished request is about.

    Called once its own rows can be read.
    """
    mine = session.exec(select(TagSaid).where(TagSaid.request_id == request_id)).all()
    for row in mine:
        older = delete(TagSaid).where(col(TagSaid.blind) == row.blind, col(TagSaid.at) < row.at)
        session.connection().execute(older)


def take_back(session: Session, request_id: str, *, now: datetime) -> None:
    """
    Forget what a request said that ended without doing it: what was said before counts again, and
    no store has to read anything back any more.
    """
    said = delete(TagSaid).where(col(TagSaid.request_id) == request_id)
    waiting = (
        update(Preference)
        .where(col(Preference.request_id) == request_id, col(Preference.name) == SWITCH)
        .values(pending=[], effective_at=now)
    )
    for one in (said, waiting):
        session.connection().execute(one)


def forget(session: Session, who: Iterable[str]) -> None:
    """Forget a person who was erased."""
    gone = delete(TagSaid).where(col(TagSaid.subject).in_(list(who)))
    session.connection().execute(gone)


def keys_in_use(session: Session) -> dict[str, int]:
    """Return key id to the number of rows under it: they have no end, so it has to stay."""
    query = select(TagSaid.key_id, func.count()).group_by(TagSaid.key_id)
    return dict(session.exec(query).all())


def _all_keys(session: Session, vault: Vault) -> None:
    others = col(TagSaid.key_id).not_in(vault.keyring.ids)
    lost = session.exec(select(TagSaid.key_id).where(others).limit(1)).first()
    if lost is not None:
        raise ConfigError(
            f"tags are chosen under the key {lost}, which is not set: put it back behind the"
            " current one"
        )
