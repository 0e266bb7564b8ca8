"""
Asking for somebody else: what a form says of who sends it, and for whom.

Whoever asks for themselves sees none of it: the choice is folded away and means "for me".

Source: PIPL 31, 49; Civil Code 23, 28, 165, 1045.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Final

from flask import request as call

from rights.domain.errors import FieldError, Invalid
from rights.domain.kinds import Kind
from rights.domain.representation import RELATIONS, TEXTS, AgeBand, Role, Scope
from rights.services import catalogue, subjects
from rights.services.portal import Person
from rights.web.api import representing
from rights.web.api.representing import Known
from rights.web.api.taking import of_person
from rights.web.parts import parts
from rights.web.portal import pages, who

CHILD: Final = "child"
"""Of the ways to ask: for oneself, under fourteen, with a guardian who is asked."""

ROLES: Final = tuple(role for role in Role if role is not Role.SELF)


def asked() -> str:
    """Return as who the form in hand is sent: a role, ``child``, or empty for oneself."""
    said = call.form.get("acting.role", "")
    return said if said in (*ROLES, CHILD) else ""


def about(person: Person) -> Known:
    """
    Return whom a form is about, and who sends it.

    Args:
        person: Whoever is at the other end, vouched for or by what they typed of themselves.

    Raises:
        Invalid: nobody is named, or something does not fit the role.
    """
    role, own = asked(), of_person(person)
    if not role:
        return own
    context = parts().context
    if role == CHILD:
        contact = {"email": call.form.get("guardian.email", "").strip()}
        said = {"relation": relation_for(Role.GUARDIAN), "contact": contact}
        guardian = representing.guardian(context, said, AgeBand.UNDER_14)
        return replace(own, second=guardian, age_band=AgeBand.UNDER_14)
    typed = {n: call.form.get(f"about.{n}", "").strip() for n in context.datamap.identifiers}
    cleaned = subjects.cleaned(context.datamap, {n: v for n, v in typed.items() if v})
    who.slowly(cleaned)
    second = representing.second_of(context, _requester(Role(role), person.identifiers))
    return Known(cleaned, role=second.role, second=replace(second, vouched=person.attested))


def _requester(role: Role, own: Mapping[str, str]) -> dict[str, Any]:
    relation = relation_for(role)
    return {"role": str(role), "relation": relation, "contact": dict(own), **authority()}


def relation_for(role: Role) -> str:
    """Return the relation that was chosen for *role*; the list has one part for each."""
    of, _, relation = call.form.get("acting.relation", "").partition(".")
    return relation if of == role else ""


def authority() -> dict[str, Any]:
    """Return what was typed of an authority. Raises Invalid for a day that is none."""
    form, said = call.form, dict[str, Any]()
    for name in ("name", "interest"):
        if text := form.get(f"acting.{name}", "").strip():
            said[name] = text
    if matters := [k for k in form.getlist("acting.matters") if k in list(Kind)]:
        said["matters"] = matters
    if (scope := form.get("acting.scope", "")) in list(Scope):
        said["scope"] = scope
    if day := form.get("acting.until", "").strip():
        said["until"] = _day(day)
    if form.get("acting.signed"):
        said["signed"] = True
    return said


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        wrong = [FieldError("parameters.until", "is not a day: YYYY-MM-DD")]
        raise Invalid("a day is wrong", wrong) from None


def choices() -> dict[str, Any]:
    """Return what the form offers beside the kind: as whom, what they are to whom, for what."""
    words = pages.said()
    told, kinds = catalogue.words()["kinds"], parts().context.policy.kinds()
    return {
        "roles": [(r, words.say("acting_roles", r)) for r in (*map(str, ROLES), CHILD)],
        "relations": [
            (
                words.say("acting_roles", str(role)),
                [(f"{role}.{one}", words.say("relations", one)) for one in RELATIONS[role]],
            )
            for role in ROLES
        ],
        "matters": [(str(k), words.either(told[k]["title"])) for k in kinds],
        "people": who.ways(),
        "longest": TEXTS,
    }
