"""Preferences: read one in one look-up, turn one off in one call."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session
from werkzeug import Response

from rights.domain.errors import Forbidden, LevelTooLow
from rights.services import preferences, subjects, submission, tags_again
from rights.services.intake import Submission
from rights.services.preferences import Reading, Wish
from rights.web.answers import Answer, commit, look
from rights.web.api import representing, taking
from rights.web.area import Area
from rights.web.auth import Guard, Speaker, speaker
from rights.web.parts import parts
from rights.web.schemas import people as shapes

area = Area(
    "preferences",
    prefix="/v1/preferences",
    guard=Guard.KEY_OR_PORTAL,
    about="Switches a person turned off.",
)


@area.call(
    "POST",
    "/read",
    scope="preferences:read",
    takes=shapes.PreferenceQuery,
    gives={200: shapes.PreferenceReading},
)
def read_preference(asked: dict[str, Any]) -> Response:
    """Read where a switch stands, for a person or an anonymous device."""

    def work(session: Session, _: datetime) -> Answer:
        context = parts().context
        preferences.wish(context, asked["name"])
        who = subjects.cleaned(context.datamap, asked["subject"])
        _their_own(speaker(), who)
        return Answer(_shown(preferences.read(session, context, who, asked["name"])))

    return look(work)


def _their_own(who: Speaker, asked: Mapping[str, str]) -> None:
    """A portal token speaks for one person, and reads no other's switches."""
    if who.person is not None and not asked.items() <= dict(who.person.identifiers).items():
        raise Forbidden("a portal token reads the switches of its own person only")


@area.call(
    "POST",
    "/off",
    scope="preferences:write",
    takes=shapes.OptOut,
    gives={200: shapes.OptOutOutcome, 202: shapes.OptOutOutcome},
)
def opt_out(given: dict[str, Any]) -> Response:
    """
    Turn a switch off, for the person or device of this session.

    It is committed at once. 200 when every serving store has read it back in time, else 202
    naming those that have not.
    """
    here = parts()
    wish = preferences.wish(here.context, given["name"])
    about: dict[str, str] = {}

    def work(session: Session, now: datetime) -> Answer:
        who = speaker()
        known = taking.known(session, who, given, now=now)
        about.update(known.identifiers)
        wished = _wished(who, known, wish, given["locale"])
        request, made = submission.take(session, here.context, wished, now=now)
        return taking.taken(session, wished, request, made=made)

    taken = commit(work)
    return _outcome(taken, about, given["name"])


@area.call(
    "POST",
    "/tags/on",
    scope="preferences:write",
    takes=shapes.TagsOn,
    gives={200: shapes.TagsAllowed},
)
def let_tags_come(given: dict[str, Any]) -> Response:
    """
    Let tags that a person had deleted be computed again.

    Only by that person's own word: their portal token, or the signed `assertion` about them. A
    key alone is answered 401 with `level_too_low`. It is written into the ledger of consents as
    `switch:tags`.
    """

    def work(session: Session, now: datetime) -> Answer:
        who, context = speaker(), parts().context
        if who.person is None and not given.get("assertion"):
            raise LevelTooLow("deleted tags come again by the person's own word only")
        known = taking.known(session, who, given, now=now)
        said = taking.word(known, who.backend)
        changed = tags_again.allow(
            session,
            context,
            who.backend.id,
            said,
            actor=who.actor,
            source=who.channel,
            now=now,
        )
        return Answer({"changed": changed})

    return commit(work)


def _wished(who: Speaker, known: representing.Known, wish: Wish, locale: str) -> Submission:
    return Submission(
        wish.kind,
        wish.option,
        known.identifiers,
        backend_id=who.backend.id,
        parameters=wish.parameters,
        regimes=who.backend.regimes,
        locale=locale,
        channel=who.channel,
        attested=known.attested,
        acr=known.acr,
        level_cap=who.backend.level_cap,
        role=known.role,
        second=known.second,
        age_band=known.age_band,
        notify=False,
    )


def _outcome(taken: Response, about: Mapping[str, str], name: str) -> Response:
    here = parts()
    found = preferences.wait(here.engine, here.context, about, name)
    body = {"preference": _shown(found), "request": taken.get_json()}
    return Answer(body, 200 if found.effective else 202).response()


def _shown(found: Reading) -> dict[str, Any]:
    return {
        "name": found.name,
        "value": found.value,
        "effective": found.effective,
        "pending": list(found.pending),
        "changed_at": found.changed_at.isoformat() if found.changed_at else None,
        "effective_at": found.effective_at.isoformat() if found.effective_at else None,
    }
