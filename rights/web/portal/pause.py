"""
What the page of a request says of a pause that was chosen: until when, and both ways to end it.

Source: NDSR 23; E-Commerce Law 24; GB/T 35273-2020 8.5.
"""

from __future__ import annotations

from typing import Any, Final

from sqlmodel import Session

from rights.domain.lifecycle import CALLED_OFF, State
from rights.domain.products import named
from rights.services import cooling, meanwhile
from rights.services.portal_sessions import Visit
from rights.services.reaching import PROCEED
from rights.store.models import Request
from rights.web.parts import parts
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
            **_restricted(session, here, found),
            **opened_by,
        }
    }


def _restricted(session: Session, here: Visit, found: Request) -> dict[str, str]:
    """Return how far it is with putting the data out of use, and where that is shown."""
    made = meanwhile.of(session, found)
    state = made.state if made else State.OPEN
    how = _SAID.get(state, "" if state in CALLED_OFF else "restricting")
    shown = made.id if made and here.person and state in _SAID else ""
    if how and named(found.parameters):
        possible = meanwhile.restrictable(parts().context, found)
        how = _OF_PRODUCT[how] if possible else "product_untouched"
    return {"restricted": how, "restriction": shown}


_OF_PRODUCT: Final = {
    "restricting": "product_restricting",
    "restricted": "product_restricted",
    "restricted_partly": "product_restricted_partly",
}
"""What is said of one product, in place of what is said of the whole account."""

_SAID: Final = {State.FULFILLED: "restricted", State.PARTIALLY_FULFILLED: "restricted_partly"}
