"""
"That was not me": a link in a warning that stops what an impostor asked for.

It stops what gives data away and what destroys it, never what protects the person, and never the
clock. Staff let it go on, or deny it. The gates are here: whoever gives anything away asks them.

Source: NDSR 9, 25(1)(1); PIPL 51, 57.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import update
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from rights.domain import duties, takeover
from rights.domain.errors import Conflict, FieldError, Forbidden, Gone, Invalid, Unauthenticated
from rights.domain.lifecycle import TERMINAL, Event, State, Wait
from rights.logs import get
from rights.services import audit, notes, places, requests, tokens
from rights.services.contact_warnings import LIFE
from rights.services.context import Context
from rights.services.places import Place
from rights.store.models import (
    Aftercare,
    Challenge,
    ContactWarning,
    Entry,
    IdentifierRow,
    Package,
    Request,
    SealedNote,
    Staff,
)

CODE: Final = "not_me"
"""Of the incident, and of every refusal until staff let the request go on."""

TRUSTED: Final = "contact_trusted"
"""Purpose of the note by which staff say that a contact changed lately is the person's own."""

_ASKS: Final = frozenset({"received", "proof_asked"})
"""What somebody did who does not vouch for it as well."""

PATH: Final = "/portal/not-me"
_SALT: Final = "not_me"
_RECEIVED: Final = "received"
_FOR_STAFF: Final = (
    "somebody at a contact on file says it was not them: find out who asked, then"
    " `rights not-me release` or `rights tasks deny`"
)


def stopped(request: Request) -> bool:
    """Return whether nothing may be given away or destroyed for *request* now."""
    return request.not_me_at is not None


def stopped_ones(
    session: Session, *, limit: int = 200, after: Place | None = None
) -> Sequence[Request]:
    """Return the open requests that somebody stopped, the most urgent first."""
    query = select(Request).where(
        col(Request.not_me_at).is_not(None), col(Request.closed_at).is_(None)
    )
    urgent = (col(Request.promised_at), col(Request.id))
    query = query.where(*places.later(*urgent, after))
    return session.exec(query.order_by(*urgent).limit(limit)).all()


def check(request: Request) -> None:
    """Raise Forbidden while somebody at a contact on file says that it was not them."""
    if stopped(request):
        raise Forbidden(
            "somebody who can be reached at an address on file says it was not them: a colleague"
            " looks at it before anything goes on",
            code=CODE,
        )


# -- the link ------------------------------------------------------------------------------------


def link(context: Context, *, now: datetime, warning_id: str = "", request_id: str = "") -> str:
    """Return the address a mail names: of a warning, or of the acknowledgement of a request."""
    content = ["w", warning_id] if warning_id else ["r", request_id]
    token = tokens.make(context.vault, _SALT, content, expires_at=now + LIFE)
    return f"{context.settings.base_url.rstrip('/')}{PATH}?w={token}"


@dataclass(frozen=True, slots=True)
class Link:
    """
    What a link is about, for whoever holds it: no reference, no address, nothing of what we hold.

    Args:
        noted: It was used already.
        begun: Something was done that cannot be undone.
        given: A copy was given away already.
    """

    request: Request = field(repr=False)
    warning: ContactWarning | None = field(repr=False)
    noted: bool
    begun: bool
    given: bool

    @property
    def closed(self) -> bool:
        """Whether the request is over."""
        return self.request.state in TERMINAL


def read(session: Session, context: Context, token: str, *, now: datetime) -> Link:
    """
    Return what a link is about; nothing changes, for scanners of mail open every link.

    Raises:
        Gone: forged, cut, too old, or of a request whose contacts are forgotten: not said which.
    """
    request_id, warning = _of(session, context, token, now)
    request = session.get_one(Request, request_id)
    return Link(
        request,
        warning,
        noted=warning is not None and warning.noted_at is not None,
        begun=request.irreversible_at is not None,
        given=_given(session, request_id),
    )


def _of(
    session: Session, context: Context, token: str, now: datetime
) -> tuple[str, ContactWarning | None]:
    request_id, warning = _named(session, context, token, now)
    held = select(IdentifierRow.id).where(IdentifierRow.request_id == request_id)
    if session.exec(held).first() is None:  # no such request, or its contacts are forgotten
        raise _over()
    return request_id, warning


