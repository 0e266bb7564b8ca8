"""What a product's backend does for the portal: sign who is signed in, and ask for a token."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import urllib3
from joserfc import jws
from joserfc.jwk import OKPKey

_GOOD_FOR: Final = timedelta(minutes=4)
_MADE: Final = 201


class NoToken(Exception):
    """The service that opens the portal gave none."""


@dataclass(frozen=True, slots=True)
class Signature:
    """
    A product's signature.

    Args:
        key: Its private key, as a JWK.
    """

    issuer: str
    audience: str
    key: Mapping[str, Any] = field(repr=False)

    def vouch(self, subject: Mapping[str, str], acr: str, *, now: datetime) -> str:
        """Return a signed word about a signed-in person, good once and for four minutes."""
        claims = {
            "iss": self.issuer,
            "aud": self.audience,
            "iat": int(now.timestamp()),
            "exp": int((now + _GOOD_FOR).timestamp()),
            "jti": secrets.token_hex(16),
            "acr": acr,
            "subject": dict(subject),
        }
        key = OKPKey.import_key(dict(self.key))
        header = {"alg": "Ed25519", "kid": str(self.key["kid"])}
        return jws.serialize_compact(header, json.dumps(claims), key, algorithms=["Ed25519"])


@dataclass(frozen=True, slots=True)
class RightsApi:
    """The service's API, called with the product's key."""

    address: str
    key: str = field(repr=False)
    signature: Signature

    def portal_token(self, subject: Mapping[str, str]) -> str:
        """
        Return what opens the portal for somebody who is signed in here.

        Raises:
            NoToken: the service cannot be reached, or refuses.
        """
        word = self.signature.vouch(subject, "session", now=datetime.now(UTC))
        try:
            answer = urllib3.request(
                "POST",
                f"{self.address}/v1/portal-tokens",
                headers={"Authorization": f"Bearer {self.key}"},
                json={"assertion": word},
                timeout=10.0,
                retries=False,
            )
        except urllib3.exceptions.HTTPError as error:
            raise NoToken("the service cannot be reached") from error
        if answer.status != _MADE:
            raise NoToken(f"the service answered {answer.status}")
        return str(answer.json()["token"])
