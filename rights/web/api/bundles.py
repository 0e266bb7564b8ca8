"""Bundles: several requests of one person at once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session
from werkzeug import Response

from rights.domain.parameters import PREVAILS_CHOICES
from rights.services import acknowledgement, bundles, conflicts, submission
from rights.store.models import Bundle, Request
from rights.web import watching
from rights.web.answers import Answer, commit, look
from rights.web.api import taking
from rights.web.area import Area
from rights.web.auth import Guard, speaker
from rights.web.parts import parts
from rights.web.schemas import requests as shapes

area = Area(
    "bundles",
    prefix="/v1/bundles",
    guard=Guard.KEY_OR_PORTAL,
    about="Several requests of one person, taken in together.",
)


@area.call(
    "POST",
    "",
    scope="requests:write",
    takes=shapes.NewBundle,
    gives={201: shapes.Bundle},
    once=True,
)
def create_bundle(new: dict[str, Any]) -> Response:
    """
    Submit several requests at once, all or none; one code is sent for all of them.

    What stops a use goes first, then what corrects, then what reads, then what erases; no clock
    waits. Where one corrects and another erases, `conflicts` names them, and the erasure waits for
    the parameter `prevails`.
    """

    def work(session: Session, now: datetime) -> Answer:
        who = speaker()
        about = taking.known(session, who, new, now=now)
        wished = [taking.submission(session, who, about, wish, new) for wish in new["requests"]]
        bundle, made = submission.take_bundle(session, parts().context, wished, now=now)
        fresh = [one for one in made if one.bundle_id == bundle.id]
        watching.received(session, *fresh)
        headers = {"Location": f"/v1/bundles/{bundle.id}"}
        return Answer(_shown(session, bundle, made), 201, headers)

    return commit(work, once=True)


@area.call(
    "GET",
    "/<id:bundle_id>",
    scope="requests:read",
    gives={200: shapes.Bundle},
    problems=(404,),
)
def read_bundle(bundle_id: str) -> Response:
    """Read a bundle and its requests as they stand."""

    def work(session: Session, _: datetime) -> Answer:
        who = speaker()
        found = bundles.find(session, bundle_id, backend_id=who.backend.id, subject=who.subject)
        return Answer(_shown(session, *found))

    return look(work)


def _shown(session: Session, bundle: Bundle, requests: list[Request]) -> dict[str, Any]:
    context = parts().context
    session.flush()
    reachable = acknowledgement.reachable(session, context, requests)
    return {
        "id": bundle.id,
        "received_at": bundle.received_at.isoformat(),
        "requests": [acknowledgement.of(context, r, reachable=r.id in reachable) for r in requests],
        "conflicts": [
            {"correction": one.id, "erasure": other.id, "choices": list(PREVAILS_CHOICES)}
            for one, other in conflicts.found(requests)
        ],
    }
