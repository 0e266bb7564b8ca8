"""Deletion that nobody asked for, triggered by a product backend."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session
from werkzeug import Response

from rights.domain.grounds import Trigger
from rights.services import acknowledgement, subjects, unasked
from rights.services.unasked import Unasked
from rights.web.answers import Answer, commit
from rights.web.api import taking
from rights.web.area import Area
from rights.web.auth import Guard, speaker
from rights.web.parts import parts
from rights.web.schemas import people as shapes
from rights.web.schemas.requests import Acknowledgement

area = Area(
    "deletions",
    prefix="/v1/deletions",
    guard=Guard.KEY,
    about="Deletion that the law asks for although nobody did.",
)


@area.call(
    "POST",
    "",
    scope="deletions:trigger",
    takes=shapes.NewDeletion,
    gives={201: Acknowledgement, 200: Acknowledgement},
    once=True,
)
def trigger_deletion(given: dict[str, Any]) -> Response:
    """
    Say that data has to go: its period is over, the service ended, or consent is missing.

    It becomes a request of kind `deletion` with the same steps, read-back and receipt. It is about
    what the trigger names: `consent_withdrawn` and `unconsented_collection` what rests on consent
    alone, `retention_expired` the rows whose period, as the data map gives it, is over,
    `service_ended` everything; `purposes` narrow it. The person is not asked for proof: this key
    answers for whom it names.
    """

    def work(session: Session, now: datetime) -> Answer:
        who, context = speaker(), parts().context
        new = Unasked(
            Trigger(given["trigger"]),
            subjects.cleaned(context.datamap, given["subject"]),
            tuple(given.get("purposes", ())),
            who.backend.id,
            who.backend.regimes,
            given["locale"],
        )
        request, made = unasked.begin(session, context, new, now=now)
        session.flush()
        body = acknowledgement.of(context, request, reachable=False)
        headers = {**taking.headers_of(request), "Location": f"/v1/requests/{request.id}"}
        return Answer(body, 201 if made else 200, headers)

    return commit(work, once=True)
