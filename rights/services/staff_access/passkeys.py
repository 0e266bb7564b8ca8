"""
Passkeys of staff: beside a password in place of a code, or alone.

A passkey is something that one has and, since it has to be unlocked, something that one is or
knows: both factors. The challenge is of one browser and good once. A count that does not go up
means that there are two of a passkey: it lets nobody in, and that is an entry.

Source: NDSR 9; NIST SP 800-63B 5.1.9; W3C Web Authentication.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Final

import orjson
from sqlmodel import Session, col, select

from rights.domain.errors import Conflict, NotFound
from rights.domain.proof_keys import NAME
from rights.services import audit, ceremonies, key_challenges
from rights.services.context import Context
from rights.services.staff_access.sessions import Present
from rights.store.models import StaffPasskey

MOST: Final = 10
"""Passkeys that somebody may have."""

ADDING: Final = "add"
ENTERING: Final = "enter"
"""What a challenge is about."""


@dataclass(frozen=True, slots=True)
class Content:
    """
    What is sealed of a passkey.

    Args:
        name: As its owner calls it.
        credential: Its id, in base64url.
        transports: How a browser reaches it, in WebAuthn's words.
    """

    name: str = field(repr=False)
    credential: str = field(repr=False)
    transports: tuple[str, ...] = ()


def listed(session: Session, staff_id: str) -> Sequence[StaffPasskey]:
    """Return somebody's passkeys, the oldest first."""
    mine = select(StaffPasskey).where(StaffPasskey.staff_id == staff_id)
    return session.exec(mine.order_by(col(StaffPasskey.created_at))).all()


def content_of(context: Context, key: StaffPasskey) -> Content:
    """Return what is sealed of a passkey."""
    said = orjson.loads(context.vault.open(key.sealed, aad=aad(key.id)))
    return Content(said["name"], said["credential"], tuple(said["transports"]))


def to_add(session: Session, context: Context, here: Present, *, now: datetime) -> bytes:
    """Return, as JSON, what a browser needs to make a passkey. Raises Conflict: there are many."""
    import webauthn  # noqa: PLC0415 - 20 MB that a process may never need
    from webauthn.helpers import structs  # noqa: PLC0415 - 20 MB that a process may never need

    party, known = ceremonies.relying_party(context.settings.console_address), _room(session, here)
    options = webauthn.generate_registration_options(
        rp_id=party,
        rp_name=party,
        user_id=here.staff.id.encode(),
        user_name=here.staff.name,
        challenge=_asked(session, context, _of(here, ADDING), now),
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.PREFERRED,
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_described(context, known),
    )
    return webauthn.options_to_json(options).encode()


def add(
    session: Session, context: Context, here: Present, answer: str, name: str, *, now: datetime
) -> StaffPasskey | None:
    """
    Keep the passkey that a browser made; None where it did not answer what was asked.

    The caller made sure of the factor in use. The challenge is used up in any case, so the caller
    commits before refusing.

    Raises:
        Conflict: there are as many as there may be.
    """
    challenge = _taken(session, context, _of(here, ADDING), now)
    said = ceremonies.read(answer, "") if challenge else None
    if challenge is None or said is None:
        return None
    made = ceremonies.registered(context.settings.console_address, challenge, said)
    if made is None or _find(session, ceremonies.text(made.credential_id)):
        return None
    _room(session, here)
    credential = ceremonies.text(made.credential_id)
    row = StaffPasskey(
        staff_id=here.staff.id,
        credential=_place(credential),
        sealed=b"",
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        created_at=now,
    )
    plain = " ".join("".join(c if c.isprintable() else " " for c in name).split())[:NAME]
    content = Content(plain, credential, ceremonies.transports(said))
    row.sealed = context.vault.seal(orjson.dumps(asdict(content)), aad=aad(row.id))
    session.add(row)
    audit.append_day(session, audit.Line("staff_passkey_added", here.actor, {}), now=now)
    return row


