"""
Complaints and reports: a queue of their own, with a clock, about a request or about none.

Nobody has to prove anything to complain. What is answered is read by whom a product vouches for,
or by who answers a code sent to the address that was given.

Source: NDSR 20; Cybersecurity Law 51; App method 6(5).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from rights.domain import duties
from rights.domain.errors import Conflict, NotFound, Unavailable
from rights.domain.plain_text import plain
from rights.services import (
    audit,
    contacts,
    content_approvals,
    drafts,
    notices,
    places,
    regime_choice,
    requests,
    subjects,
    verification,
    writings,
)
from rights.services.context import Context
from rights.services.places import Place
from rights.services.regimes import promise
from rights.services.writings import COMPLAINT, COMPLAINT_ANSWER, COMPLAINT_CLAIM, Written
from rights.store.ids import ID, new_id
from rights.store.models import Complaint, Request, Staff


@dataclass(frozen=True, slots=True)
class NewComplaint:
    """
    What somebody complains of.

    Args:
        identifiers: Who complains and where to reply to, as the data map cleans them.
        attested: The types that the product's own word vouches for.
        regimes: Of the product; those of the request count where it is about one.
        actor: Who speaks, for the trail.
        claimed: A reference they named and may not see the request of; for staff to look at.
    """

    text: str = field(repr=False)
    identifiers: Mapping[str, str] = field(repr=False)
    backend_id: str
    attested: frozenset[str] = frozenset()
    regimes: tuple[str, ...] = ()
    locale: str = "zh-CN"
    channel: str = "api"
    actor: str = "subject"
    claimed: str = field(default="", repr=False)


def make(
    session: Session,
    context: Context,
    new: NewComplaint,
    *,
    about: Request | None = None,
    now: datetime,
) -> Complaint:
    """
    Take a complaint in and confirm that at once.

    Args:
        about: The request it is about, its row locked; whoever speaks may see it.

    Raises:
        Invalid: there is nothing in it, or too much.
    """
    said = plain(new.text)
    made = _new(context, new, about, now)
    session.add(made)
    writings.keep(session, context.vault, made.id, COMPLAINT, said, now=now)
    if new.claimed:
        writings.keep(session, context.vault, made.id, COMPLAINT_CLAIM, new.claimed, now=now)
    proofs = dict.fromkeys(new.attested, "assertion")
    contacts_given = subjects.rows_for(context.vault, made, new.identifiers, proofs=proofs, now=now)
    session.add_all(contacts_given)
    if contacts.best(context, contacts_given) is None:
        made.acked_at = now  # nobody can be written to: the reference was read in the answer
    note(session, made, about, "complaint_made", new.actor, now)
    notices.ask_for(session, made, "complaint_received", now=now)
    return made


def _laws(context: Context, new: NewComplaint) -> tuple[str, ...]:
    deployment = context.settings.default_regimes
    return regime_choice.choose((), new.regimes, deployment, context.regimes).names


def _new(context: Context, new: NewComplaint, about: Request | None, now: datetime) -> Complaint:
    regimes = tuple(about.regimes) if about else _laws(context, new)
    clock = promise("complaint", None, regimes, now, book=context.regimes)
    return Complaint(
        id=new_id(),
        backend_id=new.backend_id,
        request_id=about.id if about else "",
        subject=subjects.subject_of(context.vault, context.datamap, new.identifiers),
        regimes=list(regimes),
        locale=new.locale,
        channel=new.channel,
        received_at=now,
        due_at=clock.due_at,
        promised_at=clock.promised_at,
        ack_at=clock.due.ack_at,
    )


def note(
    session: Session,
    complaint: Complaint,
    about: Request | None,
    event: str,
    actor: str,
    now: datetime,
) -> None:
    """Note it in the chain of the request it is about, else in that of the day."""
    line = audit.Line(event, actor, {"complaint": complaint.id})
    if about is None:
        audit.append_day(session, line, now=now)
    else:
        audit.append(session, about, [line], now=now)


def find(
    session: Session,
    complaint_id: str,
    *,
    backend_id: str | None = None,
    subject: Collection[str] | None = None,
    lock: bool = False,
) -> Complaint:
    """
    Return a complaint; with *backend_id* or *subject*, only if it is that backend's or person's.

    Raises:
        NotFound: it does not exist, or is somebody else's: the two look the same.
    """
    found = session.get(Complaint, complaint_id, with_for_update=lock or None)
    foreign = found is None or (
        (backend_id is not None and found.backend_id != backend_id)
        or (subject is not None and found.subject not in subject)
    )
    if found is None or foreign:
        raise NotFound("there is no such complaint")
    return found


def send_code(
    session: Session, context: Context, complaint: Complaint, *, now: datetime, to: str = ""
) -> None:
    """
    Send a code that shows the complaint again to an address that was given.

    Args:
        to: The type of the identifier it goes to; empty for the best.

    Raises:
        Conflict: no address was given that a code can go to. TooMany: one was just sent.
        Invalid: *to* is none of those that were given.
    """
    sent, contact = verification.again(
        session, context, complaint, now=now, purpose=verification.VISIT, to=to
    )
    where = contact.id
    notices.ask_for(session, complaint, "code", now=now, identifier_id=where, challenge_id=sent.id)


def text_of(session: Session, context: Context, complaint: Complaint) -> str:
    """Return what was complained of, as long as it is kept."""
    return writings.one(session, context.vault, complaint.id, COMPLAINT)


def answer_to(session: Session, context: Context, complaint: Complaint) -> str:
    """Return what was answered, once it was, as long as it is kept."""
    return writings.one(session, context.vault, complaint.id, COMPLAINT_ANSWER)


def answer(
    session: Session,
    context: Context,
    complaint: Complaint,
    text: str,
    staff: Staff,
    *,
    now: datetime,
) -> None:
    """
    Answer a complaint, whose row the caller has locked, and tell who made it that there is one.

    Raises:
        Forbidden: their roles do not allow it.
        Conflict: it was answered already.
        Invalid: there is nothing in it, or too much, or a blank of a draft is left.
    """
    duties.check(staff.roles, duties.Act.ANSWER_COMPLAINT)
    if complaint.answered_at is not None:
        raise Conflict("this complaint was answered already", code="complaint_answered")
    said = plain(drafts.refuse_blanks(text, field="answer"), field="answer")
    writings.keep(session, context.vault, complaint.id, COMPLAINT_ANSWER, said, now=now)
    complaint.answered_at, complaint.answered_by = now, f"staff:{staff.id}"
    note(
        session,
        complaint,
        about_of(session, complaint),
        "complaint_answered",
        f"staff:{staff.id}",
        now,
    )
    notices.ask_for(session, complaint, "complaint_answered", now=now)


def about_of(session: Session, complaint: Complaint) -> Request | None:
    """Return the request a complaint is about, locked; None once its record is gone too."""
    if not complaint.request_id:
        return None
    try:
        return requests.locked(session, complaint.request_id)
    except NotFound:
        return None


def read_by(
    session: Session, context: Context, complaint: Complaint, staff: Staff, *, now: datetime
) -> tuple[list[Written], dict[str, str]]:
    """
    Return a complaint's texts and where to reply to, for a member of staff; note who read.

    Raises:
        Forbidden: their roles do not allow it, or the request it is about is a minor's, and no
            approval lets them.
    """
    duties.check(staff.roles, duties.Act.ANSWER_COMPLAINT)
    about = concerned(session, context, complaint)
    allowed = content_approvals.check(session, about, staff, now=now) if about else {}
    data = {"complaint": complaint.id, **allowed}
    audit.append_day(session, audit.Line("complaint_read", f"staff:{staff.id}", data), now=now)
    every = (COMPLAINT, COMPLAINT_CLAIM, COMPLAINT_ANSWER)
    written = writings.read(session, context.vault, complaint.id, every)
    rows = subjects.identifier_rows(session, complaint.id)
    return written, subjects.opened(context.vault, rows)


def concerned(session: Session, context: Context, complaint: Complaint) -> Request | None:
    """Return the request that a complaint is about, or says that it is."""
    return about_of(session, complaint) or _claimed(session, context, complaint)


def _claimed(session: Session, context: Context, complaint: Complaint) -> Request | None:
    """Return the request whose reference somebody named who may not see it."""
    written = writings.read(session, context.vault, complaint.id, (COMPLAINT_CLAIM,))
    said = next((one.text for one in written if ID.fullmatch(one.text)), "")
    return session.get(Request, said) if said else None


def open_ones(session: Session, *, limit: int = 200, after: Place | None = None) -> list[Complaint]:
    """Return the complaints that wait for an answer, the most urgent first."""
    query = (
        select(Complaint)
        .where(col(Complaint.answered_at).is_(None))
        .where(*places.later(col(Complaint.promised_at), col(Complaint.id), after))
        .order_by(col(Complaint.promised_at), col(Complaint.id))
        .limit(limit)
    )
    return list(session.exec(query))


def of_person(
    session: Session, backend_id: str, *, subject: Collection[str], ids: Collection[str]
) -> list[Complaint]:
    """Return the latest complaints of a person, or those of some ids, of one product."""
    mine = col(Complaint.subject).in_(subject) | col(Complaint.id).in_(ids)
    query = select(Complaint).where(Complaint.backend_id == backend_id, mine)
    latest = query.order_by(col(Complaint.received_at).desc(), col(Complaint.id).desc())
    return list(session.exec(latest.limit(20)))


def contact(context: Context) -> str:
    """
    Return where people can complain to, as it is published.

    Raises:
        Unavailable: the data map names nobody; complaints need a published contact.
    """
    found = str(context.datamap.controller.get("dpo_contact", "")).strip()
    if not found:
        raise Unavailable(
            "nobody is named whom people can complain to: add controller.dpo_contact to the data"
            " map",
            code="no_complaint_contact",
        )
    return found


def shown(
    session: Session, context: Context, complaint: Complaint, *, own: bool = True, told: bool
) -> dict[str, Any]:
    """
    Return a complaint, JSON-native.

    Args:
        own: Whoever reads it wrote it, or may know what it says.
        told: Whoever reads it may know what was answered.
    """
    answered = complaint.answered_at
    return {
        "id": complaint.id,
        "request_id": complaint.request_id or None,
        "state": "answered" if answered else "open",
        "received_at": complaint.received_at.isoformat(),
        "due_at": complaint.promised_at.isoformat(),
        "answered_at": answered.isoformat() if answered else None,
        "text": (text_of(session, context, complaint) or None) if own else None,
        "answer": (answer_to(session, context, complaint) or None) if told else None,
        "contact": context.datamap.controller.get("dpo_contact"),
    }
