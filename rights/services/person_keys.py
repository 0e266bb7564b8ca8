"""
The keys of a person: passkeys and authenticator apps that they prove themselves with.

A key stands under the account that a product vouched for, so it outlives a change of address.
Nobody but its owner, vouched for, learns that there is one.

Source: NDSR 9, 25(1)(1); PIPL 47, 51; GB/T 35273-2020 8.7(a).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from sqlalchemy import delete, func
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from rights.domain.errors import Conflict, NotFound
from rights.domain.levels import key_counts
from rights.domain.proof_keys import MOST, Way
from rights.domain.representation import Role
from rights.services import audit, subjects
from rights.services.context import Context
from rights.services.portal import Person
from rights.store.ids import new_id
from rights.store.models import KeyProof, PersonKey, Request

_ACCOUNT: Final = "account"


@dataclass(frozen=True, slots=True)
class Content:
    """
    What is sealed of a key.

    Args:
        name: As its owner calls it.
        secret: An app's, in base 32; empty for a passkey.
        credential: A passkey's id, in base64url; empty for an app.
        transports: How a browser reaches it, in WebAuthn's words.
    """

    name: str = field(repr=False)
    secret: str = field(default="", repr=False)
    credential: str = field(default="", repr=False)
    transports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Used:
    """A key that was just proved. ``trusted``: it is old enough to stand in place of a code."""

    key_id: str
    way: Way
    trusted: bool


def subjects_of(context: Context, person: Person | None) -> tuple[str, ...]:
    """
    Return the person's account under every live key of the vault, the current one first.

    Empty where no product vouches for an account, and for who acts for its owner: such a person
    has no keys here and can add none.
    """
    if person is None or person.role is not Role.SELF:
        return ()
    known = context.datamap.identifiers
    accounts = {
        name: value
        for name, value in person.identifiers.items()
        if name in person.attested and known[name].kind == _ACCOUNT
    }
    if not accounts:
        return ()
    return subjects.subjects_of(context.vault, context.datamap, accounts)


def listed(
    session: Session, context: Context, person: Person | None, *, lock: bool = False
) -> Sequence[PersonKey]:
    """Return a person's keys, the oldest first."""
    found = subjects_of(context, person)
    if not found or person is None:
        return []
    query = (
        select(PersonKey)
        .where(PersonKey.backend_id == person.backend_id, col(PersonKey.subject).in_(found))
        .order_by(col(PersonKey.created_at), col(PersonKey.id))
    )
    if lock:  # what was read before the lock may have changed while it was waited for
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.exec(query).all()


def find(session: Session, context: Context, person: Person, key_id: str) -> PersonKey:
    """Return one of a person's keys. Raises NotFound, for anybody else's too."""
    for key in listed(session, context, person, lock=True):
        if key.id == key_id:
            return key
    raise NotFound("there is no such key")


def trusted(context: Context, key: PersonKey, now: datetime) -> bool:
    """Return whether a key is old enough to stand in place of a code."""
    trust = timedelta(days=context.settings.key_trust_days)
    return key_counts(now - key.created_at, trust=trust)


def used(context: Context, key: PersonKey, now: datetime) -> Used:
    """Note that a key was proved just now."""
    key.last_used_at, key.tries, key.blocked_until = now, 0, None
    return Used(key.id, Way(key.way), trusted(context, key, now))


def room(session: Session, context: Context, person: Person) -> None:
    """
    Make sure that one more key may be added; whoever adds another at once waits until then.

    Raises:
        Conflict: there are as many as one person may have.
        NotFound: no product vouches for an account.
    """
    found = subjects_of(context, person)
    if not found:
        raise NotFound("keys are for people whose account a product vouches for")
    if session.connection().dialect.name == "postgresql":
        number = int.from_bytes(bytes.fromhex(found[0])[:8], "big", signed=True)
        session.connection().execute(sql_select(func.pg_advisory_xact_lock(number)))
    if len(listed(session, context, person)) >= MOST:
        raise Conflict(f"a person has at most {MOST} keys: remove one", code="too_many_keys")


def keep(
    session: Session,
    context: Context,
    person: Person,
    way: Way,
    content: Content,
    *,
    now: datetime,
    **values: Any,
) -> PersonKey:
    """Add a key; the caller made sure of the proof and of the room, and tells its owner."""
    key_id = new_id()
    key = PersonKey(
        id=key_id,
        backend_id=person.backend_id,
        subject=subjects_of(context, person)[0],
        way=str(way),
        sealed=context.vault.seal(
            orjson.dumps(
                {
                    "name": content.name,
                    "secret": content.secret,
                    "credential": content.credential,
                    "transports": list(content.transports),
                }
            ),
            aad=aad(key_id),
        ),
        created_at=now,
        **values,
    )
    session.add(key)
    _entry(session, "key_added", key, now)
    return key


def remove(session: Session, key: PersonKey, *, now: datetime) -> None:
    """Take a key away; the caller made sure of the proof, and tells its owner."""
    _entry(session, "key_removed", key, now)
    session.delete(key)


def suspected(session: Session, key: PersonKey, reason: str, *, now: datetime) -> None:
    """Write down that a key is being misused: ``cloned`` or ``guessed``."""
    _entry(session, "key_suspected", key, now, reason=reason)


def content_of(context: Context, key: PersonKey) -> Content:
    """Return what is sealed of a key."""
    said = orjson.loads(context.vault.open(key.sealed, aad=aad(key.id)))
    return Content(said["name"], said["secret"], said["credential"], tuple(said["transports"]))


def aad(key_id: str) -> str:
    """Return what binds the sealed part of a key to its row."""
    return f"person_key|{key_id}"


def forget(session: Session, found: Collection[str]) -> int:
    """
    Forget the keys of somebody who was erased, whichever product they are with.

    Args:
        found: Every hash under which something may have been noted about them.
    """
    query = delete(PersonKey).where(col(PersonKey.subject).in_(found))
    gone: Any = session.connection().execute(query)
    return int(gone.rowcount)


def proved(session: Session, request: Request) -> bool:
    """Return whether a request was proved with a key that stands in place of a code."""
    query = select(KeyProof.id).where(
        KeyProof.request_id == request.id, col(KeyProof.trusted).is_(True)
    )
    return session.exec(query).first() is not None


def _entry(session: Session, event: str, key: PersonKey, now: datetime, **more: str) -> None:
    data = {"key": key.id, "way": key.way, "backend": key.backend_id, **more}
    audit.append_day(session, audit.Line(event, "subject", data), now=now)
