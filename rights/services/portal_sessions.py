"""
Who is using the portal: a session in the register, opened by a portal token or by nobody's word.

The cookie holds a secret and the register its hash. Without a token the session knows nobody:
it reaches the requests made in it, and those whose code was answered in it.

Source: NDSR 9, 23; PIPL 50, 51.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

import orjson
from sqlalchemy import delete
from sqlmodel import Session, col

from rights.domain.errors import LevelTooLow, NotFound, Unauthenticated
from rights.domain.levels import Acr
from rights.domain.representation import REPRESENTATIVE, Role
from rights.services import equal_service, portal, representatives, requests, subjects
from rights.services.context import Context
from rights.services.portal import LIFE, Person
from rights.store.keys import Tampered
from rights.store.models import PortalSession, Request

MOST_REQUESTS: Final = 100
"""How many requests of its own a session without a person remembers: the newest."""


@dataclass(frozen=True, slots=True)
class Known:
    """
    What one visit showed about one request: the level proved for it here, and if it made it.

    Args:
        guardian: It was proved as the guardian whom a child's request waits for.
    """

    level: int = 0
    made: bool = False
    guardian: bool = False


@dataclass(frozen=True, slots=True)
class Visit:
    """
    What one browser may do here.

    Args:
        secret: From the cookie; what forms carry against forgery is derived from it.
        person: Whom a product vouched for; None for somebody who only came.
        origin: Whose page shows the portal; empty for a page of its own.
        requests: What this visit may see without a product's word, by reference.
        account: Keyed hash of the account at the provider where the person signed in; empty for
            whom a product's token brought.
    """

    id: str
    secret: str = field(repr=False)
    backend_id: str
    person: Person | None
    origin: str
    requests: Mapping[str, Known]
    created_at: datetime
    expires_at: datetime
    context: Context = field(repr=False)
    account: str = field(default="", repr=False)

    def vouched(self, now: datetime) -> Acr | None:
        """
        Return how the product authenticated the person, while that is as fresh as its token is.

        For what asks for a proof here and now; older, it counts beside another proof only.
        """
        fresh = now < self.created_at + LIFE
        return self.person.acr if self.person is not None and fresh else None

    def find(self, session: Session, request_id: str, *, lock: bool = False) -> Request:
        """Return a request this visit may see. Raises NotFound, for anybody else's too."""
        if self.person is None and request_id not in self.requests:
            raise NotFound("there is no such request")
        mine = request_id in self.requests or self.person is None
        subject = None if mine or self.person is None else self.person.subjects
        found = requests.find(
            session, request_id, backend_id=self.backend_id, subject=subject, lock=lock
        )
        second = self.person.second if self.person else None
        if not (mine or representatives.open_to(session, self.context, found, second)):
            raise NotFound("there is no such request")
        return found

    def reads(self, request: Request) -> bool:
        """
        Return whether this visit may know what was found.

        Whoever only typed somebody's address learns nothing from the answer, not even whether
        there was anything; whoever proved less than the request needs learns no more than where
        it stands. Source: PIPL 51; GDPR 32.
        """
        if self.person is not None and request.subject in self.person.subjects:
            return True
        known = self.requests.get(request.id, Known())
        if request.requester_role is Role.SELF and not known.guardian:
            return known.level >= max(1, request.level_needed)
        # Codes of such a request reach its representative alone.
        shown = 0 < request.level_needed <= request.level and known.level > 0
        return shown and request.delivers_to == REPRESENTATIVE

    def changes(self, request: Request) -> bool:
        """Return whether this visit may change a request: it was made here, or is read here."""
        return self.reads(request) or self.requests.get(request.id, Known()).made

    def acts(self, session: Session, request_id: str) -> Request:
        """
        Return a request this visit may change, its row locked.

        Raises:
            NotFound: it may not even be seen.
            LevelTooLow: it was not made here, and too little was proved here for it.
        """
        request = self.find(session, request_id, lock=True)
        if not self.changes(request):
            raise LevelTooLow("this needs the proof that the request itself needs")
        return request

    @property
    def proof(self) -> str:
        """What every form of this visit carries: a page of somebody else cannot know it."""
        return hmac.digest(self.secret.encode(), b"rights/portal/form/1", "sha256").hex()