def _named(
    session: Session, context: Context, token: str, now: datetime
) -> tuple[str, ContactWarning | None]:
    try:
        kind, name = tokens.read(context.vault, _SALT, token, now=now)
    except Unauthenticated:
        raise _over() from None
    if kind == "r":
        query = select(ContactWarning).where(
            ContactWarning.request_id == name, ContactWarning.event == _RECEIVED
        )
        return name, session.exec(query).first()
    warning = session.get(ContactWarning, name)
    if warning is None or warning.expires_at <= now:
        raise _over()
    return warning.request_id, warning


def _over() -> Gone:
    return Gone("this link does not work any more", code="not_me_link")


def _given(session: Session, request_id: str) -> bool:
    query = select(Package.id).where(Package.request_id == request_id, col(Package.grants_used) > 0)
    return session.exec(query).first() is not None


# -- stopping ------------------------------------------------------------------------------------


def say(session: Session, context: Context, token: str, *, now: datetime) -> None:
    """
    Stop the request, and with it whatever else of its bundle, or covered by the same mail, gives
    data away or destroys it. Once: what was noted is noted.

    Raises:
        Gone: as for :func:`read`.
    """
    request_id, warning = _of(session, context, token, now)
    found = [requests.locked(session, one) for one in sorted(_meant(session, request_id, warning))]
    if warning is not None:
        session.refresh(warning)
    if warning is not None and warning.noted_at is not None:
        return
    if warning is None:
        warning = ContactWarning(
            request_id=request_id, event=_RECEIVED, created_at=now, expires_at=now + LIFE
        )
    warning.noted_at = now
    session.add(warning)
    for request in found:
        meant = request.id == request_id
        if meant or (
            request.state not in TERMINAL and takeover.freezes(request.kind, request.option)
        ):
            _stop(session, request, warning, now)


def _meant(session: Session, request_id: str, warning: ContactWarning | None) -> set[str]:
    """Return the requests that "that was not me" is about."""
    said = select(Request.bundle_id, Request.merged_into).where(Request.id == request_id)
    row = session.exec(said).first()
    if row is None:
        raise _over()
    bundle, into = row
    out = {request_id} | ({into} if into else set())
    if bundle:
        out.update(session.exec(select(Request.id).where(Request.bundle_id == bundle)))
    if warning is not None and warning.mark:
        same = select(ContactWarning.request_id).where(ContactWarning.mark == warning.mark)
        out.update(session.exec(same))
    return out


def _stop(session: Session, request: Request, warning: ContactWarning, now: datetime) -> None:
    first = not stopped(request)
    request.not_me_at = request.not_me_at or now
    _end_codes(session, request, now)
    line = audit.Line(CODE, "subject", {"warning": warning.id, "level": request.level})
    if request.state is State.IN_PROGRESS:
        request.wait, request.next_at = Wait.TASK, None
        data = {"wait": str(Wait.TASK), "because": CODE}
        requests.record(
            session, request, Event.HELD, actor="system", now=now, data=data, before=[line]
        )
    elif first:
        audit.append(session, request, [line], now=now)
    session.add(request)
    _incident(session, request, now)


def _end_codes(session: Session, request: Request, now: datetime) -> None:
    live = update(Challenge).where(
        col(Challenge.request_id) == request.id,
        col(Challenge.used_at).is_(None),
        col(Challenge.expires_at) > now,
    )
    session.execute(live.values(expires_at=now))


def _incident(session: Session, request: Request, now: datetime) -> None:
    """Open one for staff, unless one is open already."""
    query = _incidents(request)
    if session.exec(query).first() is not None:
        return
    row = Aftercare(request_id=request.id, kind="incident", created_at=now, due_at=now)
    row.state, row.code, row.note = "open", CODE, _FOR_STAFF
    session.add(row)
    data = {"incident": row.id, "code": CODE}
    audit.append(session, request, [audit.Line("incident_opened", "system", data)], now=now)
    get().error("incident.opened", request_id=request.id, code=CODE)


