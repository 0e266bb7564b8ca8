"""
Signed messages between services: the wire format of Standard Webhooks, both directions.

Three headers go with the body: ``webhook-id`` (the same on every repeat of a message),
``webhook-timestamp`` (seconds) and ``webhook-signature``: one or more ``v1,<base64>``, parted
by spaces, each the HMAC-SHA256 of ``id.timestamp.body`` under one secret. Several secrets at
once are how a secret is changed without an hour in which nothing verifies.

Source: Standard Webhooks 1.0, symmetric signatures.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from rights.domain.errors import ConfigError, Unauthenticated

ID = "webhook-id"
TIMESTAMP = "webhook-timestamp"
SIGNATURE = "webhook-signature"

PREFIX = "whsec_"
TOLERANCE = timedelta(minutes=5)

_SECRET_BYTES = range(24, 65)
_MOST_SIGNATURES = 20
_LONGEST_ID = 255


@dataclass(frozen=True, slots=True)
class Signed:
    """What a verified message said about itself: whoever acts on it must act once per *id*."""

    id: str
    at: datetime


def secret_of(random: bytes) -> str:
    """
    Return the written form of a secret.

    Args:
        random: 24 to 64 bytes from the system's generator.
    """
    if len(random) not in _SECRET_BYTES:
        raise ConfigError("a signing secret is 24 to 64 random bytes")
    return PREFIX + base64.b64encode(random).decode()


def sign(secrets: Sequence[str], message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """
    Return the headers that go with *body*.

    Args:
        secrets: The current one first; one signature is made with each.
        at: When this delivery is sent, not when the message was first made.

    Raises:
        ConfigError: there is no secret, or one is not ``whsec_`` and base64.
    """
    if not secrets:
        raise ConfigError("a message cannot be signed without a secret")
    if not _is_id(message_id):
        raise ValueError("a message id is printable ASCII without a dot or a space")
    timestamp = str(int(at.timestamp()))
    made = (_mac(secret, message_id, timestamp, body) for secret in secrets)
    return {
        ID: message_id,
        TIMESTAMP: timestamp,
        SIGNATURE: " ".join(f"v1,{base64.b64encode(mac).decode()}" for mac in made),
    }


def verify(
    secrets: Sequence[str],
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
    tolerance: timedelta = TOLERANCE,
) -> Signed:
    """
    Return what a message says about itself once it proved to be from who knows a secret.

    Args:
        headers: In any spelling of upper and lower case.
        body: The bytes as they came, not parsed and written again.

    Raises:
        Unauthenticated: a header is missing, the time is off, or no signature fits.
        ConfigError: one of our secrets cannot be read.
    """
    spelt = {name.lower(): value for name, value in headers.items()}
    message_id, timestamp = spelt.get(ID, ""), spelt.get(TIMESTAMP, "")
    if not _is_id(message_id):
        raise Unauthenticated(f"the {ID} header is missing or malformed")
    at = _moment(timestamp)
    if abs(now - at) > tolerance:
        raise Unauthenticated(f"the {TIMESTAMP} header is too far from this clock")
    given = _signatures(spelt.get(SIGNATURE, ""))
    fits = False
    for secret in secrets:
        mac = _mac(secret, message_id, timestamp, body)
        for signature in given:  # every pair is compared: the time taken tells nothing
            fits |= hmac.compare_digest(mac, signature)
    if not fits:
        raise Unauthenticated(f"the {SIGNATURE} header does not fit the message")
    return Signed(message_id, at)


def _mac(secret: str, message_id: str, timestamp: str, body: bytes) -> bytes:
    signed = b".".join((message_id.encode(), timestamp.encode(), body))
    return hmac.digest(_key(secret), signed, hashlib.sha256)


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except ValueError:
        raise ConfigError("a signing secret is whsec_ and base64") from None
    if not secret.startswith(PREFIX):
        raise ConfigError("a signing secret begins with whsec_")
    if len(key) not in _SECRET_BYTES:
        raise ConfigError("a signing secret is 24 to 64 random bytes")
    return key


def _is_id(text: str) -> bool:
    return (
        0 < len(text) <= _LONGEST_ID
        and text.isascii()
        and text.isprintable()
        and not set(text) & {".", " "}
    )


def _moment(timestamp: str) -> datetime:
    if not re.fullmatch("[0-9]{1,11}", timestamp):  # eleven digits reach the year 5138
        raise Unauthenticated(f"the {TIMESTAMP} header is missing or malformed")
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=int(timestamp))


def _signatures(header: str) -> list[bytes]:
    found = []
    for part in header.split(" ")[:_MOST_SIGNATURES]:
        version, _, text = part.partition(",")
        if version != "v1":
            continue  # other versions, asymmetric ones too, may stand beside ours
        try:
            found.append(base64.b64decode(text, validate=True))
        except (binascii.Error, ValueError):
            continue  # a signature that is not base64 fits nothing
    return found
