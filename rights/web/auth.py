"""
Who is calling: a product backend by its key, a person by a portal token or by the session of the
portal's pages, a download by a grant, a member of staff by the session of the console.

Each area of the API names its guard, ``public`` included. A guard lets a caller in or raises;
it never answers by itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NoReturn

from flask import g, request
from sqlmodel import Session

from rights.domain.errors import Forbidden, NotFound, Unauthenticated
from rights.services import equal_service, portal, portal_sessions, representatives, requests
from rights.services.backends import Caller
from rights.services.packages import PREFIX as GRANT
from rights.services.portal import Person
from rights.services.portal_sessions import Visit
from rights.services.staff_access import sessions
from rights.services.staff_access.sessions import Present
from rights.store.db import reading, transaction
from rights.store.models import Request
from rights.web.limits import Hit, Limits
from rights.web.parts import parts


class Guard(StrEnum):
    """Who may enter an area."""

    PUBLIC = "public"
    KEY = "key"
    KEY_OR_PORTAL = "key_or_portal"
    GRANT = "grant"
    SESSION = "session"
    STAFF = "staff"


COOKIE: Final = "rights_portal"
"""Holds the secret of a portal session."""

STAFF_COOKIE: Final = "rights_staff"
"""Holds the secret of a session of the console."""

RENEWS: Final = "renews"
"""In the address that a waiting page of the console calls by itself: nobody is there for that."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """
    Who speaks in this call.

    Args:
        person: The person a portal token stands for; None when the backend itself calls.
    """

    backend: Caller
    person: Person | None = None

    @property
    def actor(self) -> str:
        """How the audit trail names the speaker."""
        return "subject" if self.person else f"backend:{self.backend.id}"

    @property
    def channel(self) -> str:
        """The door by which requests of this speaker come."""
        return "portal" if self.person else "api"

    @property
    def counted_as(self) -> str:
        """Under which name calls are counted: a key, or a hash that stands for a person."""
        if self.person is None:
            return self.backend.key_id
        return hashlib.sha256("|".join(self.person.subjects).encode()).hexdigest()[:32]

    @property
    def subject(self) -> Sequence[str] | None:
        """Whose requests are reached: a person's own, or all of the backend's."""
        return self.person.subjects if self.person else None

    def knows(self, request: Request) -> bool:
        """
        Return whether this speaker may know what a request brought to light.

        A person may whose own it is; a backend, once enough was proved in it. Source: PIPL 51.
        """
        return self.person is not None or request.level >= request.level_needed

    def find(self, session: Session, request_id: str, *, lock: bool = False) -> Request:
        """Return one of the requests this speaker may see. Raises NotFound."""
        found = requests.find(
            session, request_id, backend_id=self.backend.id, subject=self.subject, lock=lock
        )
        second = self.person.second if self.person else None
        if not representatives.open_to(session, parts().context, found, second):
            raise NotFound("there is no such request")
        return found


def speaker() -> Speaker:
    """Return who speaks in this call; the guard has let them in."""
    found: Speaker = g.speaker
    return found


def grant_token() -> str:
    """Return the grant this call was made with."""
    found: str = g.grant
    return found


def enter(guard: Guard, scope: str, *, neutral: bool = False) -> None:
    """
    Let the caller in.

    Args:
        scope: What a key must be allowed to do; a person needs none for their own requests.
        neutral: The answer tells nothing of anybody who used a right.

    Raises:
        Unauthenticated: no credential, or not one of the kind this area takes.
        Forbidden: the key lacks the scope, or its backend may not be told of people.
        TooMany: this caller has called too often.
    """
    limits = parts().limits
    address = (limits.per_address, request.remote_addr or "unknown")
    if guard is Guard.SESSION:
        secret = request.cookies.get(COOKIE, "")
        # Both in one round trip: who makes cookies up is stopped by the address all the same.
        limits.hit(address, (limits.per_key, portal_sessions.place(secret)[:32]))
        g.visit = visit_of(secret)
        return
    if guard is Guard.STAFF:
        _enter_staff(limits, address)
        return
    if guard in (Guard.PUBLIC, Guard.GRANT):
        limits.hit(address)
        g.grant = _grant() if guard is Guard.GRANT else ""
        return
    try:
        g.speaker = who = _speaker(guard)
    except Unauthenticated:
        limits.hit(address)  # guessing is counted too
        raise
    limits.hit(address, (limits.per_key, who.counted_as))
    if not (neutral or who.backend.told):
        _not_told(who)
    if who.person is None and scope not in who.backend.scopes:
        raise Forbidden(f"this API key lacks the scope {scope}")


def _enter_staff(limits: Limits, address: Hit) -> None:
    secret = request.cookies.get(STAFF_COOKIE, "")
    known = ((limits.per_key, sessions.place(secret)[:32]),) if secret else ()
    limits.hit(address, *known)
    g.present = _present(secret)


def _not_told(who: Speaker) -> NoReturn:
    """Refuse who sets prices or decides on service; write it down once an hour for each call."""
    here, tried = parts(), (request.endpoint or "").rpartition(".")[2]
    if here.limits.first(f"{who.backend.id}|{tried}"):
        with transaction(here.engine) as session:
            actor = f"backend:{who.backend.id}"
            equal_service.note(session, actor, tried, now=here.now(), key=who.backend.key_id)
    raise equal_service.refusal()


def visit_of(secret: str) -> Visit:
    """
    Return whose portal session it is.

    Raises:
        Unauthenticated: it is over, or its backend was closed, or may vouch for nobody any more.
    """
    here = parts()
    with reading(here.engine) as session:
        found = portal_sessions.read(session, here.context, secret, now=here.now())
    if not here.keys.caller_of(found.backend_id).told and found.person is not None:
        raise portal_sessions.over()
    return found


def _present(secret: str) -> Present:
    """
    Return which member of staff it is; that they are here is written down once a minute.

    What a page did by itself does not count: it would keep an unattended browser signed in.
    """
    here, now = parts(), parts().now()
    with reading(here.engine) as session:
        found, news = sessions.read(session, secret, now=now)
    if news and not _by_itself():
        with transaction(here.engine) as session:
            sessions.seen(session, here.context.settings, found.id, now=now)
    return found


def _by_itself() -> bool:
    return request.method == "GET" and RENEWS in request.args


def _grant() -> str:
    token = _bearer()
    if not token.startswith(GRANT):
        raise Unauthenticated("this call needs a grant")
    return token


def _speaker(guard: Guard) -> Speaker:
    here, token = parts(), _bearer()
    if token.startswith(portal.PREFIX) and guard is Guard.KEY_OR_PORTAL:
        person = portal.read(here.context, token, now=here.now())
        return Speaker(here.keys.caller_of(person.backend_id), person)
    return Speaker(here.keys.caller(token, now=here.now()))


def _bearer() -> str:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token:
        raise Unauthenticated("send an Authorization header with a Bearer credential")
    return token.strip()
