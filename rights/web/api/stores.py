"""Whether a store may serve anybody: not between a restore and the replay of erasures."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session
from werkzeug import Response

from rights.domain.errors import NotFound, Unavailable
from rights.services import restores
from rights.web.answers import Answer, look
from rights.web.area import Area
from rights.web.auth import Guard
from rights.web.parts import parts
from rights.web.schemas import parties as shapes

area = Area(
    "stores",
    prefix="/v1/stores",
    guard=Guard.KEY,
    about="Whether a store may be opened to anybody after a restore.",
)


@area.call(
    "GET",
    "/<string:store>/readiness",
    scope="suppression:check",
    gives={200: shapes.StoreReadiness},
    problems=(404,),
    neutral=True,
)
def read_store_readiness(store: str) -> Response:
    """
    Ask, before a store is opened after a restore, whether what was erased is gone from it again.

    503 with `replay_due` until `rights replay` has read that back, and with `came_back` while a
    look that found erased data there waits for staff.
    """

    def work(session: Session, _: datetime) -> Answer:
        if store not in {known.name for known in parts().context.datamap}:
            raise NotFound("the data map names no such store")
        if why := restores.why_not_ready(session, store):
            raise Unavailable(f"the store {store} is not ready: {_WHY[why]}", code=why)
        return Answer({"store": store, "ready": True})

    return look(work)


_WHY = {
    restores.ANNOUNCED: "it was restored; run `rights replay` before it serves anybody",
    restores.CAME_BACK: "erased data came back; run `rights replay` and see to the incident",
}
