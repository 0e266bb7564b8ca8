"""
Documents that show who somebody is to the person they act for: taken in sealed, and destroyed.

Each is sealed under a key of its own while it is read, lies in a place apart from packages, keeps
no name, and is never decoded here. The key goes in the very transaction that decides; the object
goes in the same run, and the sweep sees to what that run left behind.

Source: GB/T 35273-2020 8.5(e); PIPL 19, 47(1)(1); GDPR 5(1)(e).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Engine, or_
from sqlmodel import Session, col, select

from rights.domain.errors import Conflict, FieldError, Invalid, RightsError, Unavailable
from rights.domain.lifecycle import TERMINAL, State, Wait
from rights.domain.representation import DOCUMENT_GAPS, EVIDENCE
from rights.logs import get
from rights.services import audit, contacts, points, reaching, representatives, requests
from rights.services.context import Context
from rights.settings import Settings
from rights.store.blobs import Blobs, open_blobs
from rights.store.db import reading, transaction
from rights.store.ids import new_id
from rights.store.models import Evidence, Representation, Request
from rights.store.sealing import SealedFile, SealedFiles, new_data_key, open_range, sealed_size
from rights.store.vault import Vault

MOST_FILES: Final = 5
MOST_BYTES: Final = 5 * 1024 * 1024
OPENED: Final = "evidence_opened"
"""The entry of a look at one document."""

INCOMING: Final = timedelta(hours=1)
"""How long an upload may take; what was cut off goes then."""
_HEAD: Final = 16

TYPES: Final[Mapping[str, bytes]] = MappingProxyType(
    {
        "application/pdf": b"%PDF-",
        "image/png": b"\x89PNG\r\n\x1a\n",
        "image/jpeg": b"\xff\xd8\xff",
    }
)
"""What is taken, by how it begins; what it is called or says it is counts for nothing."""

ENDINGS: Final[Mapping[str, str]] = MappingProxyType(
    {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg"}
)


class TooLarge(RightsError):
    """One document has more bytes than are taken."""

    code = "too_large"


def open_place(settings: Settings) -> Blobs | None:
    """Return where documents lie; None where this deployment takes none."""
    if not settings.evidence_url:
        return None
    return open_blobs(
        settings.evidence_url,
        access_key=settings.evidence_access_key,
        secret_key=settings.evidence_secret_key.get_secret_value(),
        region=settings.blobs_region,
    )


def given(place: Blobs | None) -> Blobs:
    """Return the place where there is one. Raises Unavailable."""
    if place is None:
        raise Unavailable("documents are not taken here: set RIGHTS_EVIDENCE_URL", code="no_place")
    return place


def aad(evidence_id: str) -> str:
    """Return what binds the key of an object to it."""
    return f"evidence|{evidence_id}"


def key_of(evidence_id: str) -> str:
    """Return under which name an object lies: an id and nothing else."""
    return f"evidence/{evidence_id}"


def media_type(head: bytes) -> str:
    """Return what begins like *head*. Raises Invalid, naming what is taken."""
    for name, magic in TYPES.items():
        if head.startswith(magic):
            return name
    wrong = FieldError("document", "is no PDF, PNG or JPEG by its content", tuple(TYPES))
    raise Invalid("this kind of document is not taken", [wrong])


def take(
    engine: Engine,
    context: Context,
    place: Blobs,
    find: Callable[[Session], Request],
    pieces: Iterable[bytes],
    *,
    actor: str,
    now: datetime,
    on_paper: bool = False,
) -> Evidence:
    """
    Seal one document away while it is read; no more of it is in memory than a piece.

    Args:
        find: Returns the request, locked, or raises: called before anything is kept.
        on_paper: Staff put it in; what failed is left to the relay, as they may delete nothing.

    Raises:
        Invalid: it is empty or of no kind that is taken. TooLarge: more than 5 MiB.
        Conflict: the request takes no documents now, or has enough.
    """
    head, rest = begun(pieces)
    found, data_key, undo = media_type(head), new_data_key(), _let_go if on_paper else drop
    with transaction(engine) as session:
        row = _reserved(session, context, find(session), found, data_key, now, on_paper=on_paper)
    try:
        files = SealedFiles(place, row.id, data_key)
        sealed = files.put(key_of(row.id), limited(chain([head], rest)))
    except BaseException:
        undo(engine, place, row.id, now)
        raise
    try:
        return _kept(engine, context, row, sealed, actor=actor, now=now)
    except Conflict:
        undo(engine, place, row.id, now)
        raise


def _kept(
    engine: Engine,
    context: Context,
    row: Evidence,
    sealed: SealedFile,
    *,
    actor: str,
    now: datetime,
) -> Evidence:
    """Say that a document arrived, unless it was decided or destroyed while it was on its way."""
    with transaction(engine) as session:
        request = requests.locked(session, row.request_id)
        kept = session.get_one(Evidence, row.id, with_for_update=True)
        if request.state in TERMINAL or kept.destroyed_at is not None or not kept.wrapped_key:
            message = "this was decided while the document was on its way: nothing of it is kept"
            raise Conflict(message, code="closed")
        kept.file_id, kept.size = sealed.file_id, sealed.size
        kept.destroy_at = now + timedelta(days=context.settings.evidence_days)
        session.add(kept)
        _noted(session, context, request, kept, actor, now)
        session.flush()
        session.expunge(kept)
    return kept


def begun(pieces: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Return how a document begins, enough to tell its kind, and what is left of it."""
    rest, head = iter(pieces), b""
    while len(head) < _HEAD and (piece := next(rest, b"")):
        head += piece
    return head, rest


