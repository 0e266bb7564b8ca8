"""
The company's own provider, at which staff sign in: what it is by the settings, and what its word
is worth.

Where it is set, roles are what it says: nobody changes them here, and a password of before opens
nothing for whom it signs in.

Source: NDSR 9; OpenID Connect Core 1.0; RFC 8176.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlmodel import Session, col, select

from rights.domain import staff as rules
from rights.domain.errors import ConfigError, Conflict, Forbidden
from rights.domain.levels import Acr
from rights.net import Guard
from rights.services.sign_in import linting, people
from rights.services.sign_in.provider import STAFF, Provider
from rights.services.sign_in.providers import OPENID
from rights.settings import Settings
from rights.store.models import Staff, StaffLogin

BACK: Final = "/console/sign-in/back"
"""The path to which the provider sends staff back."""

_GROUPS: Final = "groups"
_NAME: Final = "name"


def of(settings: Settings) -> Provider | None:
    """Return the provider at which staff sign in, if there is one."""
    if not settings.staff_oidc_issuer:
        return None
    return Provider(
        backend_id=STAFF,
        title="",
        issuer=settings.staff_oidc_issuer,
        client_id=settings.staff_oidc_client_id,
        scopes=(OPENID, *(one for one in settings.staff_oidc_scopes if one != OPENID)),
        claims={settings.staff_oidc_groups_claim: _GROUPS, settings.staff_oidc_name_claim: _NAME},
        acrs=dict.fromkeys(settings.staff_oidc_acrs, Acr.MFA),
        amrs=dict.fromkeys(settings.staff_oidc_amrs, Acr.MFA),
        ask_acrs=settings.staff_oidc_acrs,
        secret=settings.staff_oidc_secret.get_secret_value(),
    )


def check(settings: Settings, guard: Guard) -> None:
    """
    Make sure that staff can be sent to the provider of the settings, if there is one.

    Raises:
        ConfigError: with every mistake.
    """
    found = of(settings)
    if found is None:
        return
    wrong = [f"{one.field}: {one.message}" for one in linting.mistakes(guard, found)]
    if len(found.claims) != len((_GROUPS, _NAME)):
        wrong.append("claims: name and groups cannot be told by the same one")
    if wrong:
        raise ConfigError("RIGHTS_STAFF_OIDC_… name a provider that cannot be used:", wrong)


def roles(settings: Settings, claims: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what somebody may do by the groups that the provider says they are in."""
    said = claims.get(settings.staff_oidc_groups_claim)
    groups = {said} if isinstance(said, str) else set()
    if isinstance(said, list):
        groups = {one for one in said if isinstance(one, str)}
    given = {role for group, role in rules.role_pairs(settings.staff_oidc_roles) if group in groups}
    return tuple(one for one in rules.KNOWN if one in given)


def name(settings: Settings, claims: Mapping[str, Any]) -> str:
    """Return what somebody is called, on one line; empty where the provider does not say so."""
    said = claims.get(settings.staff_oidc_name_claim)
    plain = "".join(c if c.isprintable() else " " for c in said) if isinstance(said, str) else ""
    return " ".join(plain.split())[: rules.LONGEST_NAME]


def showed_second(provider: Provider, claims: Mapping[str, Any]) -> bool:
    """Return whether somebody showed a second factor there."""
    return people.acr(provider, claims) is Acr.MFA


def allow_passwords(settings: Settings) -> None:
    """Make sure that passwords count at all. Raises Forbidden."""
    if settings.staff_oidc_only:
        raise Forbidden("staff sign in at the company's provider only", code="password_off")


def account_of(settings: Settings, mine: StaffLogin | None) -> str:
    """Return the account at the provider by which somebody signs in; empty if by none."""
    return mine.account if mine is not None and settings.staff_oidc_issuer else ""


def elsewhere(session: Session, settings: Settings) -> frozenset[str]:
    """Return the ids of those whose roles and way in come from the provider."""
    if not settings.staff_oidc_issuer:
        return frozenset()
    query = select(StaffLogin.staff_id).where(col(StaffLogin.account) != "")
    return frozenset(session.exec(query).all())


def local(session: Session, settings: Settings, staff: Staff) -> None:
    """
    Make sure that what an account is given here stays: nothing else says so.

    Raises:
        Conflict: its roles and its way in come from the provider.
    """
    if account_of(settings, session.get(StaffLogin, staff.id)):
        message = "roles and way in of this account come from the provider: change its groups there"
        raise Conflict(message, code="account_of_provider")
