"""
Authenticator apps (TOTP, RFC 6238): adding one, and proving with the code it shows.

A clock may be a step ahead or behind. Each step is good once, and none older than it after that.
Who guesses waits, longer each time. The library is loaded when it is first needed.

Source: NDSR 9, 25(1)(1); PIPL 51.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlmodel import Session

from rights.domain.errors import TooMany
from rights.domain.proof_keys import SKEW, STEP_S, Way, pause
from rights.services import key_challenges, person_keys
from rights.services.context import Context
from rights.services.person_keys import Content, Used
from rights.services.portal import Person
from rights.store.models import PersonKey

ADDING: Final = "authenticator"
"""What a secret that was shown and not yet answered is about."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A new app's secret, shown once: to be typed, and as an address that an app opens."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)


def begin(
    session: Session, context: Context, visit: str, *, issuer: str, label: str, now: datetime
) -> Shown:
    """
    Make a secret for a new app; it becomes a key when a code made with it is answered.

    Args:
        issuer, label: What the app shows: the company and the product, nothing about the person.
    """
    import pyotp  # noqa: PLC0415 - most processes never need it

    secret = pyotp.random_base32()
    key_challenges.put(session, context, visit, ADDING, secret.encode(), now=now)
    uri = pyotp.TOTP(secret).provisioning_uri(name=label, issuer_name=issuer)
    return Shown(secret, uri)


def add(
    session: Session,
    context: Context,
    person: Person,
    visit: str,
    code: str,
    name: str,
    *,
    now: datetime,
) -> PersonKey | None:
    """
    Keep the app whose secret was shown in this visit; None where its code is wrong.

    A wrong code is counted, so the caller commits before refusing; after five the secret is gone.

    Raises:
        Conflict: the person has as many keys as they may.
    """
    found = key_challenges.look(session, context, visit, ADDING, now=now)
    if found is None:
        return None
    row, secret = found
    step = _step(secret.decode(), code, now)
    if step is None:
        row.tries += 1
        if row.tries >= context.settings.code_tries:
            session.delete(row)
        return None
    person_keys.room(session, context, person)
    session.delete(row)
    return person_keys.keep(
        session,
        context,
        person,
        Way.TOTP,
        Content(name, secret=secret.decode()),
        now=now,
        last_step=step,
    )


def waiting(session: Session, context: Context, visit: str, *, now: datetime) -> bool:
    """Return whether a secret that was shown in this visit still waits for its code."""
    return key_challenges.look(session, context, visit, ADDING, now=now) is not None


@dataclass(frozen=True, slots=True)
class Wrong:
    """No app of the person's shows this code; those that are left alone for a while from now on."""

    blocked: tuple[PersonKey, ...] = ()


def prove(
    session: Session, context: Context, person: Person, code: str, *, now: datetime
) -> Used | Wrong:
    """
    Return which app shows this code; each code is good once.

    A wrong one is counted, so the caller commits before refusing.

    Raises:
        TooMany: there were too many wrong ones; after a while codes are looked at again.
    """
    keys = person_keys.listed(session, context, person, lock=True)
    apps = [key for key in keys if key.way == Way.TOTP]
    ready = [key for key in apps if key.blocked_until is None or key.blocked_until <= now]
    if apps and not ready:
        until = min(key.blocked_until for key in apps if key.blocked_until is not None)
        raise TooMany("too many wrong codes: wait, or use a code by mail", retry_after=until - now)
    for key in ready:
        step = _step(person_keys.content_of(context, key).secret, code, now)
        if step is not None and step > key.last_step:
            key.last_step = step
            return person_keys.used(context, key, now)
    return Wrong(tuple(_counted(context, ready, now)))


def _counted(context: Context, keys: Iterable[PersonKey], now: datetime) -> Iterable[PersonKey]:
    for key in keys:
        key.tries += 1
        wait = pause(key.tries, tries=context.settings.code_tries)
        if wait:
            key.blocked_until = now + wait
            yield key


def _step(secret: str, code: str, now: datetime) -> int | None:
    """Return the step whose code this is, looking at each of them whichever it is."""
    import pyotp  # noqa: PLC0415 - most processes never need it

    app, at = pyotp.TOTP(secret), int(now.timestamp()) // STEP_S
    given = code.strip().replace(" ", "").encode()
    found = None
    for step in range(at - SKEW, at + SKEW + 1):
        if hmac.compare_digest(app.generate_otp(step).encode(), given):
            found = step
    return found
