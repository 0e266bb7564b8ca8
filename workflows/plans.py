"""Plans as rows: read, and notice drift."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from rights.domain.actions import Action
from rights.domain.errors import Drift
from rights.store.models import PlanRow
from workflows.plan import Plan, Step


def plan_from(body: dict[str, Any]) -> Plan:
    """Read what ``Plan.to_json`` wrote."""
    steps = tuple(
        Step(
            **{
                **s,
                "action": Action(s["action"]),
                "collections": tuple(s["collections"]),
                "switches": tuple(s["switches"]),
                "unhook": tuple(s["unhook"]),
            }
        )
        for s in body["steps"]
    )
    return Plan(
        steps,
        body["config_hash"],
        body["schema_hash"],
        body["counts"],
        body["holds"],
        tuple(body["warnings"]),
        body.get("grounds", {}),
        body.get("outlook", {}),
    )


def read_plan(session: Session, request_id: str) -> tuple[Plan | None, bool]:
    """Return the plan of a request, if it was made, and whether it may be carried out."""
    row = session.get(PlanRow, request_id)
    if row is None:
        return None, True
    return plan_from(row.body), not row.needs_approval or row.approved_at is not None


def check_drift(plan: Plan, config_hash: str, schema_hash: str) -> None:
    """
    Compare the plan's facts with those of now.

    Raises:
        Drift: the map or a store's schema is not what the plan was made for.
    """
    if plan.config_hash != config_hash:
        message = "the data map changed since the plan was made: plan again and approve again"
        raise Drift(message, why="map_changed")
    if plan.schema_hash and schema_hash and plan.schema_hash != schema_hash:
        message = "a store's schema changed since the plan was made: plan again, approve again"
        raise Drift(message, why="schema_changed")
