"""Two members of staff who deny a request, as the command line does: for tests of what follows."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, select

from rights.services import content_approvals, denial_proposals
from rights.services.context import Context
from rights.services.denials import Said
from rights.store.models import Request, Staff


def denied(
    session: Session, context: Context, request: Request, staff: Staff, said: Said, *, now: datetime
) -> None:
    """Let *staff* propose it and a second person, who had no other part in it, confirm it."""
    made = denial_proposals.propose(session, context, request, staff, said, now=now)
    other = second(session, now)
    if content_approvals.needed(session, request):
        third = Staff(name=f"third-{request.id}", roles=["dpo"], created_at=now)
        session.add(third)
        asked = content_approvals.ask(session, request, other, "answer", now=now)
        session.flush()
        content_approvals.approve(session, asked.id, third, hours=1, now=now)
    denial_proposals.read_by(session, context, request, made, other, now=now)
    denial_proposals.confirm(session, context, request, made, other, now=now)


def second(session: Session, now: datetime) -> Staff:
    """Return the second person, who may approve and nothing else."""
    found = session.exec(select(Staff).where(Staff.name == "second")).first()
    if found is None:
        found = Staff(name="second", roles=["approver"], created_at=now)
        session.add(found)
        session.flush()
    return found
