"""
What whoever wrote, called or came for somebody gives later: an address of theirs, and documents
on paper. Staff put it in.

An address is added where none is known, and never changed: whoever could change one would have the
codes and the answers of somebody who is known already. Documents go the way of those that a
representative uploads. That a member of staff put something in proves nothing, and they do not let
it through (:mod:`own_requests`).

Source: PIPL 31, 49, 50; Civil Code 165; GB/T 35273-2020 8.5(e).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine
from sqlmodel import Session

from rights.domain import duties
from rights.domain.errors import Conflict, RightsError
from rights.domain.lifecycle import TERMINAL, State
from rights.services import (
    arrivals,
    audit,
    evidence,
    not_me,
    notices,
    own_requests,
    reaching,
    representatives,
    requests,
    verification,
    writers,
)
from rights.services.contacts import best
from rights.services.context import Context
from rights.services.representatives import Second
from rights.store.blobs import Blobs
from rights.store.models import Evidence, RepresentativeContact, Request, Staff

_PATH: Final = f"{writers.PATH}.contact"


def contact_wanted(session: Session, request: Request) -> None:
    """
    Make sure that an address of who acts can be added to a request.

    Raises:
        NotFound: nobody acts for somebody else in it.
        Conflict: staff did not log it, it is past proving, or an address is known.
        Forbidden: somebody at a contact on file says that it was not them.
    """
    _logged(request)
    representatives.find(session, request)
    if request.state not in (State.OPEN, State.VERIFYING):
        raise Conflict("this request needs no further proof", code="closed")
    not_me.check(request)
    if reaching.representatives(session, request.id):
        message = "an address of who acts is known, and is not changed by anybody else"
        raise Conflict(message, code="contact_known")


def documents_wanted(session: Session, request: Request) -> None:
    """Make sure that staff can put documents in. Raises as ``evidence.taking``, and Conflict."""
    _logged(request)
    evidence.taking(session, request, on_paper=True)


def _logged(request: Request) -> None:
    """What came over the API or in the portal has its own way in. Raises Conflict."""
    if request.state in TERMINAL:
        raise Conflict("this request is closed: submit a new one", code="closed")
    if request.channel not in arrivals.CHANNELS:
        message = "staff did not log this request: who made it adds to it where they made it"
        raise Conflict(message, code="not_logged")


def add_contact(
    session: Session,
    context: Context,
    request: Request,
    staff: Staff,
    given: Mapping[str, str],
    *,
    now: datetime,
) -> None:
    """
    Add how whoever acts is reached, where nobody knew; the caller has locked the request.

    The letter that they would have had at once goes there, with a code. What the principal agreed
    to before does not count any more: whoever puts an address in could be the one it reaches.

    Args:
        given: By type, as when it is logged; one of them an e-mail address.

    Raises:
        Forbidden: *staff* may not log requests.
        Invalid: a contact is none, or none of them can get a code.
        NotFound, Conflict, Forbidden: as :func:`contact_wanted`.
    """
    duties.check(staff.roles, duties.Act.LOG_REQUEST)
    contact_wanted(session, request)
    row = representatives.find(session, request, lock=True)
    own = writers.cleaned_contact(context, given, _PATH)
    second = Second(row.role, row.relation, own)
    representatives.checked(context, second, path=writers.PATH)
    found = representatives.contact_rows(context, request.id, second, now)
    session.add_all(found)
    session.flush()
    by = f"staff:{staff.id}"
    line = audit.Line(own_requests.REACHED, by, {"types": sorted(own)})
    if representatives.suffices(row):  # the principal agreed to somebody without this address
        representatives.void(request, row)
    representatives.look_again(session, context, request, row, actor=by, now=now, before=line)
    _write(session, context, request, found, now)


def _write(
    session: Session,
    context: Context,
    request: Request,
    found: list[RepresentativeContact],
    now: datetime,
) -> None:
    """Send what logging would have sent; whoever reads it only now has the whole time to answer."""
    if request.next_at is not None:
        request.next_at = now + timedelta(days=context.settings.verify_days)
        session.add(request)
    if (contact := best(context, found)) is None:
        return
    sent = verification.challenge(session, context, request, contact, now=now)
    given = {"identifier_id": contact.id, "challenge_id": sent.id}
    notices.ask_for(session, request, "received", now=now, **given)


def add_document(
    engine: Engine,
    context: Context,
    place: Blobs,
    request_id: str,
    pieces: Iterable[bytes],
    staff: Staff,
    *,
    now: datetime,
) -> Evidence:
    """
    Put one document in that came on paper, as the representative would have uploaded it.

    Raises:
        Forbidden: *staff* may not log requests.
        Invalid, TooLarge, Conflict, NotFound: as ``evidence.take``; staff did not log it.
    """
    duties.check(staff.roles, duties.Act.LOG_REQUEST)

    def find(session: Session) -> Request:
        request = requests.locked(session, request_id)
        documents_wanted(session, request)
        return request

    actor = f"staff:{staff.id}"
    return evidence.take(engine, context, place, find, pieces, actor=actor, now=now, on_paper=True)


def takes_contact(session: Session, request: Request) -> bool:
    """Return whether an address of who acts can be added."""
    return _fits(lambda: contact_wanted(session, request))


def takes_documents(session: Session, request: Request) -> bool:
    """Return whether staff can put documents in."""
    return _fits(lambda: documents_wanted(session, request))


def _fits(check: Callable[[], None]) -> bool:
    try:
        check()
    except RightsError:
        return False
    return True
