"""Tags that a person chooses, of those the company offers: read by products, changed at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlmodel import Session
from werkzeug import Response

from rights.domain import choosable
from rights.domain.errors import FieldError, Forbidden, Invalid, LevelTooLow
from rights.domain.kinds import Kind, Option
from rights.domain.lifecycle import State
from rights.domain.tags import CHOSEN, REMOVED, SWITCH
from rights.services import notes, preferences, subjects, submission, tags_said
from rights.services.preferences import Reading
from rights.store.db import reading
from rights.web.answers import Answer, commit, look
from rights.web.api import taking
from rights.web.area import Area
from rights.web.auth import Guard, speaker
from rights.web.parts import parts
from rights.web.schemas import tags as shapes

area = Area(
    "tags",
    prefix="/v1/preferences/tags",
    guard=Guard.KEY_OR_PORTAL,
    about="Tags a person chooses, of those the company offers.",
)


@area.call(
    "POST",
    "/read",
    scope="preferences:read",
    takes=shapes.TagsQuery,
    gives={200: shapes.TagChoices},
)
def read_tags(asked: dict[str, Any]) -> Response:
    """
    Read which of the offered tags a person chose.

    A tag that is not `chosen` may still be computed, unless `POST /v1/suppression/tags` says no.
    """

    def work(session: Session, _: datetime) -> Answer:
        context = parts().context
        who = subjects.cleaned(context.datamap, asked["subject"])
        own = speaker().person
        if own is not None and not who.items() <= dict(own.identifiers).items():
            raise Forbidden("a portal token reads the tags of its own person only")
        stands = preferences.read(session, context, who, SWITCH)
        return Answer(_shown(session, who, stands))

    return look(work)


@area.call(
    "POST",
    "",
    scope="preferences:write",
    takes=shapes.NewChoice,
    gives={200: shapes.TagsOutcome, 202: shapes.TagsOutcome},
)
def choose_tags(given: dict[str, Any]) -> Response:
    """
    Choose tags, of those that are offered, and remove others.

    Only by the person's own word: their portal token, or the signed `assertion` about them. It is
    committed at once. 200 when every serving store has read it back in time, else 202 naming
    those that have not. For a child under fourteen the guardian chooses; the child removes tags
    alone. A tag to remove that the person does not have is 404 in `results`, and
    the others are done.
    """
    about: dict[str, str] = {}

    def work(session: Session, now: datetime) -> Answer:
        who = speaker()
        if who.person is None and not given.get("assertion"):
            raise LevelTooLow("tags are chosen by the person's own word only")
        if not given.get(CHOSEN) and not given.get(REMOVED):
            allowed = tuple(choosable.offered(parts().context.datamap))
            wrong = FieldError(CHOSEN, "names no tag, and none is to be removed", allowed)
            raise Invalid("nothing was chosen", [wrong])
        known = taking.known(session, who, given, now=now)
        about.update(known.identifiers)
        wish = {
            "kind": str(Kind.RECOMMENDATION_OPT_OUT),
            "option": str(Option.TAGS_EDIT),
            "values": {name: given[name] for name in (CHOSEN, REMOVED) if name in given},
        }
        new = taking.submission(session, who, known, wish, {"locale": given["locale"]})
        new = replace(new, notify=False)
        request, made = submission.take(session, parts().context, new, now=now)
        return taking.taken(session, new, request, made=made)

    return _outcome(commit(work).get_json(), about)


def _outcome(request: Mapping[str, Any], about: Mapping[str, str]) -> Response:
    here = parts()
    begun = request["state"] not in (State.OPEN, State.VERIFYING)
    stands = preferences.wait(here.engine, here.context, about, SWITCH) if begun else _UNPROVED
    with reading(here.engine) as session:
        told = notes.read(session, here.context.vault, request["id"], "told")
        results = [r for one in told for r in one.get("results", ())]
        tags = _shown(session, about, stands)
    body = {"tags": tags, "results": results, "request": request}
    return Answer(body, 200 if stands.effective else 202).response()


_UNPROVED = Reading(SWITCH, CHOSEN, effective=False)
"""Where a choice stands of somebody who has still to prove more: nothing was done yet."""


def _shown(session: Session, who: Mapping[str, str], stands: Reading) -> dict[str, Any]:
    return {
        "items": [
            {
                "tag": one.tag,
                "title": {"zh-CN": one.title["zh"], "en": one.title["en"]},
                "chosen": one.chosen,
                "changed_at": one.at.isoformat() if one.at else None,
            }
            for one in tags_said.read(session, parts().context, who)
        ],
        "effective": stands.effective,
        "pending": list(stands.pending),
    }
