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

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlmodel import Session, col, select

from rights.domain.proof_keys import Way
from rights.services import ceremonies, key_challenges, person_keys
from rights.services.context import Context
from rights.services.person_keys import Content, Used
from rights.services.portal import Person
from rights.store.models import PersonKey

ADDING: Final = "add"
"""What a challenge for a new passkey is about."""

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


def to_add(
    session: Session, context: Context, person: Person, place: Place, *, now: datetime
) -> bytes:
    """Return, as JSON, what a browser needs to make a passkey. The caller made sure of the room."""
    import webauthn  # noqa: PLC0415 - 20 MB that a process may never need
    from webauthn.helpers import structs  # noqa: PLC0415 - 20 MB that a process may never need

    party = ceremonies.relying_party(context.settings.base_url)
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
    said = ceremonies.read(answer, place.framed_by) if challenge else None
    if challenge is None or said is None:
        return None
    made = ceremonies.registered(context.settings.base_url, challenge, said)
    if made is None:
        return None
    credential = ceremonies.text(made.credential_id)
    if _known(session, context, credential):
        return None
    person_keys.room(session, context, person)
    return person_keys.keep(
        session,
        context,
        person,
        Way.PASSKEY,
        Content(name, credential=credential, transports=ceremonies.transports(said)),
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
        rp_id=ceremonies.relying_party(context.settings.base_url),
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
    said = ceremonies.read(answer, place.framed_by) if challenge else None
    if challenge is None or said is None:
        return None
    keys = person_keys.listed(session, context, person, lock=True)
    given = str(said.get("id", ""))
    mine = set(context.vault.blinds(given, scope=_SCOPE))
    key = next((k for k in keys if k.credential in mine), None)
    if key is None:
        return None
    count = ceremonies.authenticated(context.settings.base_url, challenge, said, key.public_key)
    if count is None:
        return None
    if (count or key.sign_count) and count <= key.sign_count:
        return Suspect(key)
    key.sign_count = count
    return person_keys.used(context, key, now)


def _asked(session: Session, context: Context, place: Place, about: str, now: datetime) -> bytes:
    challenge = secrets.token_bytes(ceremonies.BYTES)
    key_challenges.put(session, context, place.visit, about, challenge, now=now)
    return challenge


def _known(session: Session, context: Context, credential: str) -> bool:
    """Return whether somebody has this very passkey already."""
    blinds = context.vault.blinds(credential, scope=_SCOPE)
    query = select(PersonKey.id).where(col(PersonKey.credential).in_(blinds))
    return session.exec(query).first() is not None


def _described(context: Context, keys: Sequence[PersonKey]) -> list[Any]:
    contents = [person_keys.content_of(context, key) for key in keys]
    return ceremonies.described((one.credential, one.transports) for one in contents)