def limited(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield a document. Raises TooLarge as soon as it has more bytes than are taken."""
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > MOST_BYTES:
            raise TooLarge(f"one document may have {MOST_BYTES} bytes")
        yield piece


def _reserved(
    session: Session,
    context: Context,
    request: Request,
    found: str,
    data_key: bytes,
    now: datetime,
    *,
    on_paper: bool,
) -> Evidence:
    taking(session, request, on_paper=on_paper)
    if len([one for one in live(session, request.id) if one.wrapped_key]) >= MOST_FILES:
        message = f"there are {MOST_FILES} documents already: they are looked at first"
        raise Conflict(message, code="enough_documents")
    evidence_id = new_id()
    row = Evidence(
        id=evidence_id,
        request_id=request.id,
        wrapped_key=context.vault.wrap(data_key, aad=aad(evidence_id)),
        media_type=found,
        uploaded_at=now,
        destroy_at=now + INCOMING,
    )
    session.add(row)
    session.flush()
    session.expunge(row)
    return row


def taking(session: Session, request: Request, *, on_paper: bool = False) -> Representation:
    """
    Return whose documents a request takes now.

    Args:
        on_paper: They came by post or at a counter, and staff put them in.

    Raises:
        NotFound: nobody acts for somebody else in it.
        Conflict: it is closed, nothing has to be shown in it any more, or whoever wants to show
            something has not proved yet that they are reached under the contact they gave.
    """
    row = representatives.find(session, request)
    if request.state in TERMINAL:
        raise Conflict("this request is closed: submit a new one", code="closed")
    if row.attested or (representatives.suffices(row) and not request.needs):
        raise Conflict("no document is needed for this request", code="no_document_needed")
    if on_paper:  # a member of staff stands in the entry; nothing is accepted before the code
        return row
    if not any(contacts.proved(c) for c in reaching.representatives(session, request.id)):
        message = "answer the code sent to your own address first: then documents are taken"
        raise Conflict(message, code="representative_unproved")
    return row


def live(session: Session, request_id: str) -> Sequence[Evidence]:
    """Return the documents of a request that are still there, or on their way."""
    query = select(Evidence).where(
        Evidence.request_id == request_id, col(Evidence.destroyed_at).is_(None)
    )
    return session.exec(query.order_by(col(Evidence.uploaded_at), col(Evidence.id))).all()


def openable(session: Session, request_id: str) -> Sequence[Evidence]:
    """Return the documents of a request that arrived whole and that somebody can still look at."""
    return [one for one in live(session, request_id) if one.file_id and one.wrapped_key]


def opened_by(session: Session, request_id: str, staff_id: str) -> frozenset[str]:
    """Return the documents that a member of staff has opened, and that are still there."""
    there = {one.id for one in openable(session, request_id)}
    looks = audit.looked(session, request_id, OPENED, staff_id)
    return frozenset(there & {look["document"] for look in looks})


def of_request(session: Session, request_id: str) -> Sequence[Evidence]:
    """Return every document a request ever had that arrived whole."""
    query = select(Evidence).where(Evidence.request_id == request_id, Evidence.file_id != "")
    return session.exec(query.order_by(col(Evidence.uploaded_at), col(Evidence.id))).all()


def _noted(
    session: Session, context: Context, request: Request, row: Evidence, actor: str, now: datetime
) -> None:
    """
    Ask for it no more; from now on no date lets the request lapse, and its time counts.

    Only our decision on the documents sets such a date again, not that they were destroyed.
    """
    request.needs = [name for name in request.needs if name not in DOCUMENT_GAPS]
    if request.state is State.VERIFYING:
        request.next_at = None
    data = {"document": row.id, "type": row.media_type, "size": row.size}
    line = audit.Line("evidence_received", actor, data)
    second = representatives.find(session, request)
    representatives.look_again(session, context, request, second, actor=actor, now=now, before=line)


def content(vault: Vault, place: Blobs, row: Evidence) -> Iterator[bytes]:
    """Return a document in clear. Raises NotFound, Tampered."""
    return open_range(
        lambda at, count: place.read(key_of(row.id), at, count),
        sealed_size(row.size),
        data_key=vault.unwrap(row.wrapped_key, aad=aad(row.id)),
        package_id=row.id,
    )


# -- the end of it -----------------------------------------------------------------------------


def shred(session: Session, request_id: str, *, now: datetime) -> int:
    """
    Make every document of a request unreadable, in the transaction that decides.

    What is left of the objects is bytes without a key; :func:`destroy` takes them away.
    """
    rows = live(session, request_id)
    for row in rows:
        row.wrapped_key, row.destroy_at = b"", now
        session.add(row)
    return len(rows)


def destroy(
    engine: Engine, place: Blobs | None, *, now: datetime, settled: datetime | None = None
) -> int:
    """
    Take away every object whose time has come, of closed requests too; return how many went.

    An object that cannot be reached is tried again by the next call; its key is gone all the same.

    Args:
        settled: What is believed of *now*, which their time goes by; all of it if not given.
    """
    over = _over(settled or now)
    with transaction(engine) as session:
        for row in session.exec(over).all():
            row.wrapped_key = b""
            session.add(row)
    if place is None:
        return 0
    with reading(engine) as session:
        due = [row.id for row in session.exec(over).all()]
    gone = 0
    for evidence_id in due:
        try:
            drop(engine, place, evidence_id, now)
            gone += 1
        except Unavailable as error:
            get().error("evidence.not_destroyed", code=error.code)
    _ask_again(engine, due, now)
    return gone


def _over(settled: datetime) -> Any:
    closed = select(Request.id).where(col(Request.closed_at).is_not(None))
    let_go = col(Evidence.wrapped_key) == b""  # whatever the clock said then
    over = col(Evidence.destroy_at) <= settled
    ended = or_(over, let_go, col(Evidence.request_id).in_(closed))
    return select(Evidence).where(col(Evidence.destroyed_at).is_(None), ended)


def drop(engine: Engine, place: Blobs, evidence_id: str, now: datetime) -> None:
    """Delete an object in all its versions, then write down that it is gone."""
    place.delete(key_of(evidence_id))
    with transaction(engine) as session:
        row = session.get(Evidence, evidence_id, with_for_update=True)
        if row is None or row.destroyed_at is not None:
            return
        row.wrapped_key, row.destroyed_at = b"", now
        session.add(row)
        request = session.get(Request, row.request_id, with_for_update=True)
        if request is not None and row.file_id:
            line = audit.Line("evidence_destroyed", "system", {"document": evidence_id})
            audit.append(session, request, [line], now=now)


def _let_go(engine: Engine, _: Blobs, evidence_id: str, now: datetime) -> None:
    """Take the key away; the relay's next sweep takes the object."""
    with transaction(engine) as session:
        row = session.get(Evidence, evidence_id, with_for_update=True)
        if row is not None:
            row.wrapped_key, row.destroy_at = b"", now
            session.add(row)


def _ask_again(engine: Engine, gone: Sequence[str], now: datetime) -> None:
    """
    Ask for documents anew where their time was over before anybody had decided.

    Whoever is asked has all the time there is: nobody lost it but us, so the request lapses by no
    date (:func:`_noted`) and stays with us, late where it is, until somebody decides.

    Source: NDSR 23; PIPL 50.
    """
    with transaction(engine) as session:
        mine = select(Evidence.request_id).where(col(Evidence.id).in_(gone)).distinct()
        for request_id in session.exec(mine).all():
            request = requests.locked(session, request_id)
            row = session.get(Representation, request_id)
            if request.state is not State.VERIFYING or row is None or representatives.suffices(row):
                continue
            if live(session, request_id) or {*request.needs} & {*DOCUMENT_GAPS}:
                continue
            request.needs, request.wait = [*request.needs, EVIDENCE], Wait.NEEDS_INFO
            points.tell(session, request, [EVIDENCE], now=now)
