"""What is wrong with how a provider is set up, before anybody signs in there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from rights.domain.datamap import DataMap, Identifier
from rights.domain.errors import FieldError, Invalid
from rights.net import Guard
from rights.net.partners import mistake
from rights.services.sign_in.provider import Provider

VERIFIED: Final = {"email": "email_verified", "phone_number": "phone_number_verified"}
"""Claims that are somebody's only where another claim says so. Source: OIDC Core 5.1."""

_ODD: Final = "is no issuer: write it like https://login.shop.example"
_LONGEST: Final = {"client_id": 200, "title": 80}
_TOKEN: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
_NAME: Final = re.compile(r"\w[\w.:/-]{0,119}")


def lint(datamap: DataMap, guard: Guard, said: Provider) -> None:
    """Raise Invalid with every mistake in what an operator said about a provider."""
    errors = [*mistakes(guard, said), *_of_claims(datamap, said)]
    if errors:
        raise Invalid("the provider cannot be used", errors)


def mistakes(guard: Guard, said: Provider) -> Iterator[FieldError]:
    """Yield what is wrong with a provider whoever signs in there."""
    yield from _of_issuer(guard, said.issuer)
    yield from _of_client(said)
    yield from _of_words(said)
    for claim in said.claims:
        if not _NAME.fullmatch(claim):
            yield FieldError(f"claims.{claim}", "is no name of a claim")


def _of_issuer(guard: Guard, issuer: str) -> Iterator[FieldError]:
    if wrong := mistake(guard, issuer, odd=_ODD):
        yield FieldError("issuer", wrong)


def _of_client(said: Provider) -> Iterator[FieldError]:
    if not 0 < len(said.client_id) <= _LONGEST["client_id"] or not _printed(said.client_id):
        yield FieldError("client_id", "must be printable ASCII, at most 200 characters")
    if len(said.title) > _LONGEST["title"]:
        yield FieldError("title", "is longer than 80 characters")
    if not _printed(said.secret):
        yield FieldError("secret", "must be printable ASCII")


def _printed(text: str) -> bool:
    return text.isascii() and text.isprintable()


def _of_claims(datamap: DataMap, said: Provider) -> Iterator[FieldError]:
    if not said.claims:
        yield FieldError("claims", "name nobody: say which claim is which identifier")
    if len(set(said.claims.values())) < len(said.claims):
        yield FieldError("claims", "name one identifier twice")
    for claim, name in said.claims.items():
        known = datamap.identifiers.get(name)
        if known is None:
            allowed = tuple(sorted(datamap.identifiers))
            yield FieldError(f"claims.{claim}", "is no identifier of the data map", allowed)
        elif wrong := _of_claim(claim, known):
            yield FieldError(f"claims.{claim}", wrong)


def _of_claim(claim: str, known: Identifier) -> str:
    """Return why a claim cannot be an identifier; empty if it can."""
    if known.kind == "device":
        return "a provider knows no devices"
    # Of any other claim nobody says whether the address was ever tried.
    needed = "email" if known.normalise == "email" else "phone_number"
    if known.kind == "contact" and claim != needed:
        return f"an address is taken from the claim {needed} alone"
    return ""


def _of_words(said: Provider) -> Iterator[FieldError]:
    words = {"scopes": said.scopes, "acrs": said.acrs, "amrs": said.amrs, "ask_acrs": said.ask_acrs}
    for name, values in words.items():
        if not all(_TOKEN.fullmatch(value) for value in values):
            yield FieldError(name, "must be words of printable ASCII")
