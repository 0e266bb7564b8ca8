"""
Deleted tags do not come again: noted for every name under which a worker knows the person.

What they typed is noted when the request is taken in; a job may know them by another identifier.

Source: NDSR 42; Algorithmic Recommendation Provisions 17.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from connectors.sdk import KeySet
from rights.services import kept_tags
from rights.services.persons import persons
from rights.store.models import Request
from workflows.floor import Floor
from workflows.given import values_of


def finished(
    session: Session, floor: Floor, request: Request, keys: KeySet, *, now: datetime
) -> None:
    """Keep the tags of a request away, unless the person has let them come again meanwhile."""
    if not kept_tags.stands(session, request.id):
        return
    vault = floor.context.vault
    who = persons(vault, floor.context.datamap, keys)
    tags = values_of(session, floor, request).get("tags", ())
    kept_tags.keep_away(session, vault, who, tags, request_id=request.id, now=now)
