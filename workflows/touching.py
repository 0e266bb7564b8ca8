"""Which stores a step is at work in."""

from __future__ import annotations

from rights.domain.actions import Action
from rights.domain.kinds import Kind
from rights.store.models import Request
from workflows.floor import Floor
from workflows.plan import Asked


def touched(floor: Floor, request: Request, store: str, action: str) -> frozenset[str]:
    """Return the stores that a step is at work in; what makes the plan asks several."""
    if store or action != Action.PREPARE:
        return frozenset({store} - {""})
    if request.kind is Kind.CORRECTION:  # what it names is sealed
        return frozenset(s.name for s in floor.context.datamap)
    routes = floor.routes(request.kind)
    asked = Asked(
        request.kind,
        request.option,
        purposes=tuple(request.parameters.get("purposes", ())),
        decision=str(request.parameters.get("decision", "")),
    )
    steps = routes.steps(asked, floor.manifests)
    needed = routes.needed({path for step in steps for path in step.collections})
    return frozenset({p.partition(".")[0] for p in needed} | {s.store for s in steps if s.store})
