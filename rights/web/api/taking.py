"""From a document and a speaker to submissions; what both single requests and bundles need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import request
from sqlmodel import Session

from rights.domain.errors import FieldError, Invalid, NotFound
from rights.domain.kinds import Kind, Option
from rights.domain.levels import level
from rights.domain.lifecycle import TERMINAL
from rights.domain.parameters import NAMELESS
from rights.domain.representation import AgeBand, Role
from rights.services import (
    acknowledgement,
    assertions,
    contacts,
    forms,
    regime_choice,
    subjects,
    verification,
)
from rights.services.assertions import Proof
from rights.services.backends import Caller
from rights.services.intake import Submission
from rights.services.portal import Person
from rights.services.representatives import Second
from rights.services.tags_again import Word
from rights.store.models import Request
from rights.web import watching
from rights.web.answers import Answer, etag
from rights.web.api import representing
from rights.web.api.representing import Known
from rights.web.auth import Speaker
from rights.web.parts import parts


def known(session: Session, who: Speaker, document: Mapping[str, Any], *, now: datetime) -> Known:
    """
    Return who a call is about: the token's person, else what the document says.

    Raises:
        Invalid: nobody is named, or typed and asserted values differ.
        Unauthenticated: the assertion does not hold.
    """
    if who.person is not None:
        _only_the_token(document)
        return of_person(who.person)
    context = parts().context
    typed = document.get("subject") or {}
    band = AgeBand(document.get("subject_age_band", AgeBand.UNKNOWN))
    token = document.get("assertion")
    proof = assertions.verify(session, context, who.backend, token, now=now) if token else None
    if document.get("requester"):
        return representing.typed(context, typed, document["requester"], proof, band)
    if proof is None:
        second = representing.guardian(context, document.get("guardian"), band)
        nobody = document.get("subject") == {}  # that was said; to forget it is a mistake
        cleaned = {} if nobody else subjects.cleaned(context.datamap, typed)
        return Known(cleaned, second=second, age_band=band)
    cleaned = subjects.cleaned(context.datamap, typed) if typed else {}
    band = proof.age_band if proof.age_band is not AgeBand.UNKNOWN else band
    second = proof.second or representing.guardian(context, document.get("guardian"), band)
    together = _together(cleaned, proof)
    return Known(together, frozenset(proof.identifiers), proof.acr, proof.role, second, band)


def of_person(person: Person) -> Known:
    """Return whom a portal token or a session of the portal speaks for."""
    return Known(
        person.identifiers,
        person.attested,
        person.acr,
        person.role,
        person.second,
        person.age_band,
    )


def vouched(
    session: Session, who: Speaker, document: Mapping[str, Any], *, now: datetime
) -> frozenset[str]:
    """Return the identifiers of a call's subject for which the person's own word is there."""
    if not document.get("assertion"):
        return frozenset()
    about = known(session, who, {k: document[k] for k in ("subject", "assertion")}, now=now)
    return about.attested if level(about.acr, (), cap=who.backend.level_cap) else frozenset()


def word(about: Known, product: Caller) -> Word:
    """Return whose own word a call carries, as far as the product vouches for them."""
    return Word(
        {n: v for n, v in about.identifiers.items() if n in about.attested},
        about.acr,
        product.level_cap,
        role=about.role,
        age_band=about.age_band,
        guardian=about.second.identifiers if about.second else None,
    )


def _only_the_token(document: Mapping[str, Any]) -> None:
    wrong = [
        FieldError(name, "stays out: the portal token says who this is about")
        for name in ("subject", "assertion", "requester", "guardian", "subject_age_band")
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
    kind, option = _wanted(wish, about)
    parameters, values = wish.get("parameters") or {}, wish.get("values") or {}
    laws = _laws(who, document)
    forms.check(context.datamap, kind, option, parameters=parameters, values=values)
    return Submission(
        kind=kind,
        option=option,
        identifiers=about.identifiers,
        backend_id=who.backend.id,
        parameters=parameters,
        values=values,
        regimes=laws.names,
        regimes_because=laws.because,
        locale=document["locale"],
        channel=who.channel,
        attested=about.attested,
        acr=about.acr,
        level_cap=who.backend.level_cap,
        follows=_followed(session, who, document.get("follows", "")),
        role=about.role,
        second=_from_here(about.second),
        age_band=about.age_band,
    )


def _laws(who: Speaker, document: Mapping[str, Any]) -> regime_choice.Chosen:
    context, asked = parts().context, document.get("regimes") or ()
    deployment = context.settings.default_regimes
    return regime_choice.choose(asked, who.backend.regimes, deployment, context.regimes)


def _from_here(second: Second | None) -> Second | None:
    """Return the second person as they were typed, and from where."""
    return second and replace(second, client=request.remote_addr or "unknown")


def _wanted(wish: Mapping[str, Any], about: Known) -> tuple[Kind, Option]:
    """Return what is wanted. Raises Invalid: nobody is named, and this cannot wait for a name."""
    context, kind = parts().context, Kind(wish["kind"])
    option = forms.option_for(kind, wish.get("option"), context.policy)
    # An objection is written down at once, and brings about a deletion of the same person's.
    waits = kind in NAMELESS and option is not Option.OBJECT_PUBLIC_INFO
    if not waits and not subjects.names_somebody(context.datamap, about.identifiers):
        raise subjects.nobody(context.datamap)
    return kind, option


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
    watching.received(session, request)
    context = parts().context
    asks = new.second if new.role is not Role.SELF and new.second else new
    reachable = not contacts.ways(context).keys().isdisjoint(asks.identifiers)
    body = acknowledgement.of(context, request, reachable=reachable)
    return Answer(body, 201, {**headers_of(request), "Location": f"/v1/requests/{request.id}"})


def headers_of(request: Request) -> dict[str, str]:
    """Return the headers that name a request's version."""
    return {"ETag": etag(request.version)}
