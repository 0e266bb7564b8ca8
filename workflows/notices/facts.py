"""What one notice is about, read from the register."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

import orjson
from sqlmodel import Session, col, select

from rights.domain.actions import Action
from rights.domain.ground_table import Row
from rights.services import (
    appeals,
    arrivals,
    contact_warnings,
    contacts,
    extensions,
    key_letters,
    not_me,
    notes,
    notices,
    points,
    reaching,
    resting_on,
    verification,
    warnings_due,
    writings,
)
from rights.services.contacts import Contact
from rights.services.context import Context
from rights.services.lifting import ANNOUNCED
from rights.services.packages import HIDDEN
from rights.services.points import Asked
from rights.services.security_incidents import telling
from rights.store.models import (
    Appeal,
    Challenge,
    Complaint,
    ExtensionRow,
    IdentifierRow,
    Notice,
    Package,
    ReceiptRow,
    RepresentativeContact,
    Request,
    StepRow,
)
from workflows.expiry import ENDED
from workflows.notices.ended import ended_lines
from workflows.notices.told import ComplaintFacts, Told
from workflows.notices.words import language_of, words


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts(Told):
    """
    Everything a letter about a request may say.

    Args:
        proved: The address was proved in this request, by a code or by the backend's word.
        receipt: The signed statement of outcome, once there is one.
        withheld: How many passages about other people are not in a copy, by collection.
        answers: What staff added to the outcome, or the reasons for which an appeal was decided.
        warning: Its own reference, where that of the request is not told.
        link: Where somebody who did not ask says so; empty where nothing is given away.
        acting: The address is that of who acts for the subject.
        key_way: Of a letter about somebody's keys: what the key is.
        asked: What staff ask for in words.
        longer: More time that was taken; why, in words, is in *answers*.
        incident: Of a letter to whom a security incident hit: element to language to text.
        incident_role: As whom they are written to: ``person``, ``guardian``, ``representative``.
        rests_on: The ground of the restriction that was made, or that ends.
    """

    request: Request = field(repr=False)
    proved: bool
    receipt: Mapping[str, Any] = field(default_factory=dict, repr=False)
    withheld: Mapping[str, int] = field(default_factory=dict)
    package: Package | None = field(default=None, repr=False)
    answers: tuple[str, ...] = field(default=(), repr=False)
    appeal: Appeal | None = field(default=None, repr=False)
    warning: str = ""
    link: str = field(default="", repr=False)
    acting: bool = False
    key_way: str = ""
    asked: tuple[Asked, ...] = field(default=(), repr=False)
    longer: ExtensionRow | None = field(default=None, repr=False)
    incident: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    incident_role: str = ""
    rests_on: Row | None = None

    @property
    def reference(self) -> str:
        """The reference that the subject names."""
        return self.warning or self.request.id

    @property
    def laws(self) -> list[str]:
        """The names of the regimes the request is handled under."""
        return self.request.regimes


@dataclass(frozen=True, slots=True)
class Unsendable:
    """There is nobody to send it to, or nothing left to say; ``state`` is the notice's last."""

    state: str


@dataclass(frozen=True, slots=True)
class Known:
    """
    The requests and complaints some notices are about, and how the people of each are reached.

    Args:
        warned: Contacts on file, by the id of their warning.
    """

    requests: Mapping[str, Request]
    complaints: Mapping[str, Complaint]
    identifiers: Mapping[str, Sequence[IdentifierRow]]
    warned: Mapping[str, IdentifierRow]
    representatives: Mapping[str, Sequence[RepresentativeContact]]


def known(session: Session, notices: Iterable[Notice]) -> Known:
    """Read for many notices at once what most of them need."""
    notices = list(notices)
    ids = sorted({notice.request_id for notice in notices})
    requests = session.exec(select(Request).where(col(Request.id).in_(ids))).all()
    identifiers: dict[str, list[IdentifierRow]] = {one: [] for one in ids}
    query = select(IdentifierRow).where(col(IdentifierRow.request_id).in_(ids))
    for row in session.exec(query):
        identifiers[row.request_id].append(row)
    found = {request.id: request for request in requests}
    rest = [one for one in ids if one not in found]
    query_rest = select(Complaint).where(col(Complaint.id).in_(rest))
    complaints = session.exec(query_rest).all() if rest else ()
    return Known(
        found,
        {one.id: one for one in complaints},
        identifiers,
        _warned(session, notices),
        _acting(session, ids),
    )


