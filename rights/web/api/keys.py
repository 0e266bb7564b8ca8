"""The keys of the person a portal token stands for: which there are, and taking one away."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session
from werkzeug import Response

from rights.domain.errors import FieldError, Invalid, LevelTooLow, NotFound, Unauthenticated
from rights.domain.levels import KEY, level
from rights.services import fresh, key_letters, key_proofs, person_keys, verification
from rights.services.portal import Person
from rights.store.models import PersonKey
from rights.web.answers import Answer, commit, look
from rights.web.api.verification import on_its_way
from rights.web.area import Area
from rights.web.auth import Guard, speaker
from rights.web.parts import parts
from rights.web.schemas import keys as shapes
from rights.web.schemas.requests import Sent

area = Area(
    "keys",
    prefix="/v1/keys",
    guard=Guard.KEY_OR_PORTAL,
    about="Passkeys and authenticator apps of a person; they are added in the portal.",
)


@area.call("GET", "", scope="requests:read", gives={200: shapes.Keys})
def list_keys() -> Response:
    """List the keys of the person whose portal token this is."""
    person = _person()

    def work(session: Session, now: datetime) -> Answer:
        found = person_keys.listed(session, parts().context, person)
        return Answer({"items": [_shown(key, now) for key in found]})

    return look(work)


@area.call(
    "POST",
    "/code",
    scope="requests:write",
    takes=shapes.NewCode,
    gives={202: Sent},
    problems=(404, 409),
)
def send_key_code(asked: dict[str, Any]) -> Response:
    """Send the code with which a key can be removed, to the address the product vouches for."""
    person = _owner()
    _count()

    def work(session: Session, now: datetime) -> Answer:
        context, where = parts().context, _visit()
        sent = key_letters.send_code(
            session, context, person, where, locale=asked["locale"], now=now
        )
        return on_its_way(sent.to, sent.expires_at, now)

    return commit(work)


@area.call(
    "POST",
    "/<id:key_id>/remove",
    scope="requests:write",
    takes=shapes.Removal,
    gives={204: None},
    problems=(404, 409),
)
def remove_key(given: dict[str, Any], key_id: str) -> Response:
    """
    Remove a key, with a fresh proof: the code that was mailed for it, or that of an app.

    Every address of the person that is known is told.
    """
    person = _owner()
    _count()
    refused: list[Exception] = []

    def work(session: Session, now: datetime) -> Answer:
        context = parts().context
        key = person_keys.find(session, context, person, key_id)
        wrong = _wrong(session, person, given, now)
        if wrong is not None:
            refused.append(wrong)
            return Answer(None)
        key_letters.tell(
            session, context, person, "key_removed", key.way, locale=given["locale"], now=now
        )
        person_keys.remove(session, key, now=now)
        return Answer(None, 204)

    response = commit(work)
    for error in refused:  # the wrong try is counted, hence committed; only then is it refused
        raise error
    return response


def _wrong(
    session: Session, person: Person, given: dict[str, Any], now: datetime
) -> Exception | None:
    """Return why what was given is no fresh proof; None where it is one."""
    context, cap = parts().context, speaker().backend.level_cap
    if ("code" in given) is ("totp" in given):
        wrong = FieldError("code", "give the code that was mailed, or totp")
        raise Invalid("one proof is needed", [wrong])
    if "code" in given:
        if not key_letters.answer_code(session, context, _visit(), given["code"], now=now):
            return verification.refused()
        reached = level(person.acr, ["email"], cap=cap)
    else:
        locale = given["locale"]
        used = key_proofs.app_shows(session, context, person, given["totp"], locale=locale, now=now)
        if used is None:
            return key_proofs.refused()
        reached = level(person.acr, [KEY], cap=cap) if used.trusted else 0
    if reached < fresh.NEEDED:
        return LevelTooLow("this needs a proof of level 2")
    return None


def _person() -> Person:
    who = speaker().person
    if who is None:
        raise Unauthenticated("this call needs the portal token of the person it is about")
    return who


def _owner() -> Person:
    who = _person()
    if not person_keys.subjects_of(parts().context, who):
        raise NotFound("keys are for people whose account a product vouches for")
    return who


def _visit() -> str:
    """Return where a code is to be answered: by whoever holds a token of this person's."""
    return f"api|{speaker().counted_as}"


def _count() -> None:
    limits = parts().limits
    limits.hit((limits.verification, f"{speaker().counted_as}|keys"))


def _shown(key: PersonKey, now: datetime) -> dict[str, Any]:
    return {
        "id": key.id,
        "way": key.way,
        "counts_alone": person_keys.trusted(parts().context, key, now),
        "created_at": key.created_at.isoformat(),
        "last_used_at": key.last_used_at.isoformat() if key.last_used_at else None,
    }
