"""
What whoever wrote a letter gives later, as the page of a request takes it: an address of theirs,
and documents that came on paper.

A form brings one document, and how much that may be is decided before it is read.

Source: PIPL 31, 49, 50; Civil Code 165; GB/T 35273-2020 8.5(e).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from sqlmodel import Session

from rights.domain.duties import Act
from rights.domain.errors import ConfigError, Conflict, Forbidden, Invalid
from rights.services import arrivals, contacts, evidence, given_later
from rights.services.context import Context
from rights.store.models import Request
from rights.web.console import documents, door, pages
from rights.web.parts import parts

if TYPE_CHECKING:
    from rights.web.console.acts import Turn

DOCUMENT: Final = "add_document"
PREFIX: Final = "contact."
REFUSED: Final = (Conflict, Forbidden, Invalid, evidence.TooLarge)
_FORM: Final = evidence.MOST_BYTES + 64 * 1024


def most() -> int:
    """Return how many bytes a form may have of whoever is here."""
    return _FORM if parts().evidence is not None and door.may(Act.LOG_REQUEST) else 0


def offered(session: Session, context: Context, request: Request) -> dict[str, Any]:
    """Return what can be added to a request that staff logged, by the name of the act."""
    if request.channel not in arrivals.CHANNELS or not door.may(Act.LOG_REQUEST):
        return {}
    takes = given_later.takes_documents(session, request)
    return {
        "add_contact": _types(context) if given_later.takes_contact(session, request) else [],
        DOCUMENT: takes and parts().evidence is not None,
        "no_place": takes and parts().evidence is None,
    }


def _types(context: Context) -> list[tuple[str, str]]:
    w = pages.said()
    return [(one, w.find("identifiers", one) or one) for one in contacts.kinds(context.datamap)]


def _add_contact(turn: Turn) -> None:
    typed = {one: turn.text(PREFIX + one) for one, _ in _types(turn.context)}
    given = {one: value for one, value in typed.items() if value}
    about = (turn.session, turn.context, turn.request, turn.staff, given)
    given_later.add_contact(*about, now=turn.now)


def _no_document(_: Turn) -> None:
    """A form without a document is refused like one that holds none."""
    evidence.media_type(b"")


ACTS: Final[Mapping[str, Callable[[Turn], None]]] = MappingProxyType(
    {"add_contact": _add_contact, DOCUMENT: _no_document}
)


def taken(request_id: str, content: Iterable[bytes]) -> None:
    """Put one document in. Raises :data:`REFUSED`, NotFound, Unavailable."""
    here = parts()
    about = (here.engine, here.context, evidence.given(here.evidence), request_id)
    try:
        given_later.add_document(*about, content, door.staff(), now=here.now())
    except ConfigError:
        raise documents.closed() from None
