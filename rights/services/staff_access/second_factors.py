"""
The second factor of a member of staff: an authenticator app (TOTP), and codes on paper for the day
on which the app is lost.

Each code of the app is good once, and none older than it after that. A code on paper is good once.

Source: RFC 6238; NDSR 9; NIST SP 800-63B 5.1.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlmodel import Session

from rights.domain.errors import Forbidden
from rights.domain.proof_keys import SKEW, STEP_S
from rights.services import audit
from rights.services.context import Context
from rights.services.staff_access import accounts, sessions, tries
from rights.services.staff_access.sessions import Present, Stage
from rights.store.models import StaffLogin

RECOVERY: Final = 10
"""Codes on paper that somebody gets."""

_BYTES: Final = 10


@dataclass(frozen=True, slots=True)
class Shown:
    """A new app's secret, shown once: to be typed, and as an address that an app opens."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)


def begin(session: Session, context: Context, here: Present, *, issuer: str) -> Shown:
    """
    Return the secret for a new app; it counts once a code made with it was answered.

    The same one again while it waits: a page that is loaded anew changes nothing.
    """
    import pyotp  # noqa: PLC0415 - most processes never need it

    row = sessions.locked(session, here)
    if row.pending:
        secret = context.vault.open(row.pending, aad=_pending(row.id)).decode()
    else:
        secret = pyotp.random_base32()
        row.pending = context.vault.seal(secret.encode(), aad=_pending(row.id))
    uri = pyotp.TOTP(secret).provisioning_uri(name=here.staff.name, issuer_name=issuer)
    return Shown(secret, uri)


def set_up(
    session: Session, context: Context, here: Present, code: str, *, now: datetime
) -> list[str] | None:
    """
    Let the app whose secret was shown count; return the codes on paper, or None for a wrong code.

    What was set up before counts no more; every other browser is signed out.

    Raises:
        Forbidden: an app was set up meanwhile, in another browser.
        Unauthenticated: this session was ended meanwhile.
    """
    row = sessions.locked(session, here)
    if not row.pending:
        return None
    secret = context.vault.open(row.pending, aad=_pending(row.id))
    step = _step(secret.decode(), code, now)
    if step is None:
        return None
    mine = accounts.login(session, here.staff)
    if mine.totp and here.stage is Stage.SET_UP:  # set up elsewhere since this browser came here
        raise Forbidden("the second factor in use comes first", code="second_factor_first")
    sessions.end_all(session, here.staff.id, but=here.id)
    mine.totp = context.vault.seal(secret, aad=aad(here.staff.id))
    mine.totp_step, row.pending = step, b""
    audit.append_day(session, audit.Line("staff_second_factor", here.actor, {}), now=now)
    return _paper(mine)


def paper(
    session: Session, context: Context, here: Present, code: str, *, now: datetime
) -> list[str] | None:
    """
    Return fresh codes on paper for a code of the app; None for a wrong one.

    Those of before count no more. A wrong code is counted, so the caller commits before refusing.

    Raises:
        TooMany: the account rests after too many wrong ones.
    """
    mine = accounts.login(session, here.staff)
    tries.code_rested(mine, now)
    if right(context, mine, code, now) != "app":
        tries.wrong_code(session, mine, now)
        return None
    tries.over(mine)
    audit.append_day(session, audit.Line("staff_recovery_codes", here.actor, {}), now=now)
    return _paper(mine)


def proves(session: Session, context: Context, here: Present, code: str, *, now: datetime) -> bool:
    """
    Return whether a code of the app in use, or one on paper, is right, and use it up.

    A wrong one is counted, so the caller commits before refusing.

    Raises:
        TooMany: the account rests after too many wrong ones.
    """
    mine = accounts.login(session, here.staff)
    tries.code_rested(mine, now)
    if not right(context, mine, code, now):
        tries.wrong_code(session, mine, now)
        return False
    tries.over(mine)
    return True


def right(context: Context, mine: StaffLogin, code: str, now: datetime) -> str:
    """
    Return by what a code is right, and use it up: ``app``, ``paper``; empty where it is wrong.

    Args:
        mine: The locked row.
    """
    if not mine.totp:
        return ""
    secret = context.vault.open(mine.totp, aad=aad(mine.staff_id)).decode()
    step = _step(secret, code, now)
    if step is not None and step > mine.totp_step:
        mine.totp_step = step
        return "app"
    return "paper" if _on_paper(mine, code) else ""


def _on_paper(mine: StaffLogin, code: str) -> bool:
    given = _hashed(code)
    left = [one for one in mine.recovery if not hmac.compare_digest(one, given)]
    found = len(left) < len(mine.recovery)
    if found:
        mine.recovery = left
    return found


def _paper(mine: StaffLogin) -> list[str]:
    codes = [_grouped(secrets.token_hex(_BYTES)) for _ in range(RECOVERY)]
    mine.recovery = [_hashed(one) for one in codes]
    return codes


def _grouped(text: str) -> str:
    return "-".join(text[at : at + 5] for at in range(0, len(text), 5))


def _hashed(code: str) -> str:
    plain = "".join(c for c in code.casefold() if c.isalnum())
    return hashlib.sha256(plain.encode()).hexdigest()


def _step(secret: str, code: str, now: datetime) -> int | None:
    """Return the step whose code this is, looking at each of them whichever it is."""
    import pyotp  # noqa: PLC0415 - most processes never need it

    app, at = pyotp.TOTP(secret), int(now.timestamp()) // STEP_S
    given = "".join(code.split()).encode()
    found = None
    for step in _steps(at):
        if hmac.compare_digest(app.generate_otp(step).encode(), given):
            found = step
    return found


def _steps(at: int) -> Sequence[int]:
    return range(at - SKEW, at + SKEW + 1)


def aad(staff_id: str) -> str:
    """Return what binds the secret of an app to its account."""
    return f"staff_totp|{staff_id}"


def _pending(session_id: str) -> str:
    return f"staff_pending|{session_id}"
