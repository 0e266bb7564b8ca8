"""
A sign-in from its beginning to its end, between the browser and the provider.

No transaction is open while the provider is asked.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from rights.domain.errors import Unauthenticated
from rights.domain.policy import ASSERTION
from rights.services.context import Context
from rights.services.portal import Person
from rights.services.sign_in import codes, id_tokens, people
from rights.services.sign_in.directory import Directory, Metadata
from rights.services.sign_in.id_tokens import Answered
from rights.services.sign_in.pending import Begun
from rights.services.sign_in.provider import Provider
from rights.services.sign_in.refusing import failed, over

_LONGEST_CODE: Final = 4096


@dataclass(frozen=True, slots=True)
class SignedIn:
    """
    Who came back.

    Args:
        account: Keyed hash of the account at the provider.
    """

    person: Person
    account: str = field(repr=False)


def start(
    provider: Provider,
    directory: Directory,
    begun: Begun,
    *,
    back: str,
    language: str,
    strong: bool = False,
) -> str:
    """
    Return where the browser goes to sign in. Raises like :func:`finish`.

    Args:
        back: Where the provider sends it afterwards.
        strong: More than a session is needed, as it always is to sign in again.
    """
    metadata = directory.metadata(provider)
    again = bool(begun.purpose.account)
    return codes.address(
        provider,
        directory,
        metadata,
        begun,
        back=back,
        language=language,
        again=again,
        strong=strong or again,
    )


def finish(
    context: Context,
    provider: Provider,
    directory: Directory,
    begun: Begun,
    said: Mapping[str, str],
    *,
    back: str,
    now: datetime,
) -> SignedIn:
    """
    Return which person signed in.

    Args:
        said: What the provider sent the browser back with.

    Raises: like :func:`claims`; Unauthenticated too where no product's word is taken here.
    """
    if ASSERTION not in context.policy.ways:  # switched off meanwhile
        raise over()
    told = claims(provider, directory, begun, said, back=back, now=now)
    account = people.account(context, provider, told["sub"])
    return SignedIn(people.person(context, provider, told), account)


def claims(
    provider: Provider,
    directory: Directory,
    begun: Begun,
    said: Mapping[str, str],
    *,
    back: str,
    now: datetime,
) -> dict[str, Any]:
    """
    Return what a provider says of whoever signed in: all of it holds.

    Args:
        said: What the provider sent the browser back with.

    Raises:
        Unauthenticated: nobody did, or what the provider says does not hold.
        Unavailable: the provider cannot be reached.
    """
    if begun.purpose.issuer != provider.issuer:  # set up anew meanwhile
        raise over()
    metadata = directory.metadata(provider)
    code = _code(provider, metadata, said)
    answered = codes.exchange(provider, directory, metadata, begun, back=back, code=code)
    again = bool(begun.purpose.account)
    told = id_tokens.verify(provider, directory, metadata, begun, answered, again=again, now=now)
    return _with_userinfo(provider, directory, metadata, answered, told)


def _code(provider: Provider, metadata: Metadata, said: Mapping[str, str]) -> str:
    """Return the code, if it is this provider that sends it. Source: RFC 9207."""
    issuer = said.get("iss", "")
    right = hmac.compare_digest(issuer.encode(), provider.issuer.encode())
    if not right and (issuer or metadata.names_itself):
        raise failed(provider, "other_issuer")
    if said.get("error") == "access_denied":
        raise Unauthenticated("the sign-in was broken off", code="sign_in_cancelled")
    code = said.get("code", "")
    if said.get("error") or not 0 < len(code) <= _LONGEST_CODE:
        raise failed(provider, "no_code")
    return code


def _with_userinfo(
    provider: Provider,
    directory: Directory,
    metadata: Metadata,
    answered: Answered,
    told: dict[str, Any],
) -> dict[str, Any]:
    """Return the claims with what the provider gives only when it is asked, about the same one."""
    names = people.lacking(provider, told)
    if not names or not metadata.userinfo or not answered.access_token:
        return told
    bearer = {"Authorization": f"Bearer {answered.access_token}"}
    more = directory.document(provider, metadata.userinfo, bearer)
    if more.get("sub") != told["sub"]:
        raise failed(provider, "userinfo")
    return people.supplied(told, more, names)
