"""Members of the privacy staff: who there is, and what they tried and may not do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, select

from rights.domain.errors import Forbidden, Invalid, RightsError
from rights.domain.minors import ContentClosed
from rights.services import audit, requests
from rights.store.models import Staff

NOBODY: Final = "unknown"
"""Who came with a session that the register does not know."""


@dataclass(frozen=True, slots=True)
class Tried:
    """
    What a member of staff tried.

    Args:
        act: Name of the page and its form, or of the command; never what was typed.
        request_id: Of which request, if of one.
    """

    act: str = ""
    request_id: str = ""


_UNSAID: Final = Tried()
_NONE_OF: Final = "one_of"
"""The rule that a value is none of those that would do."""


def staff_named(session: Session, name: str) -> Staff:
    """
    Return a member of staff.

    Raises:
        Forbidden: there is none of that name, or not any more.
    """
    query = select(Staff).where(Staff.name == name, col(Staff.closed_at).is_(None))
    found = session.exec(query).first()
    if found is None:
        raise Forbidden("no member of staff has that name: add one with `rights staff add`")
    return found


def refused(
    session: Session,
    staff: Staff,
    error: RightsError,
    tried: Tried = _UNSAID,
    *,
    now: datetime,
) -> None:
    """
    Note what a member of staff tried and may not do.

    It is an entry of the day, because nothing happened to the request; the content of a minor's
    is the exception: whoever tried to open it stands in the request's own chain.
    """
    actor = f"staff:{staff.id}"
    if isinstance(error, ContentClosed):
        said = _said(error, Tried(tried.act))  # which request it was says the chain
        request = requests.locked(session, error.request_id)
        audit.append(session, request, [audit.Line("staff_refused", actor, said)], now=now)
        return
    audit.append_day(session, audit.Line("staff_refused", actor, _said(error, tried)), now=now)


def turned_away(
    session: Session, staff_id: str, error: RightsError, act: str, *, now: datetime
) -> None:
    """
    Note that a browser came with a session that is over, or that the register does not know.

    Args:
        staff_id: Whose session it was; empty where nobody's is known.
    """
    actor = f"staff:{staff_id}" if staff_id else NOBODY
    line = audit.Line("staff_refused", actor, _said(error, Tried(act)))
    audit.append_day(session, line, now=now)


def _said(error: RightsError, tried: Tried) -> dict[str, str]:
    needs = error.act if isinstance(error, Forbidden) else ""
    rules = {one.rule or _NONE_OF for one in error.errors} if isinstance(error, Invalid) else ()
    said = {
        "code": error.code,
        "rule": " ".join(sorted(rules)),
        "act": tried.act,
        "needs": needs,
        "request": tried.request_id,
    }
    return {name: value for name, value in said.items() if value}
