"""Verification: ask for a code, answer with it or with an assertion."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session
from werkzeug import Response

from rights.services import assertions, fresh_proofs, proving, reaching, verification
from rights.services.assertions import Proof
from rights.services.fresh_proofs import Asking
from rights.store.models import Request
from rights.web.answers import Answer, commit, commit_try
from rights.web.api import by_app, taking
from rights.web.area import Area
from rights.web.auth import Guard, speaker
from rights.web.parts import parts
from rights.web.schemas import requests as shapes

area = Area(
    "verification",
    prefix="/v1/requests/<id:request_id>/verification",
    guard=Guard.KEY_OR_PORTAL,
    about="Proving who asks.",
)


@area.call(
    "POST",
    "",
    scope="requests:write",
    takes=shapes.StartVerification,
    gives={202: shapes.Sent},
    problems=(404, 409),
)
def start_verification(asked: dict[str, Any], request_id: str) -> Response:
    """
    Send a fresh code to a contact given in the request, whether we know it or not.

    To the best one, unless `to` names another; an earlier code to another contact stays good.
    """
    _count(request_id)

    def work(session: Session, now: datetime) -> Answer:
        context = parts().context
        request = speaker().find(session, request_id, lock=True)
        sent = proving.start(
            session, context, request, purpose=asked["purpose"], now=now, to=asked.get("to", "")
        )
        contact = reaching.contact(session, sent.identifier_id)
        return on_its_way(contact.type if contact else "", sent.expires_at, now)

    return commit(work)


@area.call(
    "POST",
    "/answer",
    scope="requests:write",
    takes=shapes.Proof,
    gives={200: shapes.Acknowledgement},
    problems=(404, 409),
)
def answer_verification(given: dict[str, Any], request_id: str) -> Response:
    """
    Prove who asks: with the code or its token, with a signed assertion, or with both.

    Codes of two contacts, one after the other, are worth the second level.
    A portal token may give what its person's authenticator app shows instead.
    """
    _count(request_id)
    return by_app.answer(given, request_id) if "totp" in given else _answered(given, request_id)


def _answered(given: dict[str, Any], request_id: str) -> Response:
    def work(session: Session, now: datetime) -> Answer | None:
        who, context = speaker(), parts().context
        request = who.find(session, request_id, lock=True)
        answered = proving.answer(
            session,
            context,
            request,
            code=given.get("code"),
            token=given.get("token"),
            proof=asserted(session, given, now),
            cap=who.backend.level_cap,
            now=now,
        )
        if answered is None:
            return None
        session.flush()
        return Answer(taking.shown(session, request), 200, taking.headers_of(request))

    return commit_try(work, verification.refused)


def on_its_way(to: str, expires_at: datetime, now: datetime) -> Answer:
    """Answer that a code was sent: to which type of contact, until when, when another can be."""
    pause = timedelta(seconds=parts().context.settings.code_cooldown_s)
    times = {"expires_at": expires_at.isoformat(), "again_at": (now + pause).isoformat()}
    return Answer({"to": to, **times}, 202)


def proved_now(
    session: Session, request: Request, given: dict[str, Any], now: datetime, purpose: str = "grant"
) -> int | None:
    """Return what is proved here and now, for one purpose; None where a code was wrong."""
    who = speaker()
    person = who.person
    mine = person is not None and fresh_proofs.receives(request, person.role, purpose)
    acr = person.acr if person and mine else None
    return fresh_proofs.fresh_level(
        session,
        parts().context,
        request,
        Asking(acr, who.backend.level_cap, purpose=purpose),
        code=given.get("code"),
        token=given.get("token"),
        proof=asserted(session, given, now),
        now=now,
    )


def asserted(session: Session, given: dict[str, Any], now: datetime) -> Proof | None:
    """Return what the assertion in a document vouches for, if there is one."""
    token = given.get("assertion")
    if token is None:
        return None
    return assertions.verify(session, parts().context, speaker().backend, token, now=now)


def _count(request_id: str) -> None:
    """Guessing is slowed down per request, beside the five tries that each code has."""
    limits = parts().limits
    limits.hit((limits.verification, f"{speaker().counted_as}|{request_id}"))
