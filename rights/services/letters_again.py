"""
Letters that did not reach anybody, sent once more by staff, to the contact that there is by now.

Only what is true whenever it is read is sent again. A code works for minutes, more time and the
end of a restriction count from the day on which the person was told, and who is warned at a
contact on file is nobody's guess: those are not.

Source: NDSR 23; PIPL 50.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, select

from rights.domain import duties
from rights.domain.errors import Conflict, NotFound
from rights.services import audit, contacts, notices, packages, reaching, subjects
from rights.services.context import Context
from rights.store.models import Notice, Package, Request, Staff

EVENT: Final = "letter_again"
ENDED: Final = frozenset({*notices.GIVEN_UP, notices.NO_CONTACT})
"""How a letter ends that reached nobody."""

_ASKS: Final = "needs_info"
_OF_PACKAGES: Final = frozenset({"package_ready", "package_added"})
LASTING: Final = frozenset(
    {
        "received",
        _ASKS,
        "outcome",
        "expired",
        "hold_ended",
        "message",
        "appeal_received",
        "appeal_decided",
    }
)
"""Letters that say what is so whenever they are sent."""


@dataclass(frozen=True, slots=True)
class About:
    """
    What decides whether a letter is still true, and whether somebody can get it.

    Args:
        letters: Of one request, all of each sort.
        own, second: Ids of the contacts at which its subject, and who acts for them, can be
            reached now.
        named: A contact of who acts for them is known, whether it can be used now or not.
        package: It has a package that can be fetched.
    """

    request: Request
    letters: Sequence[Notice]
    own: frozenset[str]
    second: frozenset[str]
    named: bool
    package: bool

    def readers(self, letter: Notice) -> frozenset[str]:
        """Return the ids of the contacts to one of which a letter can go."""
        if letter.identifier_id:
            return (self.own | self.second) & {letter.identifier_id}
        to_second = reaching.second_reads(self.request, letter.event, named=self.named)
        return self.second if to_second else self.own


def about(
    session: Session,
    context: Context,
    request: Request,
    letters: Sequence[Notice],
    *,
    now: datetime,
) -> About:
    """Return what is known of a request's letters; two of them need a look at its packages."""
    own = subjects.identifier_rows(session, request.id)
    second = reaching.representatives(session, request.id)
    alive = select(Package.id).where(
        Package.request_id == request.id,
        Package.state == packages.READY,
        col(Package.purged_at).is_(None),
        col(Package.expires_at) > now,
    )
    there = session.exec(alive.limit(1)).first() is not None
    reached = _reached(context, own), _reached(context, second)
    return About(request, letters, *reached, bool(second), there)


def _reached(context: Context, rows: Sequence[contacts.Contact]) -> frozenset[str]:
    return frozenset(one.id for one in contacts.reachable(context, rows))


def of_failed_sorts(session: Session, request_id: str) -> Sequence[Notice]:
    """Return the letters about a request of those sorts of which one reached nobody."""
    mine = Notice.request_id == request_id
    failed = select(Notice.event).where(mine, col(Notice.state).in_(ENDED))
    return session.exec(select(Notice).where(mine, col(Notice.event).in_(failed))).all()


def unsent(known: About) -> list[Notice]:
    """Return which letters can be sent again: the last of each sort, if it reached nobody."""
    last: dict[tuple[str, str], Notice] = {}
    for one in sorted(known.letters, key=_newest):
        last[one.event, one.identifier_id] = one
    return [one for one in last.values() if one.state in ENDED and _true(known, one)]


def _newest(letter: Notice) -> tuple[datetime, bool, str]:
    """Sort letters by age; of the same moment the one that is on its way is the later one."""
    return letter.created_at, letter.state not in ENDED, letter.id


def _true(known: About, letter: Notice) -> bool:
    """Return whether a letter still says what is so, and there is somebody to send it to."""
    if not known.readers(letter):
        return False
    if letter.event in _OF_PACKAGES:
        return known.package
    return letter.event in LASTING and (letter.event != _ASKS or bool(known.request.needs))


def send(
    session: Session,
    context: Context,
    request: Request,
    notice_id: str,
    staff: Staff,
    *,
    now: datetime,
) -> Notice:
    """
    Queue a letter of *request*, whose row the caller has locked, once more.

    A letter that was for one of two people stays for that one.

    Raises:
        Forbidden: they do not write to people.
        NotFound: this request has no such letter.
        Conflict: it is on its way, or was sent, or is none that is sent again.
    """
    duties.check(staff.roles, duties.Act.CORRESPOND)
    mine = session.exec(select(Notice).where(Notice.request_id == request.id)).all()
    found = next((one for one in mine if one.id == notice_id), None)
    if found is None:
        raise NotFound("there is no such letter of this request")
    if found not in unsent(about(session, context, request, mine, now=now)):
        message = "this letter was sent, is on its way, or is none that is sent again"
        raise Conflict(message, code="letter_not_again")
    to = found.identifier_id
    made = notices.ask_for(session, request, found.event, now=now, identifier_id=to)
    data = {"notice": made.id, "instead_of": found.id, "letter": found.event}
    audit.append(session, request, [audit.Line(EVENT, f"staff:{staff.id}", data)], now=now)
    return made
