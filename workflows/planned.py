"""What is kept of a plan once it was made, and whether somebody has to approve it first."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from rights.services import plans
from rights.services.replanning import asked_again
from rights.store import rows as direct
from rights.store.models import KeyringRow, PlanRow, Request
from workflows import disputing, together, turns
from workflows.claims import Claim, Done
from workflows.floor import Floor
from workflows.keyring import sealed_keys


def wants_approval(floor: Floor, claim: Claim) -> bool:
    """Return whether somebody has to approve the plan that *claim* makes."""
    kinds = floor.context.settings.approval_kinds
    again = bool(asked_again(claim.rows))
    return floor.force_approval or again or claim.request.kind in kinds


def keep_plan(
    session: Session, floor: Floor, request: Request, claim: Claim, outcome: Done, now: datetime
) -> None:
    """Write a plan down with its keys, and whom it is about, as its step ends."""
    plan = outcome.plan
    if plan is None:
        return
    made = PlanRow(
        request_id=request.id,
        config_hash=plan.config_hash,
        schema_hash=plan.schema_hash,
        hash=plan.hash,
        body=plan.to_json(),
        created_at=now,
        needs_approval=wants_approval(floor, claim),
    )
    direct.insert_objects(session, [made])
    plans.keep_sample(session, floor.context.vault, request.id, outcome.sample, now)
    turns.remember(session, floor.context, request, outcome.keys, now)
    together.remember(session, floor.context, request, outcome.keys, now)
    disputing.begin(session, floor, request, outcome.keys, now)
    sealed = sealed_keys(floor.context.vault, request.id, outcome.keys)
    keyring = KeyringRow(request_id=request.id, sealed=sealed, created_at=now)
    direct.insert_objects(session, [keyring])
