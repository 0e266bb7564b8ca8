"""
What providers publish about themselves: where they are reached, and the keys they sign with.

Everything is fetched through the guarded client, bounded in time and size, followed nowhere, and
kept for an hour.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import orjson

from rights.domain.errors import (
    Misconfigured,
    Refused,
    Transient,
    Unauthenticated,
    Unavailable,
)
from rights.net import Busy, Guard, PartnerClient, Response
from rights.net.partners import leads_on
from rights.services.disturbances import Tell, nobody
from rights.services.sign_in.provider import Provider
from rights.services.sign_in.refusing import failed, unavailable

KEPT_S: Final = 3600.0
AGAIN_S: Final = 60.0
"""How often keys are asked for at most because a token names one that is not among them."""

_BYTES: Final = 262_144
_MOST: Final = 200
_OK: Final = 200
_FAULT: Final = 500
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Metadata:
    """
    Where a provider is reached.

    Args:
        methods: How it lets clients prove themselves at the token endpoint.
        names_itself: It says who it is when it sends a browser back. Source: RFC 9207.
    """

    authorization: str
    token: str
    keys: str
    userinfo: str
    methods: tuple[str, ...]
    names_itself: bool


class Directory:
    """
    Providers as this process last saw them.

    Args:
        guard: Where they may be.
        tell: Told of a provider that cannot be reached, or publishes what does not hold.
        monotonic: Seconds that only go forward.
    """

    def __init__(
        self,
        guard: Guard,
        tell: Tell = nobody,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tell = tell
        self._client = PartnerClient(guard, max_bytes=_BYTES)
        self._monotonic = monotonic
        self._metadata: dict[str, tuple[Metadata, float]] = {}
        self._keys: dict[str, tuple[list[Any], float]] = {}

    def metadata(self, provider: Provider) -> Metadata:
        """
        Return where a provider is reached.

        Raises:
            Unauthenticated: it does not say so as it should, or calls itself something else.
            Unavailable: it cannot be reached.
        """
        known = self._metadata.get(provider.issuer)
        if known is not None and self._monotonic() - known[1] < KEPT_S:
            return known[0]
        url = f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration"
        with self.told(provider):
            found = _read(provider, self.document(provider, url))
        _keep(self._metadata, provider.issuer, (found, self._monotonic()))
        return found

    def key_sets(self, provider: Provider, metadata: Metadata) -> Iterator[list[Any]]:
        """
        Yield the published keys; those of a moment ago first, then, once a minute, fresh ones.

        Raises: like :meth:`metadata`.
        """
        known = self._keys.get(metadata.keys)
        age = self._monotonic() - known[1] if known is not None else KEPT_S
        if known is not None and age < KEPT_S:
            yield known[0]
            if age < AGAIN_S:
                return
        with self.told(provider):
            keys = self.document(provider, metadata.keys).get("keys")
            if not isinstance(keys, list):
                raise failed(provider, "keys")
        _keep(self._keys, metadata.keys, (keys, self._monotonic()))
        yield keys

    @contextmanager
    def told(self, provider: Provider) -> Iterator[None]:
        """Have it written down that a provider failed us, and go on failing."""
        try:
            yield
        except (Unavailable, Unauthenticated) as error:
            self._tell(provider.backend_id, error.code)
            raise

    def document(
        self, provider: Provider, url: str, headers: Mapping[str, str] = _NOTHING
    ) -> dict[str, Any]:
        """Return the JSON object at *url*. Raises like :meth:`metadata`."""
        answer = self.ask(provider, "GET", url, {"Accept": "application/json", **headers})
        if answer.status >= _FAULT:
            raise unavailable(provider, "status")
        try:
            found = orjson.loads(answer.body) if answer.status == _OK else None
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise failed(provider, "document")
        return found

    def ask(
        self, provider: Provider, method: str, url: str, headers: Mapping[str, str], body: str = ""
    ) -> Response:
        """Make one request; every status is an answer. Raises like :meth:`metadata`."""
        try:
            return self._client.request(method, url, headers, body.encode())
        except Busy:
            raise unavailable(provider, "busy") from None
        except Transient:
            raise unavailable(provider, "unreachable") from None
        except Misconfigured:
            raise unavailable(provider, "certificate") from None
        except Refused:
            raise failed(provider, "refused") from None


def _keep(among: dict[str, Any], name: str, what: Any) -> None:
    if len(among) >= _MOST:
        among.clear()
    among[name] = what


def _read(provider: Provider, found: Mapping[str, Any]) -> Metadata:
    if found.get("issuer") != provider.issuer:
        raise failed(provider, "issuer")
    methods = found.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    userinfo = found.get("userinfo_endpoint")
    return Metadata(
        authorization=_endpoint(provider, found.get("authorization_endpoint")),
        token=_endpoint(provider, found.get("token_endpoint")),
        keys=_endpoint(provider, found.get("jwks_uri")),
        userinfo=_endpoint(provider, userinfo) if userinfo else "",
        methods=tuple(str(one) for one in methods) if isinstance(methods, list) else (),
        names_itself=found.get("authorization_response_iss_parameter_supported") is True,
    )


def _endpoint(provider: Provider, url: Any) -> str:
    """Return an address of a provider, over https as its issuer is."""
    if not isinstance(url, str) or not leads_on(provider.issuer, url):
        raise failed(provider, "endpoint")
    return url
