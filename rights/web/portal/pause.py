"""
What the page of a request says of a pause that was chosen: until when, and both ways to end it.

Source: NDSR 23; E-Commerce Law 24; GB/T 35273-2020 8.5.
"""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from rights.services import cooling
from rights.services.portal_sessions import Visit
from rights.services.reaching import PROCEED
from rights.store.models import Request
from rights.web.portal import pages, proofs


def offered(session: Session, here: Visit, found: Request) -> dict[str, Any]:
    """Return what the page of a request says of the pause; nothing where there is none."""
    if not cooling.cools(found) or found.not_me_at is not None:
        return {"pause": None}
    day = cooling.until(found)
    opened_by = proofs.opening(session, here, found, PROCEED, found.level_needed)
    return {
        "pause": {
            "until": pages.moment(day, found) if day else "",
            "mine": here.changes(found),
            **opened_by,
        }
    }
