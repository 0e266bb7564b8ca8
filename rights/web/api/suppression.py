"""Whether what is about to come back was erased, corrected away, or deleted as a tag."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session
from werkzeug import Response

from rights.services import imports, kept_tags, suppression, tags_said
from rights.services.correction_guard import Stale
from rights.services.imports import Value
from rights.services.suppression import Asked
from rights.store.models import TagKeptAway
from rights.web.answers import Answer, commit
from rights.web.area import Area
from rights.web.auth import Guard, speaker
from rights.web.parts import parts
from rights.web.schemas import people as shapes

area = Area(
    "suppression",
    prefix="/v1/suppression",
    guard=Guard.KEY,
    about="What must not come back: older data of erased people, corrected values, deleted tags.",
)


@area.call(
    "POST",
    "/check",
    scope="suppression:check",
    takes=shapes.SuppressionQuery,
    gives={200: shapes.SuppressionAnswers},
)
def check_suppression(given: dict[str, Any]) -> Response:
    """
    Ask, before importing, whether data is of somebody who was erased.

    Answers come in the order of the items. `allowed` is false where the data is older than the
    erasure, or where `recorded_at` was not said; data younger than `before` is of a new person.
    Of who is a customer still only a part may have been erased: name the `collection` the data
    goes to. Where it was not named and only a part was erased, `partly` is true. An account that
    was cancelled is not allowed however young the data (`ended`): who signs up gets a new one.
    """
    asked = [
        Asked(item["type"], item["value"], item.get("recorded_at"), item["collection"])
        for item in given["items"]
    ]

    def work(session: Session, now: datetime) -> Answer:
        context = parts().context
        found = suppression.check(session, context.vault, context.datamap, asked, now=now)
        kept_out = [answer.request_id for answer in found if not answer.allowed]
        imports.refused(session, speaker().actor, "erased", kept_out, now=now)
        return Answer({"items": [_shown(answer) for answer in found]})

    return commit(work)


@area.call(
    "POST",
    "/values",
    scope="suppression:check",
    takes=shapes.ImportQuery,
    gives={200: shapes.ImportAnswers},
)
def check_values(given: dict[str, Any]) -> Response:
    """
    Ask, before importing, whether values are those that a person had corrected.

    Answers come in the order of the items. Where `allowed` is false the row is to be set aside:
    the value was corrected at `corrected_at`, and writing it would undo that.
    """
    asked = [Value(i["field"], tuple(i["key"]), i["value"]) for i in given["items"]]

    def work(session: Session, now: datetime) -> Answer:
        context = parts().context
        found = imports.stale(session, context.vault, context.datamap, asked)
        kept_out = [one.request_id for one in found if one]
        imports.refused(session, speaker().actor, "corrected", kept_out, now=now)
        return Answer({"items": [_value_shown(one) for one in found]})

    return commit(work)


@area.call(
    "POST",
    "/tags",
    scope="suppression:check",
    takes=shapes.TagQuery,
    gives={200: shapes.TagAnswers},
)
def check_tags(given: dict[str, Any]) -> Response:
    """
    Ask, before computing tags, whether people had them deleted.

    Answers come in the order of the items. A tag that was deleted by name is not allowed, whatever
    it is computed from. Where all were deleted, one is allowed that is computed from behaviour
    younger than `before` alone: say how old it is in `recorded_at`. One that the person chose is
    `chosen`: it stays as it is, whatever is computed.
    """
    asked = [
        kept_tags.Asked(item["type"], item["value"], item["tag"], item.get("recorded_at"))
        for item in given["items"]
    ]

    def work(session: Session, now: datetime) -> Answer:
        context = parts().context
        found = kept_tags.check(session, context.vault, context.datamap, asked)
        chosen = tags_said.chosen(session, context, asked)
        # What the person chose themselves stays, though they had it deleted before.
        kept = [None if mine else one for one, mine in zip(found, chosen, strict=True)]
        kept_out = [one.request_id for one in kept if one]
        imports.refused(session, speaker().actor, "tag_deleted", kept_out, now=now)
        shown = zip(kept, chosen, strict=True)
        return Answer({"items": [_tag_shown(one, chosen=mine) for one, mine in shown]})

    return commit(work)


def _tag_shown(one: TagKeptAway | None, *, chosen: bool) -> dict[str, Any]:
    before = one.before.isoformat() if one and one.before else None
    return {"allowed": one is None, "before": before, "chosen": chosen}


def _value_shown(one: Stale | None) -> dict[str, Any]:
    return {"allowed": one is None, "corrected_at": one.at.isoformat() if one else None}


def _shown(answer: suppression.Answer) -> dict[str, Any]:
    return {
        "allowed": answer.allowed,
        "before": answer.before.isoformat() if answer.before else None,
        "kinds": list(answer.kinds),
        "partly": answer.partly,
        "ended": answer.ended,
    }