def place(secret: str) -> str:
    """Return under which id the register keeps the session of a cookie."""
    return hashlib.sha256(secret.encode()).hexdigest()


def begin(
    session: Session,
    context: Context,
    backend_id: str,
    person: Person | None,
    *,
    origin: str = "",
    account: str = "",
    known: Mapping[str, Known] = MappingProxyType({}),
    now: datetime,
) -> str:
    """
    Open a session; return what the cookie holds.

    Args:
        account: Keyed hash of the account at a provider, for whom signed in there.
        known: What the same person's visit before this one had shown.

    Raises:
        Forbidden: who vouches sets prices, or decides who may have a service.
    """
    if person is not None and not equal_service.told(session, backend_id):
        raise equal_service.refusal()
    secret = secrets.token_urlsafe(32)
    row_id = place(secret)
    row = PortalSession(
        id=row_id,
        backend_id=backend_id,
        sealed=_sealed(context, row_id, person, account) if person else b"",
        origin=origin,
        requests={name: [one.level, one.made, one.guardian] for name, one in known.items()},
        created_at=now,
        expires_at=now + timedelta(minutes=context.settings.portal_minutes),
    )
    session.add(row)
    return secret


def read(session: Session, context: Context, secret: str, *, now: datetime) -> Visit:
    """
    Return whose session it is.

    Raises:
        Unauthenticated: there is none, or its hour is over.
    """
    row = session.get(PortalSession, place(secret)) if secret else None
    if row is None or row.expires_at <= now:
        raise over()
    person, account = _opened(context, row) if row.sealed else (None, "")
    return Visit(
        id=row.id,
        secret=secret,
        backend_id=row.backend_id,
        person=person,
        origin=row.origin,
        requests={name: Known(*said) for name, said in row.requests.items()},
        created_at=row.created_at,
        expires_at=row.expires_at,
        context=context,
        account=account,
    )


def remember(
    session: Session,
    visit: Visit,
    request_id: str,
    *,
    level: int = 0,
    made: bool = False,
    guardian: bool = False,
) -> None:
    """
    Let a visit see a request that is shown to be its own.

    Args:
        level: What was proved for it here and now.
        made: It was made in this visit.
        guardian: It was proved as the guardian of a child.
    """
    session.flush()  # reading it anew would forget what is not written yet
    row = session.get(PortalSession, visit.id, with_for_update=True)
    if row is None:
        return
    before = Known(*row.requests.get(request_id, ()))
    others = {name: said for name, said in row.requests.items() if name != request_id}
    newest = dict([*others.items()][-(MOST_REQUESTS - 1) :])
    said = [max(before.level, level), before.made or made, before.guardian or guardian]
    row.requests = {**newest, request_id: said}
    session.add(row)


def end(session: Session, secret: str) -> None:
    """Close a session, if it is one."""
    session.connection().execute(
        delete(PortalSession).where(col(PortalSession.id) == place(secret))
    )


def visitor(context: Context, backend_id: str, identifiers: Mapping[str, str]) -> Person:
    """Return somebody nobody vouches for, under the identifiers that were typed."""
    return Person(
        backend_id=backend_id,
        identifiers=identifiers,
        subjects=subjects.subjects_of(context.vault, context.datamap, identifiers),
    )


def over() -> Unauthenticated:
    """Return the error for a session that is not there any more."""
    return Unauthenticated("open this page again from where you came", code="session_over")


def _aad(row_id: str) -> str:
    return f"portal_session|{row_id}"


def _sealed(context: Context, row_id: str, person: Person, account: str) -> bytes:
    said = {**person.to_json(), "o": account}
    return context.vault.seal(orjson.dumps(said), aad=_aad(row_id))


def _opened(context: Context, row: PortalSession) -> tuple[Person, str]:
    try:
        said = orjson.loads(context.vault.open(row.sealed, aad=_aad(row.id)))
    except Tampered:  # sealed under a key that was retired meanwhile
        raise over() from None
    return portal.opened(context, row.backend_id, said), said.get("o", "")