def _warned(session: Session, notices: Iterable[Notice]) -> Mapping[str, IdentifierRow]:
    on_file = [one.identifier_id for one in notices if one.event in warnings_due.EVENTS]
    return contact_warnings.recipients(session, on_file) if on_file else {}


def _acting(session: Session, ids: Sequence[str]) -> Mapping[str, Sequence[RepresentativeContact]]:
    acting: dict[str, list[RepresentativeContact]] = {one: [] for one in ids}
    theirs = select(RepresentativeContact).where(col(RepresentativeContact.request_id).in_(ids))
    for contact in session.exec(theirs):
        acting[contact.request_id].append(contact)
    return acting


def gather(
    session: Session, context: Context, notice: Notice, about: Known, now: datetime
) -> Facts | ComplaintFacts | Unsendable:
    """
    Read what a notice needs.

    Args:
        about: From :func:`known`.

    Raises:
        Tampered, ConfigError: a sealed value does not open.
    """
    found, key_way = _about(session, context, notice, about)
    row = _recipient(context, notice, about) if found else None
    if found is None or row is None:
        return Unsendable(_nobody(notice, found))
    challenge = _live(session, notice, now)
    own = _own(session, context, notice, found, now)
    if (notice.event in ("code", key_letters.CODE) and challenge is None) or own is None:
        return Unsendable("stale")
    told = {
        "notice_id": notice.id,
        "event": notice.event,
        "words": words(language_of(found.locale)),
        "now": now,
        **_to(context, row),
        **(_code(context, challenge) if challenge else {}),
        **own,
    }
    if isinstance(found, Complaint):
        return ComplaintFacts(complaint=found, **told)
    told |= _result(session, context, found, notice.event) | {"key_way": key_way}
    return Facts(
        request=found,
        proved=contacts.proved(row),
        acting=isinstance(row, RepresentativeContact),
        warning=notice.identifier_id if notice.event in warnings_due.EVENTS else "",
        link=_link(context, notice, found, now),
        **told,
    )


def _live(session: Session, notice: Notice, now: datetime) -> Challenge | None:
    """Return the code that a notice carries, while it works."""
    found = session.get(Challenge, notice.challenge_id) if notice.challenge_id else None
    works = found is not None and found.used_at is None and found.expires_at > now
    return found if works else None


def _nobody(notice: Notice, found: Request | Complaint | None) -> str:
    """Return how a letter ends that has no address: who did not ask here reads no answer here."""
    outside = found is not None and found.channel in arrivals.CHANNELS
    told = outside and notice.event in notices.TELLABLE
    return notices.UNADDRESSED if told else notices.NO_CONTACT


def _about(
    session: Session, context: Context, notice: Notice, about: Known
) -> tuple[Request | Complaint | None, str]:
    """Return what a notice is about; of a letter about somebody's keys also what the key is."""
    found = about.requests.get(notice.request_id) or about.complaints.get(notice.request_id)
    letter = None if found else key_letters.stand_in(session, context, notice.request_id)
    return (letter[1], letter[0].way) if letter else (found, "")


def _to(context: Context, row: Contact) -> dict[str, Any]:
    """Return where it goes, and whom to write back to."""
    return {
        "context": context,
        "address": contacts.value(context.vault, row),
        "way": contacts.ways(context)[row.type],
        "contact": str(context.datamap.controller.get("dpo_contact", "")),
    }


def _own(
    session: Session, context: Context, notice: Notice, found: Request | Complaint, now: datetime
) -> dict[str, Any] | None:
    """Return what this one letter says; None where it is too late for it, or it is gone."""
    if notice.event == telling.EVENT:
        said, role = telling.letter_of(session, context, notice.id)
        return {"incident": said, "incident_role": role} if said else None
    return _longer(session, context, notice, found, now)


