"""
The approved plan is the executed plan: what changed since then stops it before its first effect.

Map and schema are compared before every effect that reads or destroys values. How many rows there
are is compared before the first effect on each collection, of plans that somebody has read: a row
more may be one that whoever approved has never seen. Our own effects change counts too: once one
of an earlier phase was begun, or this one has taken rows away in an earlier turn, there is nothing
to compare with. Staff who let a step run again that had drifted have looked.
"""

from __future__ import annotations

from rights.domain.actions import EFFECTS
from rights.domain.errors import Drift
from workflows.claims import Claim
from workflows.counting import counts_of
from workflows.floor import Floor
from workflows.holds import rulings_of
from workflows.plans import check_drift
from workflows.preparing import schema_hash
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
    if claim.plan.counts and not _begun_before(claim) and not _looked_at(claim):
        _as_many(floor, claim)


def _begun_before(claim: Claim) -> bool:
    """Return whether an effect of an earlier phase was begun."""
    phase = claim.step.phase if claim.step else 0
    return any(r.fence for r in claim.rows if r.action in EFFECTS and r.phase < phase)


def _looked_at(claim: Claim) -> bool:
    """Return whether staff let this step run again after it had drifted."""
    return any(r.code == Drift.code for r in claim.rows if r.id == claim.step_id)


def _as_many(floor: Floor, claim: Claim) -> None:
    """Compare how many rows there are now, in this step's collections and in later phases'."""
    plan, step = claim.plan, claim.step
    if plan is None or step is None:
        return
    mine = tuple(s for s in plan if s == step or (s.action in EFFECTS and s.phase > step.phase))
    predicates = floor.reaching(claim.request)
    view = View(claim.request, predicates, keys_of(floor, claim), rulings_of(claim))
    now = counts_of(floor, mine, view)
    then = {path: found["rows"] for path, found in plan.counts.items()}
    more = {p for p, found in now.items() if p in then and found["rows"] > then[p]}
    less = {p for p, found in now.items() if p in then and found["rows"] < then[p]}
    if claim.fence > 1 and less:
        return  # an earlier turn of this step has begun: it goes on with what was approved
    if changed := sorted(more | less):
        raise Drift(
            f"there are not as many rows as when the plan was made, in {', '.join(changed)}:"
            " plan again, approve again",
            why="rows_changed",
        )
