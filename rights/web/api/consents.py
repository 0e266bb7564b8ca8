"""Consents: record, read, withdraw."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Session
from werkzeug import Response

from rights.domain.kinds import Kind, Option
from rights.domain.representation import AgeBand
from rights.services import consents, subjects, submission, writers
from rights.services.intake import Submission
from rights.store.models import Consent
from rights.web.answers import Answer, commit, look
from rights.web.api import taking
from rights.web.area import Area
from rights.web.auth import Guard, speaker
from rights.web.parts import parts
from rights.web.schemas import people as shapes
from rights.web.schemas.requests import Acknowledgement

area = Area(
    "consents",
    prefix="/v1/consents",
    guard=Guard.KEY,
    about="What people agreed to, and took back.",
)


@area.call(
    "POST",
    "",
    scope="consents:write",
    takes=shapes.NewConsent,
    gives={201: shapes.ConsentLine},
    once=True,
)
def record_consent(new: dict[str, Any]) -> Response:
    """
    Write down that a person agreed.

    What they had switched off themselves goes on again only by their own word: send the signed
    `assertion` about them, or the answer is 401 with `level_too_low` and nothing is written.
    """

    def work(session: Session, now: datetime) -> Answer:
        context, who = parts().context, speaker()
        vouched = taking.vouched(session, who, new, now=now)
        line = consents.record(
            session,
            context,
            who.backend.id,
            subjects.cleaned(context.datamap, new["subject"]),
            purpose=new["purpose"],
            manner=new["manner"],
            rule_version=new["rule_version"],
            source=new["source"],
            age_band=AgeBand(new["subject_age_band"]),
            guardian=writers.cleaned_contact(context, new.get("guardian") or {}, "guardian"),
            proved=vouched,
            now=now,
        )
        return Answer(_shown(line), 201)

    return commit(work, once=True)


@area.call(
    "POST",
    "/read",
    scope="consents:read",
    takes=shapes.ConsentQuery,
    gives={200: shapes.ConsentHistory},
)
def read_consents(asked: dict[str, Any]) -> Response:
    """Read a person's consents at this backend, oldest first."""

    def work(session: Session, _: datetime) -> Answer:
        context = parts().context
        who = subjects.cleaned(context.datamap, asked["subject"])
        purpose = asked.get("purpose", "")
        found = consents.history(session, context, speaker().backend.id, who, purpose=purpose)
        return Answer({"items": [_shown(line) for line in found]})

    return look(work)


@area.call(
    "POST",
    "/withdraw",
    scope="consents:write",
    takes=shapes.Withdrawal,
    gives={201: Acknowledgement, 200: Acknowledgement},
    once=True,
)
def withdraw_consent(given: dict[str, Any]) -> Response:
    """
    Take consents back: the ledger says so at once, and a request makes every store honour it.

    What rests on these consents alone is deleted, by a request of its own that follows this one.
    """

    def work(session: Session, now: datetime) -> Answer:
        who, context = speaker(), parts().context
        consents.known_purposes(context.datamap, given["purposes"], field="purposes")
        wished = Submission(
            Kind.CONSENT_WITHDRAWAL,
            Option.ALL,
            subjects.cleaned(context.datamap, given["subject"]),
            backend_id=who.backend.id,
            parameters={"purposes": sorted(set(given["purposes"]))},
            regimes=who.backend.regimes,
            locale=given["locale"],
            level_cap=who.backend.level_cap,
        )
        request, made = submission.take(session, context, wished, now=now, vouched=True)
        return taking.taken(session, wished, request, made=made)

    return commit(work, once=True)


def _shown(line: Consent) -> dict[str, Any]:
    return {
        "purpose": line.purpose,
        "state": line.state,
        "manner": line.manner,
        "rule_version": line.rule_version,
        "source": line.source,
        "given_by": line.given_by,
        "request_id": line.request_id or None,
        "at": line.at.isoformat(),
    }
