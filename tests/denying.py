"""Two members of staff who deny a request, as the command line does: for tests of what follows."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, select

from rights.services import denial_proposals
from rights.services.context import Context
from rights.services.denials import Said
from rights.store.models import Request, Staff


def denied(
    session: Session, context: Context, request: Request, staff: Staff, said: Said, *, now: datetime
) -> None:
    """Let *staff* propose it and a second person, who had no other part in it, confirm it."""
    made = denial_proposals.propose(session, context, request, staff, said, now=now)
    denial_proposals.confirm(session, context, request, made, second(session, now), now=now)


def second(session: Session, now: datetime) -> Staff:
    """Return the second person, who may approve and nothing else."""
    found = session.exec(select(Staff).where(Staff.name == "second")).first()
    if found is None:
        found = Staff(name="second", roles=["approver"], created_at=now)
        session.add(found)
        session.flush()
    return found
