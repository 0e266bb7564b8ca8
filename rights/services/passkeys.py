"""
Passkeys (WebAuthn): adding one, and proving with it.

The challenge is made here, kept for one visit and one thing, and good once. The person has to
unlock the passkey (user verification), and the browser has to have been on a page of ours. Where
a passkey counts how often it was used, a count that does not go up means that there are two of
it: it is refused, and its owner told.

The library is loaded when it is first needed: most processes never do.

Source: NDSR 9, 25(1)(1); PIPL 51.
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import orjson
from sqlmodel import Session, col, select

from rights.domain.proof_keys import Way
from rights.services import key_challenges, person_keys
from rights.services.context import Context
from rights.services.person_keys import Content, Used
from rights.services.portal import Person
from rights.settings import Settings
from rights.store.models import PersonKey

if TYPE_CHECKING:
    from webauthn.registration.verify_registration_response import VerifiedRegistration

ADDING: Final = "add"
"""What a challenge for a new passkey is about."""

_LONGEST: Final = 16_384
_CHALLENGE: Final = 32
_SCOPE: Final = "credential"


@dataclass(frozen=True, slots=True)
class Place:
    """
    Where a ceremony takes place.

    Args:
        visit: The portal session.
        framed_by: Whose page shows the portal; empty for a page of its own.
    """

    visit: str
    framed_by: str = ""


def relying_party(settings: Settings) -> str:
    """
    Return the host that passkeys are for; empty where browsers make none.

    They want a name, not an address, and a page that came over TLS or from this very machine.
    """
    base = urlsplit(settings.base_url)
    host = base.hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        here = host == "localhost" or host.endswith(".localhost")
        return host if base.scheme == "https" or here else ""
    return ""


def to_add(
    session: Session, context: Context, person: Person, place: Place, *, now: datetime
) -> bytes:
    """Return, as JSON, what a browser needs to make a passkey. The caller made sure of the room."""
    import webauthn  # noqa: PLC0415 - 20 MB that a process may never need
    from webauthn.helpers import structs  # noqa: PLC0415 - 20 MB that a process may never need

    party = relying_party(context.settings)
    known = [k for k in person_keys.listed(session, context, person) if k.way == Way.PASSKEY]
    challenge = _asked(session, context, place, ADDING, now)
    owner = bytes.fromhex(person_keys.subjects_of(context, person)[0])
    options = webauthn.generate_registration_options(
        rp_id=party,
        rp_name=party,
        user_id=owner,  # a keyed hash: it tells an authenticator nothing about anybody
        user_name=party,
        challenge=challenge,
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.DISCOURAGED,
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_described(context, known),
    )
    return webauthn.options_to_json(options).encode()


def add(
    session: Session,
    context: Context,
    person: Person,
    place: Place,
    answer: str,
    name: str,
    *,
    now: datetime,
) -> PersonKey | None:
    """
    Keep the passkey that a browser made; None where it did not answer what was asked.

    The challenge is used up in any case, so the caller commits before refusing.

    Raises:
        Conflict: the person has as many keys as they may.
    """
    challenge = key_challenges.take(session, context, place.visit, ADDING, now=now)
    said = _read(answer, place) if challenge else None
    if challenge is None or said is None:
        return None
    made = _registered(context, challenge, said)
    if made is None:
        return None
    credential = _text(made.credential_id)
    if _known(session, context, credential):
        return None
    person_keys.room(session, context, person)
    return person_keys.keep(
        session,
        context,
        person,
        Way.PASSKEY,
        Content(name, credential=credential, transports=_transports(said)),
        now=now,
        credential=context.vault.blind(credential, scope=_SCOPE),
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
    )


def to_prove(
    session: Session, context: Context, person: Person, place: Place, about: str, *, now: datetime
) -> bytes:
    """
    Return, as JSON, what a browser needs to prove something with one of the person's passkeys.

    Those are asked for that count alone; the caller made sure that there is one.

    Args:
        about: What it will be good for: a request, or a download.
    """
    import webauthn  # noqa: PLC0415 - 20 MB that a process may never need
    from webauthn.helpers.structs import UserVerificationRequirement  # noqa: PLC0415 - 20 MB that a process may never need

    keys = [
        key
        for key in person_keys.listed(session, context, person)
        if key.way == Way.PASSKEY and person_keys.trusted(context, key, now)
    ]
    options = webauthn.generate_authentication_options(
        rp_id=relying_party(context.settings),
        challenge=_asked(session, context, place, about, now),
        allow_credentials=_described(context, keys),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return webauthn.options_to_json(options).encode()


@dataclass(frozen=True, slots=True)
class Suspect:
    """A passkey that answered rightly with a count that somebody else has used up."""

    key: PersonKey


def prove(
    session: Session,
    context: Context,
    person: Person,
    place: Place,
    about: str,
    answer: str,
    *,
    now: datetime,
) -> Used | Suspect | None:
    """
    Return which passkey answered; None where none of the person's did, or not what was asked.

    The challenge is used up in any case, so the caller commits before refusing.
    """
    challenge = key_challenges.take(session, context, place.visit, about, now=now)
    said = _read(answer, place) if challenge else None
    if challenge is None or said is None:
        return None
    keys = person_keys.listed(session, context, person, lock=True)
    given = str(said.get("id", ""))
    mine = set(context.vault.blinds(given, scope=_SCOPE))
    key = next((k for k in keys if k.credential in mine), None)
    count = _authenticated(context, challenge, said, key.public_key) if key else None
    if key is None or count is None:
        return None
    if (count or key.sign_count) and count <= key.sign_count:
        return Suspect(key)
    key.sign_count = count
    return person_keys.used(context, key, now)


def _asked(session: Session, context: Context, place: Place, about: str, now: datetime) -> bytes:
    challenge = secrets.token_bytes(_CHALLENGE)
    key_challenges.put(session, context, place.visit, about, challenge, now=now)
    return challenge


def _read(answer: str, place: Place) -> dict[str, Any] | None:
    """Return what a browser sent, unless it says that another page had its frame around ours."""
    from webauthn.helpers import base64url_to_bytes  # noqa: PLC0415 - 20 MB that a process may never need

    try:
        said = orjson.loads(answer[:_LONGEST])
        page = orjson.loads(base64url_to_bytes(said["response"]["clientDataJSON"]))
        framed, top = bool(page.get("crossOrigin")), page.get("topOrigin", place.framed_by)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    # A page of its own is shown by nobody, and a frame by the one whose session it is.
    alone = not place.framed_by and framed
    foreign = framed and top != place.framed_by
    return None if alone or foreign or not isinstance(said, dict) else said


def _origin(settings: Settings) -> str:
    base = urlsplit(settings.base_url)
    return f"{base.scheme}://{base.netloc}"


def _registered(
    context: Context, challenge: bytes, said: dict[str, Any]
) -> VerifiedRegistration | None:
    import webauthn  # noqa: PLC0415 - 20 MB that a process may never need
    from webauthn.helpers.exceptions import WebAuthnException  # noqa: PLC0415 - 20 MB that a process may never need

    try:
        return webauthn.verify_registration_response(
            credential=said,
            expected_challenge=challenge,
            expected_rp_id=relying_party(context.settings),
            expected_origin=_origin(context.settings),
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError, IndexError):
        return None


def _authenticated(
    context: Context, challenge: bytes, said: dict[str, Any], public_key: bytes
) -> int | None:
    """Return the count of a passkey whose signature holds."""
    import webauthn  # noqa: PLC0415 - 20 MB that a process may never need
    from webauthn.helpers.exceptions import WebAuthnException  # noqa: PLC0415 - 20 MB that a process may never need

    try:
        done = webauthn.verify_authentication_response(
            credential=said,
            expected_challenge=challenge,
            expected_rp_id=relying_party(context.settings),
            expected_origin=_origin(context.settings),
            credential_public_key=public_key,
            # The library looks at the count before the signature: a count that anybody could
            # write would then count as a clone's. It is looked at after that, by the caller.
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError, IndexError):
        return None
    return done.new_sign_count


def _known(session: Session, context: Context, credential: str) -> bool:
    """Return whether somebody has this very passkey already."""
    blinds = context.vault.blinds(credential, scope=_SCOPE)
    query = select(PersonKey.id).where(col(PersonKey.credential).in_(blinds))
    return session.exec(query).first() is not None


def _described(context: Context, keys: Sequence[PersonKey]) -> list[Any]:
    from webauthn.helpers import base64url_to_bytes, structs  # noqa: PLC0415 - 20 MB that a process may never need

    found = []
    for key in keys:
        content = person_keys.content_of(context, key)
        ways = [t for t in structs.AuthenticatorTransport if t.value in content.transports]
        found.append(
            structs.PublicKeyCredentialDescriptor(
                id=base64url_to_bytes(content.credential), transports=ways or None
            )
        )
    return found


def _transports(said: dict[str, Any]) -> tuple[str, ...]:
    """Return what the browser says of how it reached the passkey: words of a known list only."""
    from webauthn.helpers.structs import AuthenticatorTransport  # noqa: PLC0415 - 20 MB that a process may never need

    given = said["response"].get("transports")
    known = {one.value for one in AuthenticatorTransport}
    return tuple(sorted(known.intersection(given))) if isinstance(given, list) else ()


def _text(credential: bytes) -> str:
    from webauthn.helpers import bytes_to_base64url  # noqa: PLC0415 - 20 MB that a process may never need

    return bytes_to_base64url(credential)
