"""
What a provider says about somebody, signed: believed only if all of it fits this sign-in.

Signatures are by public keys that the provider publishes. "none" and shared secrets are no
signatures here, whatever a token says about itself.

Source: OpenID Connect Core 1.0, 3.1.3.7; RFC 8725.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

import orjson
from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, OKPKey, RSAKey

from rights.services.sign_in.directory import Directory, Metadata
from rights.services.sign_in.pending import Begun
from rights.services.sign_in.provider import Provider
from rights.services.sign_in.refusing import failed

SKEW: Final = timedelta(seconds=60)
_LONGEST: Final = 16_384
_MOST_KEYS: Final = 50
_RSA_BITS: Final = 2048
_LONGEST_SUB: Final = 255  # OIDC Core 2

_Key = RSAKey | ECKey | OKPKey


@dataclass(frozen=True, slots=True)
class _Algorithm:
    kty: str
    crv: str
    kind: type[_Key]
    parts: tuple[str, ...]
    hashed: str


_ED25519: Final = _Algorithm("OKP", "Ed25519", OKPKey, ("x",), "sha512")

ALGORITHMS: Final[Mapping[str, _Algorithm]] = MappingProxyType(
    {
        "RS256": _Algorithm("RSA", "", RSAKey, ("n", "e"), "sha256"),
        "ES256": _Algorithm("EC", "P-256", ECKey, ("x", "y"), "sha256"),
        "EdDSA": _ED25519,
        "Ed25519": _ED25519,  # its name since RFC 9864
    }
)
"""How a token may be signed, and by which kind of key."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What came from the token endpoint."""

    id_token: str = field(repr=False)
    access_token: str = field(repr=False)


def verify(
    provider: Provider,
    directory: Directory,
    metadata: Metadata,
    begun: Begun,
    answered: Answered,
    *,
    again: bool,
    now: datetime,
) -> dict[str, Any]:
    """
    Return the claims of an ID token.

    Args:
        again: Whoever it is has to have signed in since this sign-in was begun.

    Raises:
        Unauthenticated: a claim or the signature does not hold; which one is not said.
        Unavailable: the keys cannot be reached.
    """
    claims, algorithm = _signed(provider, directory, metadata, answered.id_token)
    why = (
        _for_us(provider, claims)
        or _in_time(claims, begun, now)
        or _of_this(claims, begun)
        or _with_token(claims, algorithm, answered.access_token)
        or (_afresh(claims, begun, now) if again else "")
    )
    if why:
        raise failed(provider, why)
    return claims


def _signed(
    provider: Provider, directory: Directory, metadata: Metadata, token: str
) -> tuple[dict[str, Any], _Algorithm]:
    header = _header(token)
    name = header.get("alg")
    algorithm = ALGORITHMS.get(name) if isinstance(name, str) else None
    # What an extension changes about a token, we would not know.
    if algorithm is None or not isinstance(name, str) or "crit" in header:
        raise failed(provider, "algorithm")
    for published in directory.key_sets(provider, metadata):
        for key in _fitting(published, algorithm, header.get("kid")):
            claims = _opened(token, key, name)
            if claims is not None:
                return claims, algorithm
    raise failed(provider, "signature")


def _header(token: str) -> dict[str, Any]:
    """Return what a token says about itself; nothing where it is none."""
    if len(token) > _LONGEST or not token.isascii():
        return {}
    try:
        found: dict[str, Any] = jws.extract_compact(token.encode()).headers()
    except (JoseError, ValueError):
        return {}
    return found


def _fitting(published: list[Any], algorithm: _Algorithm, kid: Any) -> Iterator[_Key]:
    """Yield the published keys that may have signed; only public parts are looked at."""
    for one in published[:_MOST_KEYS]:
        if not isinstance(one, dict) or one.get("kty") != algorithm.kty:
            continue
        if one.get("use", "sig") != "sig" or (kid is not None and one.get("kid") != kid):
            continue
        if algorithm.crv and one.get("crv") != algorithm.crv:
            continue
        public = {name: str(one.get(name, "")) for name in algorithm.parts}
        if algorithm.crv:
            public["crv"] = algorithm.crv
        elif _bits(public["n"]) < _RSA_BITS:
            continue
        try:
            yield algorithm.kind.import_key({"kty": algorithm.kty, **public})
        except (JoseError, ValueError):
            continue


def _bits(number: str) -> int:
    try:
        raw = base64.urlsafe_b64decode(number + "=" * (-len(number) % 4))
    except ValueError:
        return 0
    return int.from_bytes(raw, "big").bit_length()


def _opened(token: str, key: _Key, algorithm: str) -> dict[str, Any] | None:
    try:
        with warnings.catch_warnings():
            # "EdDSA" is the older name of the same algorithm; providers still write it.
            warnings.simplefilter("ignore", SecurityWarning)
            found = jws.deserialize_compact(token, key, algorithms=[algorithm])
        claims = orjson.loads(found.payload)
    except (JoseError, ValueError):
        return None
    return claims if isinstance(claims, dict) else None


def _for_us(provider: Provider, claims: Mapping[str, Any]) -> str:
    audience, party = claims.get("aud"), claims.get("azp")
    named = audience if isinstance(audience, list) else [audience]
    if claims.get("iss") != provider.issuer:
        return "iss"
    if provider.client_id not in named:
        return "aud"
    if (len(named) > 1 or party is not None) and party != provider.client_id:
        return "azp"
    return ""


def _in_time(claims: Mapping[str, Any], begun: Begun, now: datetime) -> str:
    issued, ends = _number(claims, "iat"), _number(claims, "exp")
    earliest = _number(claims, "nbf") if "nbf" in claims else 0.0
    latest = (now + SKEW).timestamp()
    if ends is None or ends <= (now - SKEW).timestamp():
        return "exp"
    if issued is None or not (begun.at - SKEW).timestamp() <= issued <= latest:
        return "iat"
    return "nbf" if earliest is None or earliest > latest else ""


def _number(claims: Mapping[str, Any], name: str) -> float | None:
    found = claims.get(name)
    return float(found) if isinstance(found, int | float) and found is not True else None


def _of_this(claims: Mapping[str, Any], begun: Begun) -> str:
    nonce, sub = claims.get("nonce"), claims.get("sub")
    if not isinstance(nonce, str) or not hmac.compare_digest(nonce.encode(), begun.nonce.encode()):
        return "nonce"
    if not isinstance(sub, str) or not 0 < len(sub) <= _LONGEST_SUB:
        return "sub"
    return ""


def _with_token(claims: Mapping[str, Any], algorithm: _Algorithm, access_token: str) -> str:
    """Check that the access token beside it is the one it was made with, where it says so."""
    said = claims.get("at_hash")
    if said is None:
        return ""
    digest = hashlib.new(algorithm.hashed, access_token.encode()).digest()
    half = base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=")
    right = isinstance(said, str) and hmac.compare_digest(half, said.encode())
    return "" if right else "at_hash"


def _afresh(claims: Mapping[str, Any], begun: Begun, now: datetime) -> str:
    at = _number(claims, "auth_time")
    fits = at is not None and (begun.at - SKEW).timestamp() <= at <= (now + SKEW).timestamp()
    return "" if fits else "auth_time"
