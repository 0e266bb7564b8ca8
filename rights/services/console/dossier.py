"""
One request as staff see it: where it stands, what was done and by whom, what is planned, what
waits. Codes, counts and dates; what a person wrote, or was found about them, is opened apart.

Source: PIPL 51; NDSR 9.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlmodel import Session, col, func, select

from rights.domain import alerts
from rights.domain.actions import Action
from rights.services import (
    appeals,
    asking_again,
    audit,
    clock_pauses,
    content_approvals,
    evidence,
    extensions,
    letters_read,
    parts_left_out,
    plans,
    requests,
)
from rights.services.console import assigning, contents, held, people
from rights.services.console.contents import Contents
from rights.services.console.listing import Line
from rights.services.context import Context
from rights.store.models import (
    Aftercare,
    Appeal,
    AskProposal,
    Backend,
    ClockPause,
    Complaint,
    DenialProposal,
    Entry,
    Evidence,
    ExtensionRow,
    HeldRows,
    JournalRow,
    Notice,
    Package,
    PartProposal,
    PlanRow,
    ReceiptRow,
    Request,
    StepRow,
    StepState,
    Writing,
)

MOST_ENTRIES: Final = 100
"""Entries of a timeline that are read at once."""

MOST: Final = 100
"""Rows of any other list about a request that are read at once: the newest."""

_CHANGING: Final = (StepState.MANUAL, StepState.FAILED)


@dataclass(frozen=True, slots=True)
class Progress:
    """One step of a request: what it does where, how far it is, and what stands in its way."""

    id: str
    name: str
    phase: int
    action: str
    store: str
    state: str
    code: str
    note: str
    attempts: int
    rows: int
    done_at: datetime | None
    done_by: str
    waits: bool

    @property
    def by_hand(self) -> bool:
        """Whether a member of staff does it."""
        return self.state == StepState.MANUAL


@dataclass(frozen=True, slots=True)
class Dossier:
    """
    Everything about one request that is no content.

    Args:
        share: How much of its time is used up, in percent.
        minors: Content is opened with an approval only.
        entries: Of its trail, :data:`MOST_ENTRIES` at most; the others are before them.
        plan: As ``plans.shown`` gives it; None before it was made.
        outlook: What the plan would come to, as a worker foresaw it.
        grounds: Path to each ground of the law and whether it applies.
        proposal: A denial that waits for a second person.
        asking: A second list for the person that waits for one.
        parts: What is proposed to be left out, while it waits for a second person.
        left: What is left out of the plan: path to reason.
        complaints: About it, the newest :data:`MOST`, oldest first.
        pauses: Times in which its clock stood still, oldest first.
        letters: The newest notices to the person, oldest first: event, state, when.
        documents: Of a representative, that somebody can still look at.
        held: Rows that it left because something holds them, and those that ended since.
        contents: What was read for its package, by collection.
        apart: Something was taken out of the package that staff can look at.
        aftercare: What is looked at again, owed or found after it was closed.
        related: Other requests of the same person, and whether there are more.
        writings: How many messages there are, and whether the last one is the person's.
    """

    request: Request
    product: str
    assigned: str
    share: int
    minors: bool
    entries: Sequence[Entry]
    steps: Sequence[Progress]
    plan: dict[str, Any] | None
    outlook: Mapping[str, Any]
    grounds: Mapping[str, Any]
    proposal: DenialProposal | None
    asking: AskProposal | None
    parts: PartProposal | None
    left: Mapping[str, str]
    appeal: Appeal | None
    complaints: Sequence[Complaint]
    letters: Sequence[Notice]
    packages: Sequence[Package]
    documents: Sequence[Evidence]
    held: Sequence[HeldRows]
    contents: Sequence[Contents]
    apart: bool
    receipt: ReceiptRow | None
    messages: int
    related: tuple[Sequence[Line], bool]
    extensions: Sequence[ExtensionRow]
    pauses: Sequence[ClockPause]
    aftercare: Sequence[Aftercare]


def read(
    session: Session, context: Context, request_id: str, *, now: datetime, before: int = 0
) -> Dossier:
    """
    Return what staff see of a request. Raises NotFound.

    Args:
        before: Entries from before this one, in place of the newest; 0 for those.
    """
    request = requests.find(session, request_id)
    steps = _step_rows(session, request_id)
    return Dossier(
        request=request,
        product=_product(session, request.backend_id),
        assigned=assigning.of(session, request_id),
        share=_share(request, now),
        minors=content_approvals.needed(session, request),
        entries=audit.newest(session, request_id, before=before, limit=MOST_ENTRIES),
        steps=_steps(session, request_id, steps),
        **_planned(session, request_id),
        proposal=_proposal(session, request_id),
        asking=asking_again.waiting(session, request_id),
        parts=parts_left_out.waiting(session, request_id),
        left=parts_left_out.in_force(session, request),
        appeal=appeals.of_request(session, request_id),
        complaints=_complaints(session, request_id),
        letters=letters_read.newest(session, request_id),
        packages=_newest(session, Package, request_id),
        documents=evidence.openable(session, request_id),
        held=held.of_request(session, request_id),
        contents=contents.of(steps),
        apart=contents.apart(steps),
        aftercare=_newest(session, Aftercare, request_id),
        receipt=session.get(ReceiptRow, request_id),
        messages=_messages(session, request_id),
        related=people.related(session, context, request),
        extensions=extensions.of_request(session, request_id),
        pauses=clock_pauses.of_request(session, request_id),
    )


def _product(session: Session, backend_id: str) -> str:
    found = session.get(Backend, backend_id) if backend_id else None
    return found.name if found else ""


def _share(request: Request, now: datetime) -> int:
    still = timedelta(days=request.paused_days)
    until = request.closed_at or request.paused_at or now
    whole = (request.promised_at - request.received_at - still).total_seconds()
    gone = (until - request.received_at - still).total_seconds()
    return max(0, round(100 * gone / whole)) if whole > 0 else alerts.LATE


def _step_rows(session: Session, request_id: str) -> Sequence[StepRow]:
    query = select(StepRow).where(StepRow.request_id == request_id)
    return session.exec(query.order_by(col(StepRow.phase), col(StepRow.id))).all()


def _steps(session: Session, request_id: str, rows: Sequence[StepRow]) -> list[Progress]:
    done = _touched(session, request_id)
    first = min((r.phase for r in rows if not _over(r)), default=0)
    return [_progress(row, done.get(row.id, 0), turn=row.phase == first) for row in rows]


def _over(row: StepRow) -> bool:
    return row.state in (StepState.DONE, StepState.LEFT_OUT)


def _progress(row: StepRow, rows: int, *, turn: bool) -> Progress:
    return Progress(
        id=row.id,
        name=row.id.partition("-")[2],
        phase=row.phase,
        action=str(Action(row.action)),
        store=row.store,
        state=str(row.state),
        code=row.code,
        note=row.note,
        attempts=row.attempts,
        rows=rows,
        done_at=row.done_at,
        done_by=row.done_by,
        waits=turn and row.state in _CHANGING,
    )


def _touched(session: Session, request_id: str) -> dict[str, int]:
    """Return how many rows each step has changed so far, as its journal says."""
    query = (
        select(JournalRow.step_id, func.sum(JournalRow.affected))
        .where(JournalRow.request_id == request_id)
        .group_by(col(JournalRow.step_id))
    )
    return {step: int(count or 0) for step, count in session.exec(query)}


def _planned(session: Session, request_id: str) -> dict[str, Any]:
    """Return what is planned for a request, and what workers foresaw of it, if anything is."""
    if session.get(PlanRow, request_id) is None:
        return {"plan": None, "outlook": {}, "grounds": {}}
    outlook, grounds = plans.judged(session, request_id)
    plan = plans.shown(session, request_id)
    return {"plan": plan, "outlook": outlook, "grounds": grounds}


def _proposal(session: Session, request_id: str) -> DenialProposal | None:
    query = select(DenialProposal).where(
        DenialProposal.request_id == request_id, DenialProposal.outcome == ""
    )
    return session.exec(query).first()


def _complaints(session: Session, request_id: str) -> Sequence[Complaint]:
    query = select(Complaint).where(Complaint.request_id == request_id)
    newest = col(Complaint.received_at).desc(), col(Complaint.id).desc()
    return session.exec(query.order_by(*newest).limit(MOST)).all()[::-1]


def _newest(session: Session, model: Any, request_id: str) -> Sequence[Any]:
    query = select(model).where(model.request_id == request_id)
    newest = model.created_at.desc(), model.id.desc()
    return session.exec(query.order_by(*newest).limit(MOST)).all()[::-1]


def _messages(session: Session, request_id: str) -> int:
    query = select(func.count()).where(
        col(Writing.request_id) == request_id,
        col(Writing.purpose).in_(("message_person", "message_staff")),
    )
    return int(session.exec(query).one())
