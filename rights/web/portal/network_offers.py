"""Whether a request's page offers the national network identity, and what became of it there."""

from __future__ import annotations

from typing import Any, Final

from sqlmodel import Session

from rights.domain.levels import Matched
from rights.domain.policy import NETWORK_IDENTITY
from rights.services import assurance, proofs, ways
from rights.services.portal_sessions import Visit
from rights.services.way_catalogue import catalogue
from rights.store.models import Request
from rights.web.parts import parts
from rights.web.portal import door, pages, provable
from rights.web.portal.provable import knows, visit_of

_WAYS: Final = frozenset({str(Matched.NETWORK_IDENTITY), str(Matched.NETWORK_ACCOUNT)})


def offered(session: Session, here: Visit, found: Request) -> dict[str, Any]:
    """Return what the page shows of this way; nothing where no bridge is set up."""
    if door.in_frame() or not _useful(session, here, found):
        return {NETWORK_IDENTITY: None}
    said, words = catalogue()[NETWORK_IDENTITY], pages.said()
    tried = proofs.last_try(session, found.id, visit_of(here), _WAYS)
    return {
        NETWORK_IDENTITY: {
            "title": words.either(said.title),
            "about": words.either(said.about),
            "last": provable.outcome(tried, parts().now()),
        }
    }


def _useful(session: Session, here: Visit, found: Request) -> bool:
    """Tell whether it could prove what is still needed, to whoever answered a code here."""
    context, said = parts().context, catalogue()[NETWORK_IDENTITY]
    if not ways.may(context, found, said) or not assurance.coded(session, found):
        return False
    if not knows(here, found) or not provable.needed(session, here, found, parts().now()):
        return False
    brings = ways.brings(session, context, found, said)
    return brings > found.level or (brings > 0 and found.state not in provable.UNPROVED)
