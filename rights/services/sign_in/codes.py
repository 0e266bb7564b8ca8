"""
The two steps of the protocol that Authlib knows: where to send a browser, and what a code is
worth. Its transport is the guarded client.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

import orjson
from authlib.common.errors import AuthlibBaseError
from authlib.oauth2.client import OAuth2Client

from rights.net import Response
from rights.services.sign_in.directory import Directory, Metadata
from rights.services.sign_in.id_tokens import Answered
from rights.services.sign_in.pending import Begun
from rights.services.sign_in.provider import Provider
from rights.services.sign_in.refusing import failed, unavailable

_METHODS: Final = ("client_secret_basic", "client_secret_post")
_PLAIN: Final = re.compile(r"[A-Za-z0-9._~-]+")
_FAULT: Final = 500


@dataclass(frozen=True, slots=True)
class _Answer:
    """What Authlib asks of an answer."""

    said: Response = field(repr=False)

    @property
    def status_code(self) -> int:
        return self.said.status

    def json(self) -> Any:
        return orjson.loads(self.said.body)

    def raise_for_status(self) -> None:
        raise ValueError(self.said.status)


@dataclass(frozen=True, slots=True)
class _Transport:
    """What Authlib sends with."""

    provider: Provider
    directory: Directory

    def post(self, url: str, *, data: Mapping[str, str], headers: Any, auth: Any) -> _Answer:
        url, sent, body = auth.prepare("POST", url, dict(headers), urlencode(data))
        with self.directory.told(self.provider):
            answer = self.directory.ask(self.provider, "POST", url, sent, body)
            if answer.status >= _FAULT:
                raise unavailable(self.provider, "status")
        return _Answer(answer)


def address(
    provider: Provider,
    directory: Directory,
    metadata: Metadata,
    begun: Begun,
    *,
    back: str,
    language: str,
    again: bool,
    strong: bool,
) -> str:
    """
    Return where the browser goes to sign in.

    Args:
        back: Where the provider sends it afterwards.
        again: Sign in anew, whoever is signed in there.
        strong: More than a session is needed.
    """
    more: dict[str, Any] = {"nonce": begun.nonce, "ui_locales": language}
    if again:
        more |= {"prompt": "login", "max_age": "0"}
    if strong and provider.ask_acrs:
        more["acr_values"] = " ".join(provider.ask_acrs)
    client = _client(provider, directory, metadata, back)
    url, _ = client.create_authorization_url(
        metadata.authorization, state=begun.state, code_verifier=begun.verifier, **more
    )
    return str(url)


def exchange(
    provider: Provider,
    directory: Directory,
    metadata: Metadata,
    begun: Begun,
    *,
    back: str,
    code: str,
) -> Answered:
    """
    Return what the provider gives for a code.

    Raises:
        Unauthenticated: it gives nothing, or not what it should.
        Unavailable: it cannot be reached.
    """
    try:
        given = _client(provider, directory, metadata, back).fetch_token(
            metadata.token,
            grant_type="authorization_code",
            code=code,
            code_verifier=begun.verifier,
        )
    except (AuthlibBaseError, ValueError):
        # Its text is the provider's, and may quote anything.
        raise failed(provider, "code") from None
    id_token, access_token = given.get("id_token"), given.get("access_token", "")
    if not isinstance(id_token, str) or not isinstance(access_token, str):
        raise failed(provider, "no_token")
    return Answered(id_token, access_token)


def _client(
    provider: Provider, directory: Directory, metadata: Metadata, back: str
) -> OAuth2Client:
    return OAuth2Client(
        _Transport(provider, directory),
        client_id=provider.client_id,
        client_secret=provider.secret or None,
        token_endpoint_auth_method=_method(provider, metadata),
        scope=" ".join(provider.scopes),
        redirect_uri=back,
        code_challenge_method="S256",
    )


def _method(provider: Provider, metadata: Metadata) -> str:
    """Return how we prove ourselves there: the first that both can do."""
    if not provider.secret:
        return "none"
    # Providers do not agree on how other characters stand in a header. Source: RFC 6749 2.3.1.
    plain = _PLAIN.fullmatch(provider.client_id + provider.secret) is not None
    known = _METHODS if plain else reversed(_METHODS)
    found = next((one for one in known if one in metadata.methods), None)
    if found is None:
        raise failed(provider, "client_authentication")
    return found
