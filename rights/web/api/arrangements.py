"""Arrangements: what relatives may ask for after somebody's death, as that person says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session
from werkzeug import Response

from rights.domain.errors import Forbidden, Unauthenticated
from rights.domain.levels import level
from rights.domain.representation import Role
from rights.services import arrangements
from rights.web.answers import Answer, commit, look
from rights.web.api import taking
from rights.web.api.representing import Known
from rights.web.area import Area
from rights.web.auth import Guard, speaker
from rights.web.parts import parts
from rights.web.schemas import arrangements as shapes

area = Area(
    "arrangements",
    prefix="/v1/arrangements",
    guard=Guard.KEY_OR_PORTAL,
    about="What people arrange in their lifetime about what relatives may ask for.",
)


@area.call(
    "POST",
    "",
    scope="requests:write",
    takes=shapes.NewArrangement,
    gives={201: shapes.Arrangement},
    once=True,
)
def record_arrangement(new: dict[str, Any]) -> Response:
    """
    Write down what relatives may and may not ask for; the highest version holds.

    It is the person's own: it takes their signed assertion, or a portal token, of the second
    level. Nobody else's word makes one.
    """

    def work(session: Session, now: datetime) -> Answer:
        context, who = parts().context, speaker()
        known = _own(session, new, now)
        proved = level(known.acr, (), cap=who.backend.level_cap)
        arrangements.record(
            session,
            context,
            who.backend.id,
            {name: known.identifiers[name] for name in known.attested},
            new["rules"],
            level=proved,
            channel=who.channel,
            now=now,
        )
        session.flush()
        return Answer(_shown(session, known), 201)

    return commit(work, once=True)


@area.call(
    "POST",
    "/read",
    scope="requests:read",
    takes=shapes.ArrangementQuery,
    gives={200: shapes.Arrangement},
)
def read_arrangement(asked: dict[str, Any]) -> Response:
    """Read one's own arrangement; version 0 where there is none."""

    def work(session: Session, now: datetime) -> Answer:
        return Answer(_shown(session, _own(session, asked, now)))

    return commit(work) if "assertion" in asked else look(work)


def _own(session: Session, document: Mapping[str, Any], now: datetime) -> Known:
    """Return who speaks for themselves here. Raises Forbidden: nobody but staff or a guardian."""
    known = taking.known(session, speaker(), _without_rules(document), now=now)
    if known.role is not Role.SELF:
        raise Forbidden("nobody arranges this for somebody else", code="own_proof_needed")
    return known


def _without_rules(document: Mapping[str, Any]) -> dict[str, Any]:
    said = {name: value for name, value in document.items() if name != "rules"}
    if speaker().person is None and not said:
        raise Unauthenticated("send the person's own signed assertion, or their portal token")
    return said


def _shown(session: Session, known: Known) -> dict[str, Any]:
    own = {name: known.identifiers[name] for name in known.attested}
    blinds = arrangements.blinds_of(parts().context, own)
    return arrangements.shown(arrangements.latest(session, blinds))
