"""What is wrong with how a provider is set up, before anybody signs in there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from rights.domain.datamap import DataMap, Identifier
from rights.domain.errors import FieldError, Invalid, RightsError
from rights.net import Guard
from rights.services.sign_in.provider import Provider

VERIFIED: Final = {"email": "email_verified", "phone_number": "phone_number_verified"}
"""Claims that are somebody's only where another claim says so. Source: OIDC Core 5.1."""

_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_LONGEST: Final = {"issuer": 300, "client_id": 200, "title": 80}
_TOKEN: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")
_NAME: Final = re.compile(r"\w[\w.:/-]{0,119}")


def lint(datamap: DataMap, guard: Guard, said: Provider) -> None:
    """Raise Invalid with every mistake in what an operator said about a provider."""
    errors = [
        *_of_issuer(guard, said.issuer),
        *_of_client(said),
        *_of_claims(datamap, said),
        *_of_words(said),
    ]
    if errors:
        raise Invalid("the provider cannot be used", errors)


def _of_issuer(guard: Guard, issuer: str) -> Iterator[FieldError]:
    """Find what is wrong with an issuer; plain http is for this very machine, where allowed."""
    try:
        parts = urlsplit(issuer)
        host = parts.hostname or ""
    except ValueError:
        yield FieldError("issuer", "is no address")
        return
    if (
        len(issuer) > _LONGEST["issuer"]
        or not host
        or parts.query
        or parts.fragment
        or "@" in parts.netloc
    ):
        yield FieldError("issuer", "is no issuer: write it like https://login.shop.example")
    elif parts.scheme == "http" and host in _LOOPBACK:
        try:
            guard.check(issuer)
        except RightsError:
            yield FieldError("issuer", "is plain http, which RIGHTS_WEBHOOK_ALLOW does not allow")
    elif parts.scheme != "https":
        yield FieldError("issuer", "must begin with https://")


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
    if not _NAME.fullmatch(claim):
        return "is no name of a claim"
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
