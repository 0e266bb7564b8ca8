"""
The guardians of the minors whom an incident hit: listed for who has a colleague's word for it.

The list is a minor's content: it stands in the trail of each of them before it is given out.

Source: Minors Regulation 35, 36.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session

from rights.domain import duties, minors
from rights.services import audit, requests
from rights.services.context import Context
from rights.services.security_incidents import people, scope, touched
from rights.services.security_incidents.people import Person
from rights.services.security_incidents.scope import Scope
from rights.store.db import picture, transaction
from rights.store.models import SecurityIncident, Staff


def check(staff: Staff, agreed: Staff) -> None:
    """Make sure that both may. Raises Forbidden: one may not, or they are the same person."""
    duties.check(staff.roles, duties.Act.LIST_TOUCHED)
    duties.check(agreed.roles, duties.Act.APPROVE_MINOR)
    minors.check_second(staff.id, agreed.id)


def listed(
    register: Engine,
    context: Context,
    incident: SecurityIncident,
    staff: Staff,
    agreed: Staff,
    *,
    now: datetime,
) -> Iterator[dict[str, Any]]:
    """
    Yield each minor with the contacts of their guardians; none where no guardian is known.

    Raises:
        Forbidden: their roles do not allow it, or nobody else agreed.
        Conflict: nobody has said in which time people were hit.
    """
    check(staff, agreed)
    where = scope.of(incident)
    with picture(register) as connection:
        for batch in people.following(connection, where):
            young = [one for one in batch if one.minor]
            with transaction(register) as session:
                found = _opened(session, context, where, young)
                _note(session, young, incident, staff, agreed, now)
            yield from found


def _opened(
    session: Session, context: Context, where: Scope, young: Sequence[Person]
) -> list[dict[str, Any]]:
    theirs = people.guardians(context, session, young)
    return [
        {
            "what": "minor",
            "person": touched.number(where, one.key),
            "request": one.request_id,
            "guardians": theirs[one.key],
        }
        for one in young
    ]


def _note(
    session: Session,
    young: Sequence[Person],
    incident: SecurityIncident,
    staff: Staff,
    agreed: Staff,
    now: datetime,
) -> None:
    data = {"incident": incident.id, "agreed_by": agreed.id}
    line = audit.Line("guardians_listed", f"staff:{staff.id}", data)
    for request_id in sorted(one.request_id for one in young):
        request = requests.locked(session, request_id)
        audit.append(session, request, [line], now=now)