def _longer(
    session: Session, context: Context, notice: Notice, found: Request | Complaint, now: datetime
) -> dict[str, Any] | None:
    """Return what a letter about more time says; None where it is too late for it."""
    if notice.event != extensions.EVENT or not isinstance(found, Request):
        return {}
    told = extensions.to_tell(session, found, notice.id, now)
    if told is None:
        return None
    row, not_after = told
    texts = writings.read(session, context.vault, found.id, (writings.EXTENSION,))
    told_all = not not_me.stopped(found)  # what staff write may tell what is held
    said = tuple(one.text for one in texts if told_all and one.id == row.said_id)
    return {"longer": row, "not_after": not_after, "answers": said}


def _code(context: Context, challenge: Challenge) -> dict[str, Any]:
    return {
        "code": verification.code_of(context, challenge),
        "token": verification.token_of(context, challenge),
        "code_until": challenge.expires_at,
        "challenge_id": challenge.id,
    }


def _recipient(context: Context, notice: Notice, about: Known) -> Contact | None:
    if notice.event in warnings_due.EVENTS:
        warned = (r for r in about.warned.values() if r.id == notice.identifier_id)
        return contacts.best(context, warned)
    subject: Sequence[Contact] = about.identifiers[notice.request_id]
    acting: Sequence[Contact] = about.representatives[notice.request_id]
    if notice.identifier_id:
        named = (r for r in (*subject, *acting) if r.id == notice.identifier_id)
        return contacts.best(context, named)
    request = about.requests.get(notice.request_id)
    to_second = request is not None and reaching.second_reads(
        request, notice.event, named=bool(acting)
    )
    return contacts.best(context, acting if to_second else subject)


def _link(context: Context, notice: Notice, request: Request, now: datetime) -> str:
    """Return where a reader who did not ask for this says so."""
    if notice.event in warnings_due.EVENTS:
        return not_me.link(context, now=now, warning_id=notice.identifier_id)
    if notice.event == "received" and warnings_due.applies(request):
        return not_me.link(context, now=now, request_id=request.id)
    return ""


def _withheld(session: Session, request_id: str) -> Mapping[str, int]:
    made = select(StepRow.result).where(
        StepRow.request_id == request_id, StepRow.action == Action.PACKAGE
    )
    return next((found["withheld"] for found in session.exec(made) if "withheld" in found), {})


def _result(session: Session, context: Context, request: Request, event: str) -> dict[str, Any]:
    """Read what only some events speak of."""
    if event == "outcome":
        receipt = session.get(ReceiptRow, request.id)
        answers = notes.read(session, context.vault, request.id, notes.ANSWER)
        return {
            "receipt": orjson.loads(receipt.body) if receipt else {},
            "answers": tuple(str(answer) for answer in answers),
            "withheld": _withheld(session, request.id),
            "rests_on": resting_on.of(session, request, context.regimes),
        }
    if event in _WORDS:
        return _WORDS[event](session, context, request)
    if event == ANNOUNCED:
        told = notes.read(session, context.vault, request.id, notes.ANSWER)
        ground = resting_on.of(session, request, context.regimes)
        return {"answers": tuple(str(one) for one in told), "rests_on": ground}
    if event.startswith("appeal_"):
        reasons = writings.one(session, context.vault, request.id, writings.APPEAL_REASONS)
        appeal = appeals.of_request(session, request.id)
        return {"appeal": appeal, "answers": (reasons,) if reasons else ()}
    if event.startswith("package_"):
        given = col(Package.state).not_in(HIDDEN)
        query = select(Package).where(Package.request_id == request.id, given)
        newest = query.order_by(col(Package.created_at).desc()).limit(1)
        return {"package": session.exec(newest).first()}
    return {}


def _asked(session: Session, context: Context, request: Request) -> dict[str, Any]:
    return {"asked": tuple(points.waiting(session, context, request))}


def _ended(session: Session, context: Context, request: Request) -> dict[str, Any]:
    del context
    return {"receipt": {"outcome": ended_lines(session, request.id)}}


_WORDS: Final = MappingProxyType({"needs_info": _asked, ENDED: _ended})
"""What some events alone speak of."""
