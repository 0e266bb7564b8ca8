"""Proving with what an authenticator app shows: for the person a portal token stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from sqlmodel import Session
from werkzeug import Response

from rights.domain.errors import FieldError, Invalid, LevelTooLow
from rights.services import key_proofs, packages
from rights.services.person_keys import Used
from rights.services.portal import Person
from rights.store.models import Package, Request
from rights.web.answers import Answer, commit_try
from rights.web.api import taking
from rights.web.auth import speaker
from rights.web.parts import parts

_OTHERS: Final = ("code", "token", "assertion")

Granted = Callable[[Session, Request, Package, int, datetime], Answer]


def answer(given: Mapping[str, Any], request_id: str) -> Response:
    """Prove a request. Raises Unauthenticated for a wrong code, after it was counted."""
    person, cap = _person(given), speaker().backend.level_cap

    def count(session: Session, request: Request, used: Used, now: datetime) -> Answer:
        context = parts().context
        key_proofs.prove(session, context, person, request, used, cap=cap, now=now)
        session.flush()
        return Answer(taking.shown(session, request), 200, taking.headers_of(request))

    return _checked(given, request_id, person, count)


def grant(given: Mapping[str, Any], request_id: str, package_id: str, granted: Granted) -> Response:
    """Prove a download. Raises like :func:`answer`; LevelTooLow for an app added lately."""
    person, cap = _person(given), speaker().backend.level_cap
    low: list[bool] = []

    def count(session: Session, request: Request, used: Used, now: datetime) -> Answer:
        package = packages.find(session, request, package_id)
        level = key_proofs.fresh(session, person, request, used, cap=cap, now=now)
        if level < request.level_needed:
            low.append(True)
            return Answer(None)
        return granted(session, request, package, level, now)

    response = _checked(given, request_id, person, count)
    if low:  # the code is used up, hence committed
        raise LevelTooLow("a download needs a fresh proof of the level of its request")
    return response


def _checked(
    given: Mapping[str, Any],
    request_id: str,
    person: Person,
    count: Callable[[Session, Request, Used, datetime], Answer],
) -> Response:
    def work(session: Session, now: datetime) -> Answer | None:
        request = speaker().find(session, request_id, lock=True)
        used = key_proofs.by_code(
            session,
            parts().context,
            person,
            request,
            given["totp"],
            locale=request.locale,
            now=now,
        )
        if used is None:
            return None
        return count(session, request, used, now)

    return commit_try(work, key_proofs.refused)


def _person(given: Mapping[str, Any]) -> Person:
    """Return whose app it is. Raises Invalid where a backend speaks, or more was given."""
    errors = [FieldError(name, "stays out beside totp") for name in _OTHERS if name in given]
    person = speaker().person
    if person is None:
        errors.append(FieldError("totp", "is for the person a portal token stands for"))
    if errors or person is None:
        raise Invalid("the code of an app goes alone, with a portal token", errors)
    return person
