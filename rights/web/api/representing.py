"""
What a document says of who acts for somebody, read into what services know.

Whoever merely says so proves nothing by it: an assertion beside it vouches for the representative
themselves, and only the claims of an assertion link one person to another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rights.domain.errors import FieldError, Invalid
from rights.domain.kinds import Kind
from rights.domain.levels import Acr
from rights.domain.representation import MINORS, AgeBand, Role, Scope
from rights.services import representatives, subjects
from rights.services.assertions import Proof
from rights.services.context import Context
from rights.services.representatives import Second
from rights.services.writers import cleaned_contact


@dataclass(frozen=True, slots=True)
class Known:
    """What a call says about who it is about."""

    identifiers: Mapping[str, str] = field(repr=False)
    attested: frozenset[str] = frozenset()
    acr: Acr | None = None
    role: Role = Role.SELF
    second: Second | None = field(default=None, repr=False)
    age_band: AgeBand = AgeBand.UNKNOWN


def typed(
    context: Context,
    subject: Mapping[str, str],
    said: Mapping[str, Any],
    proof: Proof | None,
    band: AgeBand,
) -> Known:
    """
    Return whom a request is about that somebody else makes.

    Raises:
        Invalid: the relation is none of the role, nobody is named or can be reached, or the
            assertion beside it says itself who asks for whom.
    """
    cleaned = subjects.cleaned(context.datamap, subject)
    if proof is not None and proof.second is not None:
        wrong = FieldError("requester", "stays out: the assertion says who asks")
        raise Invalid("the assertion says who asks", [wrong])
    second = second_of(context, said, proof)
    return Known(cleaned, role=second.role, second=second, age_band=band)


def second_of(context: Context, said: Mapping[str, Any], proof: Proof | None = None) -> Second:
    """Return a representative as a document describes them, checked."""
    own = cleaned_contact(context, said.get("contact") or {}, "requester.contact")
    vouched = proof.identifiers if proof else {}
    second = Second(
        Role(said["role"]),
        said.get("relation", ""),
        {**own, **vouched},
        vouched=frozenset(vouched),
        matters=tuple(Kind(kind) for kind in said.get("matters", ())),
        scope=Scope(said["scope"]) if said.get("scope") else None,
        until=said.get("until"),
        signed=bool(said.get("signed")),
        name=said.get("name", ""),
        interest=said.get("interest", ""),
    )
    return representatives.checked(context, second, path="requester")


def guardian(context: Context, said: Mapping[str, Any] | None, band: AgeBand) -> Second | None:
    """
    Return the guardian whom a child's document names; None where it names none.

    Raises:
        Invalid: the subject is not said to be a minor, or the guardian cannot be reached.
    """
    if not said:
        return None
    if band not in MINORS:
        minors = tuple(sorted(MINORS))
        wrong = FieldError("subject_age_band", "must say that the subject is a minor", minors)
        raise Invalid("only a minor has a guardian here", [wrong])
    own = cleaned_contact(context, said["contact"], "guardian.contact")
    second = Second(Role.GUARDIAN, said["relation"], own)
    return representatives.checked(context, second, path="guardian")
