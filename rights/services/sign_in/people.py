"""
Who signed in, as the data map knows people, and how surely.

An address counts only where the provider says that it was verified: whoever merely typed it
there could otherwise read what belongs to somebody else.

Source: OpenID Connect Core 1.0, 5.1, 5.7; PIPL 51.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rights.domain.errors import Invalid, Unauthenticated
from rights.domain.levels import Acr
from rights.services import subjects
from rights.services.context import Context
from rights.services.portal import Person
from rights.services.sign_in.linting import VERIFIED
from rights.services.sign_in.provider import Provider, strongest

_SCOPE: Final = "sign_in"


def person(context: Context, provider: Provider, claims: Mapping[str, Any]) -> Person:
    """
    Return who *claims* are about.

    Raises:
        Unauthenticated: nothing in them is one of our identifiers.
    """
    found = _identifiers(context, provider, claims)
    if not found:
        raise Unauthenticated("the provider does not say who it is", code="sign_in_unknown")
    return Person(
        backend_id=provider.backend_id,
        identifiers=found,
        attested=frozenset(found),
        acr=acr(provider, claims),
        subjects=subjects.subjects_of(context.vault, context.datamap, found),
    )


def account(context: Context, provider: Provider, sub: str) -> str:
    """Return the keyed hash of an account at a provider: whether it is the same one again."""
    return context.vault.blind(f"{provider.issuer}|{sub}", scope=_SCOPE)


def acr(provider: Provider, claims: Mapping[str, Any]) -> Acr:
    """Return how surely somebody signed in, by the values that are worth more than a session."""
    said, methods = claims.get("acr"), claims.get("amr")
    listed = methods if isinstance(methods, list) else []
    found = [provider.acrs[said]] if isinstance(said, str) and said in provider.acrs else []
    found += [provider.amrs[m] for m in listed if isinstance(m, str) and m in provider.amrs]
    return strongest(found)


def lacking(provider: Provider, claims: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the claims that people are known by and that *claims* has not, or not whole."""
    return tuple(name for name in provider.claims if not _parts(name) <= set(claims))


def supplied(
    claims: Mapping[str, Any], more: Mapping[str, Any], names: tuple[str, ...]
) -> dict[str, Any]:
    """
    Return *claims* with those of *names* that *more* has whole.

    An address and whether it was verified are of one source: one of each would be a claim that
    nobody made.
    """
    taken = {part for name in names if _parts(name) <= set(more) for part in _parts(name)}
    return {**claims, **{part: more[part] for part in taken}}


def _parts(name: str) -> set[str]:
    return {name, VERIFIED[name]} if name in VERIFIED else {name}


def _identifiers(context: Context, provider: Provider, claims: Mapping[str, Any]) -> dict[str, str]:
    given: dict[str, str] = {}
    for claim, name in provider.claims.items():
        value = claims.get(claim)
        proved = claims.get(VERIFIED[claim]) is True if claim in VERIFIED else True
        if isinstance(value, str) and proved:
            given |= _cleaned(context, name, value)
    return subjects.cleaned(context.datamap, given) if given else {}


def _cleaned(context: Context, name: str, value: str) -> dict[str, str]:
    try:
        return subjects.cleaned(context.datamap, {name: value})
    except Invalid:  # it does not look like one: nobody is known by it
        return {}
