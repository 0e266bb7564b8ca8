"""
Signing in with a password and a second factor.

An unknown name, a closed account and a wrong password look and last the same. Who guesses waits,
longer each time; a name that nobody has is counted by its address alone.

Source: NDSR 9; NIST SP 800-63B 5.2.2.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session

from rights.domain.duties import AUTOMATION
from rights.services import audit
from rights.services.context import Context
from rights.services.staff_access import (
    accounts,
    passkeys,
    passwords,
    provider,
    second_factors,
    sessions,
    tries,
)
from rights.services.staff_access.passkeys import ENTERING
from rights.services.staff_access.sessions import Present, Stage
from rights.store.models import StaffLogin


def by_password(
    session: Session, context: Context, name: str, password: str, *, agent: str, now: datetime
) -> str | None:
    """
    Return what the cookie holds for whom the password lets in as far as the second factor.

    None where it does not; that is counted, so the caller commits before refusing.

    Raises:
        Forbidden: no password counts here.
        TooMany: the account rests after too many wrong ones.
    """
    provider.allow_passwords(context.settings)
    staff = accounts.named(session, " ".join(name.split()))
    mine = session.get(StaffLogin, staff.id, with_for_update=True) if staff is not None else None
    if mine is not None:
        tries.rested(mine, now)
    if not passwords.right(mine.password if mine is not None else "", password):
        if mine is not None and mine.password:
            tries.wrong(session, mine, now)
        return None
    assert staff is not None
    assert mine is not None
    if AUTOMATION in staff.roles or provider.account_of(context.settings, mine):
        return None
    if passwords.outdated(mine.password):
        mine.password = passwords.hashed(password)
    stage = Stage.CODE if mine.totp else Stage.SET_UP
    return sessions.begin(session, context.settings, staff, stage, agent=agent, now=now)


def by_code(
    session: Session, context: Context, here: Present, code: str, *, now: datetime
) -> str | None:
    """
    Return what the cookie holds from now on for whom the code lets in; None for a wrong one.

    A wrong one is counted, so the caller commits before refusing.

    Raises:
        TooMany: codes rest after too many wrong ones.
    """
    mine = accounts.login(session, here.staff)
    tries.code_rested(mine, now)
    by = second_factors.right(context, mine, code, now)
    if not by:
        tries.wrong_code(session, mine, now)
        return None
    tries.over(mine)
    return entered(session, context, here, by, now=now)


def by_passkey(
    session: Session, context: Context, here: Present, answer: str, *, now: datetime
) -> str | None:
    """
    Return what the cookie holds from now on for whom a passkey lets in beside a password.

    None where it does not. Nobody guesses a passkey: it is not counted.
    """
    mine = accounts.login(session, here.staff)
    used = passkeys.used(session, context, f"{here.id}|{ENTERING}", answer, now=now)
    if used is None or used.staff_id != here.staff.id:
        return None
    tries.over(mine)
    return entered(session, context, here, "passkey", now=now)


def by_passkey_alone(
    session: Session, context: Context, word: str, answer: str, *, agent: str, now: datetime
) -> str | None:
    """
    Return what the cookie holds for whom an unlocked passkey lets in, in place of a password.

    None where it does not, so the caller commits before refusing.

    Args:
        word: What this browser alone has, since a passkey was asked for.

    Raises:
        Forbidden: staff sign in at the provider only.
    """
    provider.allow_passwords(context.settings)
    used = passkeys.used(session, context, sessions.place(word), answer, now=now)
    if used is None:
        return None
    staff = accounts.find(session, used.staff_id)
    mine = accounts.login(session, staff)
    if staff.closed_at is not None or provider.account_of(context.settings, mine):
        return None
    line = audit.Line("staff_signed_in", f"staff:{staff.id}", {"by": "passkey"})
    audit.append_day(session, line, now=now)
    return sessions.begin(session, context.settings, staff, Stage.FULL, agent=agent, now=now)


def entered(session: Session, context: Context, here: Present, by: str, *, now: datetime) -> str:
    """Let somebody all the way in; return what the cookie holds from now on."""
    line = audit.Line("staff_signed_in", here.actor, {"by": by})
    audit.append_day(session, line, now=now)
    return sessions.renewed(session, context.settings, here, Stage.FULL, now=now)


def out(session: Session, here: Present, *, now: datetime) -> None:
    """Sign out of this browser."""
    sessions.end(session, here, here.public_id, now=now)
