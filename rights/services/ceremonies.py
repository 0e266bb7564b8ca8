"""
What a browser says once a passkey was made or used: looked at without knowing whose it is.

The library is loaded when it is first needed: most processes never do.

Source: W3C Web Authentication, 7.1, 7.2.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import orjson

if TYPE_CHECKING:
    from webauthn.registration.verify_registration_response import VerifiedRegistration

BYTES: Final = 32
"""Of a challenge."""

_LONGEST: Final = 16_384


def relying_party(address: str) -> str:
    """
    Return the host that passkeys are for; empty where browsers make none.

    They want a name, not an address, and a page that came over TLS or from this very machine.

    Args:
        address: Of the pages on which they are used; the console may have one of its own.
    """
    base = urlsplit(address)
    host = base.hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        here = host == "localhost" or host.endswith(".localhost")
        return host if base.scheme == "https" or here else ""
    return ""


def read(answer: str, framed_by: str) -> dict[str, Any] | None:
    """Return what a browser sent, unless it says that another page had its frame around ours."""
    from webauthn.helpers import base64url_to_bytes  # noqa: PLC0415 - 20 MB that a process may never need

    try:
        said = orjson.loads(answer[:_LONGEST])
        page = orjson.loads(base64url_to_bytes(said["response"]["clientDataJSON"]))
        framed, top = bool(page.get("crossOrigin")), page.get("topOrigin", framed_by)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    # A page of its own is shown by nobody, and a frame by the one whose session it is.
    alone = not framed_by and framed
    foreign = framed and top != framed_by
    return None if alone or foreign or not isinstance(said, dict) else said


def _origin(address: str) -> str:
    base = urlsplit(address)
    return f"{base.scheme}://{base.netloc}"


def registered(address: str, challenge: bytes, said: dict[str, Any]) -> VerifiedRegistration | None:
    """Return the passkey that a browser made; None where it did not answer what was asked."""
    import webauthn  # noqa: PLC0415 - 20 MB that a process may never need
    from webauthn.helpers.exceptions import WebAuthnException  # noqa: PLC0415 - 20 MB that a process may never need

    try:
        return webauthn.verify_registration_response(
            credential=said,
            expected_challenge=challenge,
            expected_rp_id=relying_party(address),
            expected_origin=_origin(address),
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError, IndexError):
        return None


def authenticated(
    address: str, challenge: bytes, said: dict[str, Any], public_key: bytes
) -> int | None:
    """Return the count of a passkey whose signature holds."""
    import webauthn  # noqa: PLC0415 - 20 MB that a process may never need
    from webauthn.helpers.exceptions import WebAuthnException  # noqa: PLC0415 - 20 MB that a process may never need

    try:
        done = webauthn.verify_authentication_response(
            credential=said,
            expected_challenge=challenge,
            expected_rp_id=relying_party(address),
            expected_origin=_origin(address),
            credential_public_key=public_key,
            # The library looks at the count before the signature: a count that anybody could
            # write would then count as a clone's. It is looked at after that, by the caller.
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError, IndexError):
        return None
    return done.new_sign_count


def described(known: Iterable[tuple[str, tuple[str, ...]]]) -> list[Any]:
    """
    Return passkeys as a browser is told of them.

    Args:
        known: The id of each, and how a browser reaches it.
    """
    from webauthn.helpers import base64url_to_bytes, structs  # noqa: PLC0415 - 20 MB that a process may never need

    found = []
    for credential, reached in known:
        ways = [t for t in structs.AuthenticatorTransport if t.value in reached]
        found.append(
            structs.PublicKeyCredentialDescriptor(
                id=base64url_to_bytes(credential), transports=ways or None
            )
        )
    return found


def transports(said: dict[str, Any]) -> tuple[str, ...]:
    """Return what the browser says of how it reached the passkey: words of a known list only."""
    from webauthn.helpers.structs import AuthenticatorTransport  # noqa: PLC0415 - 20 MB that a process may never need

    given = said["response"].get("transports")
    known = {one.value for one in AuthenticatorTransport}
    return tuple(sorted(known.intersection(given))) if isinstance(given, list) else ()


def text(credential: bytes) -> str:
    """Return the id of a passkey as browsers spell it."""
    from webauthn.helpers import bytes_to_base64url  # noqa: PLC0415 - 20 MB that a process may never need

    return bytes_to_base64url(credential)
