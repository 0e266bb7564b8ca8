"""Give work back, and ring for whoever is free to go on with it."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from rights.services import outbox, requests
from rights.store.db import transaction
from rights.store.models import Request, StepRow, StepState
from workflows import admission
from workflows.claims import Claim
from workflows.floor import Floor


def hand_back(floor: Floor, claim: Claim) -> None:
    """Give a claimed step back, unstarted or done in part: somebody else's turn."""
    floor.leases.release(claim.step_id)
    with transaction(floor.register) as session:
        request = requests.locked(session, claim.request.id)
        row = session.get(StepRow, claim.step_id)
        if row and row.state is StepState.RUNNING and row.fence == claim.fence:
            row.state, row.next_at, row.lease_owner = StepState.TODO, None, ""
            row.code = row.note = ""
            row.attempts -= 1
            admission.left(session, floor, row.id, claim.places)
            ring(session, request, floor.now())


def ring(session: Session, request: Request, now: datetime) -> None:
    """Have a worker look at *request*."""
    queue = requests.queue_of(request)
    outbox.emit(session, "advance", now=now, queue=queue, request_id=request.id)