def _incidents(request: Request) -> SelectOfScalar[Aftercare]:
    return select(Aftercare).where(
        Aftercare.request_id == request.id,
        Aftercare.kind == "incident",
        Aftercare.code == CODE,
        Aftercare.state == "open",
    )


# -- what staff decide ---------------------------------------------------------------------------


def release(
    session: Session,
    context: Context,
    request: Request,
    staff: Staff,
    *,
    reason: str,
    now: datetime,
) -> None:
    """
    Let a request that was stopped go on; its row is locked by the caller.

    Args:
        reason: How it was found out who asked, in words; sealed.

    Raises:
        Forbidden: they are no verifier.
        Conflict: nobody said that it was not them.
        Invalid: there is no reason.
    """
    _decides(staff, reason)
    if not stopped(request):
        message = f"request {request.id} was not stopped by anybody: there is nothing to do"
        raise Conflict(message, code="not_stopped")
    actor = f"staff:{staff.id}"
    notes.keep(session, context.vault, request.id, CODE, reason.strip(), now=now)
    request.not_me_at = None
    for row in session.exec(_incidents(request)).all():
        row.state, row.done_at, row.done_by = "done", now, actor
    line = audit.Line("not_me_released", actor, {"level": request.level})
    unproved = request.state in (State.OPEN, State.VERIFYING)
    if unproved and request.next_at is not None:  # meanwhile nobody could prove anything
        request.next_at = now + timedelta(days=context.settings.verify_days)
    _go_on(session, request, actor, line, now)


def trust(
    session: Session,
    context: Context,
    request: Request,
    staff: Staff,
    *,
    reason: str,
    now: datetime,
) -> None:
    """
    Say that a contact which was changed lately is the person's own; its row is locked.

    Raises:
        Forbidden: they are no verifier, or logged the request or asked for a proof of it.
        Conflict: the request is closed, or stopped.
        Invalid: there is no reason.
    """
    _decides(staff, reason)
    if request.state in TERMINAL or stopped(request):
        message = f"request {request.id} is {request.state} or stopped: look at it first"
        raise Conflict(message, code="not_to_vouch")
    actor = f"staff:{staff.id}"
    if not may_vouch(session, request.id, staff.id):
        message = "who logged it, or asked for the proof, does not vouch for it: a colleague has to"
        raise Forbidden(message, code="own_trust")
    notes.keep(session, context.vault, request.id, TRUSTED, reason.strip(), now=now)
    line = audit.Line("contact_trusted", actor, {"level": request.level})
    _go_on(session, request, actor, line, now)


def may_vouch(session: Session, request_id: str, staff_id: str) -> bool:
    """Return whether a member of staff neither logged a request nor asked for a proof of it."""
    asked = select(Entry.id).where(
        Entry.chain == request_id,
        Entry.actor == f"staff:{staff_id}",
        col(Entry.event).in_(_ASKS),
    )
    return session.exec(asked.limit(1)).first() is None


def _decides(staff: Staff, reason: str) -> None:
    duties.check(staff.roles, duties.Act.IDENTIFY)
    if not reason.strip():
        wrong = FieldError("reason", "say how it was found out who asked", rule="missing")
        raise Invalid("a reason is needed: it is kept, sealed", [wrong])


def _go_on(session: Session, request: Request, actor: str, line: audit.Line, now: datetime) -> None:
    session.add(request)
    if request.state is State.ON_HOLD and request.wait is Wait.TASK:
        requests.record(session, request, Event.RESUMED, actor=actor, now=now, before=[line])
        return
    audit.append(session, request, [line], now=now)


def trusted_at(session: Session, request_id: str) -> datetime | None:
    """Return when staff last vouched for the contacts of a request, as they were then."""
    mine = select(SealedNote.created_at).where(
        SealedNote.request_id == request_id, SealedNote.purpose == TRUSTED
    )
    return session.exec(mine.order_by(col(SealedNote.created_at).desc())).first()


def contact_delivers(row: IdentifierRow, days: int, now: datetime) -> bool:
    """
    Return whether a code at this contact may open a copy below the level of a real name.

    Not if it is on no file of ours, or was changed there only lately. What no worker looked at
    was typed and answered in a request about nobody's rows.
    """
    return row.on_file is not False and not takeover.recent(row.changed_at, days, now)
