"""From a document and a speaker to submissions; what both single requests and bundles need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session

from rights.domain.errors import FieldError, Invalid, NotFound
from rights.domain.kinds import Kind
from rights.domain.levels import Acr
from rights.domain.lifecycle import TERMINAL
from rights.services import acknowledgement, assertions, forms, subjects, verification
from rights.services.assertions import Proof
from rights.services.intake import Submission
from rights.store.models import Request
from rights.web.answers import Answer, etag
from rights.web.auth import Speaker
from rights.web.parts import parts


@dataclass(frozen=True, slots=True)
class Known:
    """What a call says about who it is about."""

    identifiers: Mapping[str, str] = field(repr=False)
    attested: frozenset[str] = frozenset()
    acr: Acr | None = None


def known(session: Session, who: Speaker, document: Mapping[str, Any], *, now: datetime) -> Known:
    """
    Return who a call is about: the token's person, else what the document says.

    Raises:
        Invalid: nobody is named, or typed and asserted values differ.
        Unauthenticated: the assertion does not hold.
    """
    if who.person is not None:
        _only_the_token(document)
        return Known(who.person.identifiers, who.person.attested, who.person.acr)
    context = parts().context
    typed = document.get("subject") or {}
    token = document.get("assertion")
    if token is None:
        return Known(subjects.cleaned(context.datamap, typed))
    cleaned = subjects.cleaned(context.datamap, typed) if typed else {}
    proof = assertions.verify(session, context, who.backend, token, now=now)
    return Known(_together(cleaned, proof), frozenset(proof.identifiers), proof.acr)


def _only_the_token(document: Mapping[str, Any]) -> None:
    wrong = [
        FieldError(name, "stays out: the portal token says who this is about")
        for name in ("subject", "assertion")
        if name in document
    ]
    if wrong:
        raise Invalid("the token says who this is about", wrong)


def _together(typed: Mapping[str, str], proof: Proof) -> dict[str, str]:
    wrong = [
        FieldError(f"subject.{name}", "differs from the assertion")
        for name, value in typed.items()
        if proof.identifiers.get(name, value) != value
    ]
    if wrong:
        raise Invalid("subject and assertion are about different people", wrong)
    rank = {name: place for place, name in enumerate((*proof.identifiers, *typed))}
    merged = {**typed, **proof.identifiers}
    return dict(sorted(merged.items(), key=lambda item: rank[item[0]]))


def submission(
    session: Session,
    who: Speaker,
    about: Known,
    wish: Mapping[str, Any],
    document: Mapping[str, Any],
) -> Submission:
    """Return one checked submission. Raises Invalid, naming every mistake."""
    context = parts().context
    kind = Kind(wish["kind"])
    option = forms.option_for(kind, wish.get("option"))
    parameters, values = wish.get("parameters") or {}, wish.get("values") or {}
    regimes = document.get("regimes") or list(who.backend.regimes)
    forms.check(
        context.datamap,
        context.regimes,
        kind,
        option,
        parameters=parameters,
        values=values,
        asked_regimes=regimes,
    )
    return Submission(
        kind=kind,
        option=option,
        identifiers=about.identifiers,
        backend_id=who.backend.id,
        parameters=parameters,
        values=values,
        regimes=tuple(regimes),
        locale=document["locale"],
        channel=who.channel,
        attested=about.attested,
        acr=about.acr,
        level_cap=who.backend.level_cap,
        follows=_followed(session, who, document.get("follows", "")),
    )


def _followed(session: Session, who: Speaker, request_id: str) -> str:
    if not request_id:
        return ""
    try:
        before = who.find(session, request_id)
    except NotFound:
        raise Invalid("unknown", [FieldError("follows", "is no request of yours")]) from None
    if before.state not in TERMINAL:
        raise Invalid("still open", [FieldError("follows", "is still open: add to it instead")])
    return request_id


def shown(session: Session, request: Request) -> dict[str, Any]:
    """Return a request as it stands."""
    context = parts().context
    contact = verification.reachable(session, context, request)
    return acknowledgement.of(context, request, reachable=contact is not None)


def taken(session: Session, new: Submission, request: Request, *, made: bool) -> Answer:
    """Answer a submission: 201 for a fresh request, 200 for the one that was open already."""
    if not made:
        return Answer(shown(session, request), 200, headers_of(request))
    context = parts().context
    reachable = any(context.datamap.identifiers[n].normalise == "email" for n in new.identifiers)
    body = acknowledgement.of(context, request, reachable=reachable)
    return Answer(body, 201, {**headers_of(request), "Location": f"/v1/requests/{request.id}"})


def headers_of(request: Request) -> dict[str, str]:
    """Return the headers that name a request's version."""
    return {"ETag": etag(request.version)}
