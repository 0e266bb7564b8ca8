"""
What is added to an authority, and the principal's and the child's own word on who acts.

Source: PIPL 31; Civil Code 165.
"""

from __future__ import annotations

from flask import request as call
from sqlmodel import Session
from werkzeug import Response

from rights.domain.errors import Invalid, NotFound
from rights.domain.levels import level
from rights.domain.representation import Role
from rights.services import assurance, guardians, representatives
from rights.store.db import transaction
from rights.store.models import Request
from rights.web.api import representing
from rights.web.parts import parts
from rights.web.portal import acting, door, pages, standing
from rights.web.portal.following import shown
from rights.web.portal.mistakes import Mistakes

area = door.private("acting")
pages.errors(area)


def _own(session: Session, request_id: str) -> Request:
    """Return a request in which this visit is the representative. Raises NotFound."""
    found = door.visit().find(session, request_id, lock=True)
    if not standing.acts(door.visit(), found):
        raise NotFound("what somebody may do for another is not the other's to say")
    return found


@area.post("/requests/<id:request_id>/acting")
def supply(request_id: str) -> Response:
    """Add what is missing from an authority."""
    wrong = Mistakes()
    try:
        with transaction(parts().engine) as session:
            found = _own(session, request_id)
            representatives.supply(
                session,
                parts().context,
                found,
                acting.authority(),
                actor="subject",
                now=parts().now(),
            )
    except Invalid as error:
        wrong.found(error)
    if wrong.said:
        return shown(request_id, wrong=wrong.said, status=422)
    return pages.go("portal-following.follow", request_id=request_id)


@area.post("/requests/<id:request_id>/delegate")
def delegate(request_id: str) -> Response:
    """Say as the principal, whom the product vouches for strongly, that the agent acts for them."""
    context, here, now = parts().context, door.visit(), parts().now()
    cap = door.caller().level_cap
    with transaction(parts().engine) as session:
        found = here.find(session, request_id, lock=True)
        person = door.person()
        mine = person.role is Role.SELF and found.subject in person.subjects
        proved = level(here.vouched(now), (), cap=cap) if mine else 0
        vouched = {name: person.identifiers[name] for name in person.attested} if mine else {}
        representatives.delegate(session, context, found, proved=proved, vouched=vouched, now=now)
        session.flush()
        assurance.raise_level(session, context, found, cap=cap, now=now)
    return pages.go("portal-following.follow", request_id=request_id)


@area.post("/requests/<id:request_id>/guardian")
def name_guardian(request_id: str) -> Response:
    """Name the guardian of a child whose request named none."""
    wrong, context = Mistakes(), parts().context
    try:
        contact = {"email": call.form.get("guardian.email", "").strip()}
        said = {"relation": acting.relation_for(Role.GUARDIAN), "contact": contact}
        with transaction(parts().engine) as session:
            found = door.visit().acts(session, request_id)
            guardian = representing.guardian(context, said, found.age_band)
            if guardian is not None:
                guardians.name(session, context, found, guardian, now=parts().now())
    except Invalid as error:
        wrong.found(error)
    if wrong.said:
        return shown(request_id, wrong=wrong.said, status=422)
    return pages.go("portal-following.follow", request_id=request_id)
