"""What a person gave with a request, under seal."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from rights.domain.conversation import is_part
from rights.domain.correctable import added_up
from rights.domain.kinds import Kind
from rights.services import notes
from rights.store.models import Request
from workflows.floor import Floor


def values_of(session: Session, floor: Floor, request: Request) -> dict[str, Any]:
    """
    Return the sealed values of a request (changes, tags …), later ones over earlier ones.

    Corrections add up, field by field: what is asked for later is added to what was.
    """
    out: dict[str, Any] = {}
    said = sealed_values(session, floor, request)
    for value in said:
        out.update(value)
    changes = added_up(said)
    return out | ({"changes": changes} if changes else {})


def sealed_values(session: Session, floor: Floor, request: Request) -> list[dict[str, Any]]:
    """Return each set of values that came with a request, in the order they came."""
    takes = request.kind in (Kind.CORRECTION, Kind.RECOMMENDATION_OPT_OUT)
    if not takes and not is_part(request.parameters):
        return []
    return notes.read(session, floor.context.vault, request.id, "values")
