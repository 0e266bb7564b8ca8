"""
Signing in at the company's own provider: the account that belongs to it, and its roles.

An account is known by issuer and ``sub``, never by a name or an address: whoever is called like a
colleague gets an account of their own. Groups give the roles, with every sign-in anew; whom none
gives any has none left here either.

Source: NDSR 9; OpenID Connect Core 1.0, 5.7.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from rights.domain.errors import Forbidden, RightsError, Unauthenticated
from rights.services import audit
from rights.services.context import Context
from rights.services.sign_in.provider import Provider
from rights.services.sign_in.refusing import over
from rights.services.staff_access import accounts, sessions
from rights.services.staff_access import provider as company
from rights.services.staff_access.sessions import Stage
from rights.store.models import Staff, StaffLogin

SYSTEM: Final = "system"
"""Who adds accounts and gives roles in the provider's name."""


def come_in(
    session: Session,
    context: Context,
    provider: Provider,
    claims: Mapping[str, Any],
    *,
    agent: str,
    now: datetime,
) -> str | RightsError:
    """
    Return what the cookie holds for whom the provider signed in, or why nobody is let in.

    A refusal is an entry, and takes roles and sessions away, so the caller commits before raising
    it.

    Args:
        agent: What the browser calls itself.

    Raises:
        Unauthenticated: somebody with this account was added just now: begin again.
    """
    account = _account(provider, claims)
    mine = _known(session, account)
    staff = accounts.find(session, mine.staff_id) if mine is not None else None
    roles = company.roles(context.settings, claims)
    if why := _unwelcome(context, staff, roles, claims):
        return _refused(session, staff, why, now)
    if mine is None or staff is None:
        called = company.name(context.settings, claims)
        staff, mine = _added(session, called, roles, account, now)
    _roles(session, staff, roles, now)
    if not company.showed_second(provider, claims):
        stage = Stage.CODE if mine.totp else Stage.SET_UP
        return sessions.begin(session, context.settings, staff, stage, agent=agent, now=now)
    line = audit.Line("staff_signed_in", f"staff:{staff.id}", {"by": "provider"})
    audit.append_day(session, line, now=now)
    return sessions.begin(session, context.settings, staff, Stage.FULL, agent=agent, now=now)


def _account(provider: Provider, claims: Mapping[str, Any]) -> str:
    """
    Return by what an account is known.

    A hash without a key: what a provider numbers its staff by is no secret, and it has to be known
    for as long as a closed account stays closed, whichever keys are retired meanwhile.
    """
    return hashlib.sha256(f"{provider.issuer}|{claims['sub']}".encode()).hexdigest()


def _known(session: Session, account: str) -> StaffLogin | None:
    query = select(StaffLogin).where(StaffLogin.account == account)
    return session.exec(query.with_for_update()).first()


def _unwelcome(
    context: Context, staff: Staff | None, roles: tuple[str, ...], claims: Mapping[str, Any]
) -> RightsError | None:
    """Return why somebody is not let in."""
    if staff is not None and staff.closed_at is not None:
        return Forbidden("this account was closed", code="staff_account_closed")
    if not roles:
        return Forbidden("no group of theirs gives a role", code="no_staff_role")
    if staff is None and not company.name(context.settings, claims):
        return Unauthenticated("the provider does not say a name", code="sign_in_unknown")
    return None


def _refused(session: Session, staff: Staff | None, why: RightsError, now: datetime) -> RightsError:
    """Note that somebody was not let in; whoever has no role left is signed out everywhere."""
    data = {"code": why.code, **({"staff": staff.id} if staff is not None else {})}
    audit.append_day(session, audit.Line("staff_sign_in_refused", SYSTEM, data), now=now)
    if staff is not None:
        sessions.end_all(session, staff.id)
        if staff.closed_at is None:
            _roles(session, staff, (), now)
    return why


def _added(
    session: Session, called: str, roles: tuple[str, ...], account: str, now: datetime
) -> tuple[Staff, StaffLogin]:
    """Add the account of somebody who comes for the first time. Raises Unauthenticated."""
    try:
        with session.begin_nested():
            name = accounts.free_name(session, called)
            staff = accounts.made(session, name, roles, SYSTEM, now=now)
            mine = StaffLogin(staff_id=staff.id, account=account)
            session.add(mine)
            session.flush()
    except IntegrityError:  # in two tabs at the same time
        raise over() from None
    return staff, mine


def _roles(session: Session, staff: Staff, roles: tuple[str, ...], now: datetime) -> None:
    """Bring roles up to date; the provider may take the last administrator's too."""
    if set(roles) != set(staff.roles):
        accounts.set_roles(session, staff, roles, SYSTEM, now=now)
