"""
The approved plan is the executed plan: what changed since then stops it before its first effect.

Map and schema are compared before every effect that reads or destroys values. How many rows there
are is compared once, by the first effect on each collection, of plans that somebody has read: a
row more may be one that whoever approved has never seen. Our own effects change counts too, so
once one of an earlier phase was begun there is nothing to compare with; and staff who let a
failed step run again have looked.
"""

from __future__ import annotations

from rights.domain.errors import Drift
from workflows.claims import Claim
from workflows.counting import counts_of
from workflows.floor import Floor
from workflows.holds import rulings_of
from workflows.plans import check_drift
from workflows.preparing import schema_hash
from workflows.recipes import EFFECTS
from workflows.targets import keys_of
from workflows.view import View


def unchanged(floor: Floor, claim: Claim) -> None:
    """
    Make sure that a plan still fits.

    Raises:
        Drift: the map, a store's schema, or a count is not what the plan was made for.
        Transient: a store could not be asked.
    """
    if claim.plan is None or claim.step is None:
        return
    schema = schema_hash(floor, claim.plan.steps) if claim.plan.schema_hash else ""
    check_drift(claim.plan, floor.context.datamap.hash, schema)
    if claim.plan.counts and _first(claim):
        _as_many(floor, claim)


def _first(claim: Claim) -> bool:
    """Return whether no effect of an earlier phase was begun, and this one was not before."""
    phase = claim.step.phase if claim.step else 0
    return claim.fence == 1 and not any(
        row.fence for row in claim.rows if row.action in EFFECTS and row.phase < phase
    )


def _as_many(floor: Floor, claim: Claim) -> None:
    """Compare how many rows there are now, in this step's collections and in later phases'."""
    plan, step = claim.plan, claim.step
    if plan is None or step is None:
        return
    mine = tuple(s for s in plan if s == step or (s.action in EFFECTS and s.phase > step.phase))
    predicates = floor.routes(claim.request.kind).predicates
    view = View(claim.request, predicates, keys_of(floor, claim), rulings_of(claim))
    now = counts_of(floor, mine, view)
    changed = sorted(
        path
        for path, found in now.items()
        if path in plan.counts and found["rows"] != plan.counts[path]["rows"]
    )
    if changed:
        raise Drift(
            f"there are not as many rows as when the plan was made, in {', '.join(changed)}:"
            " plan again, approve again"
        )