def remove(session: Session, here: Present, key_id: str, *, now: datetime) -> None:
    """Forget one of one's own passkeys. Raises NotFound, for anybody else's too."""
    found = session.get(StaffPasskey, key_id)
    if found is None or found.staff_id != here.staff.id:
        raise NotFound("there is no such passkey")
    session.delete(found)
    audit.append_day(session, audit.Line("staff_passkey_removed", here.actor, {}), now=now)


def to_enter(session: Session, context: Context, here: Present, *, now: datetime) -> bytes:
    """Return, as JSON, what a browser needs to use one of the passkeys of whoever is here."""
    keys = listed(session, here.staff.id)
    return _to_use(session, context, _of(here, ENTERING), keys, now)


def to_enter_alone(session: Session, context: Context, word: str, *, now: datetime) -> bytes:
    """
    Return, as JSON, what a browser needs to use whichever passkey it has for this service.

    Args:
        word: What this browser alone has.
    """
    return _to_use(session, context, word, (), now)


def used(
    session: Session, context: Context, place: str, answer: str, *, now: datetime
) -> StaffPasskey | None:
    """
    Return the passkey that answered what was asked; None where none did.

    The challenge is used up in any case, so the caller commits before refusing.

    Args:
        place: Where it was asked.
    """
    challenge = _taken(session, context, place, now)
    said = ceremonies.read(answer, "") if challenge else None
    key = _find(session, str(said.get("id", ""))) if said else None
    if challenge is None or said is None or key is None:
        return None
    count = ceremonies.authenticated(
        context.settings.console_address, challenge, said, key.public_key
    )
    if count is None:
        return None
    if (count or key.sign_count) and count <= key.sign_count:
        actor = f"staff:{key.staff_id}"
        audit.append_day(session, audit.Line("staff_passkey_suspect", actor, {}), now=now)
        return None
    key.sign_count, key.last_used_at = count, now
    return key


def aad(key_id: str) -> str:
    """Return what binds what is sealed to its passkey."""
    return f"staff_passkey|{key_id}"


def _of(here: Present, about: str) -> str:
    return f"{here.id}|{about}"


def _asked(session: Session, context: Context, place: str, now: datetime) -> bytes:
    challenge = secrets.token_bytes(ceremonies.BYTES)
    key_challenges.put(session, context, f"staff|{place}", "", challenge, now=now)
    return challenge


def _taken(session: Session, context: Context, place: str, now: datetime) -> bytes | None:
    return key_challenges.take(session, context, f"staff|{place}", "", now=now)


def _to_use(
    session: Session, context: Context, place: str, keys: Sequence[StaffPasskey], now: datetime
) -> bytes:
    import webauthn  # noqa: PLC0415 - 20 MB that a process may never need
    from webauthn.helpers.structs import UserVerificationRequirement  # noqa: PLC0415 - 20 MB that a process may never need

    options = webauthn.generate_authentication_options(
        rp_id=ceremonies.relying_party(context.settings.console_address),
        challenge=_asked(session, context, place, now),
        allow_credentials=_described(context, keys),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return webauthn.options_to_json(options).encode()


def _find(session: Session, credential: str) -> StaffPasskey | None:
    """Return the passkey of an id, locked."""
    query = select(StaffPasskey).where(StaffPasskey.credential == _place(credential))
    return session.exec(query.with_for_update()).first()


def _place(credential: str) -> str:
    """Return by what a passkey is found: its id is random, a plain hash of it tells nothing."""
    return hashlib.sha256(credential.encode()).hexdigest()


def _room(session: Session, here: Present) -> Sequence[StaffPasskey]:
    known = listed(session, here.staff.id)
    if len(known) >= MOST:
        raise Conflict("remove a passkey first", code="too_many_keys")
    return known


def _described(context: Context, keys: Sequence[StaffPasskey]) -> list[Any]:
    contents = [content_of(context, key) for key in keys]
    return ceremonies.described((one.credential, one.transports) for one in contents)
