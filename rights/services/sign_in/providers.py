"""
The provider at which the people of a backend sign in: who it is, and what its words are worth.

The client's secret is sealed in the register, so that no process that faces the internet has it
in its environment.
"""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, select

from rights.domain.errors import NotFound
from rights.domain.levels import Acr
from rights.net import Guard
from rights.services import audit
from rights.services.context import Context
from rights.services.sign_in.linting import lint
from rights.services.sign_in.provider import Provider
from rights.store.models import Backend, SignInProvider
from rights.store.vault import Vault

OPENID = "openid"
"""The scope without which a provider says nothing about who somebody is."""


def configure(
    session: Session, context: Context, guard: Guard, name: str, said: Provider, *, now: datetime
) -> Provider:
    """
    Let the people of the backend *name* sign in at a provider, in place of the one before.

    Raises:
        Invalid: every mistake in what was said.
        NotFound: there is no such backend.
    """
    backend = _backend(session, name)
    lint(context.datamap, guard, said)
    row = session.get(SignInProvider, backend.id)
    row = row or SignInProvider(
        backend_id=backend.id, title="", issuer="", client_id="", created_at=now
    )
    row.title, row.issuer, row.client_id = said.title or name, said.issuer, said.client_id
    row.sealed_secret = _sealed(context.vault, backend.id, said.secret)
    row.scopes = [OPENID, *(one for one in dict.fromkeys(said.scopes) if one != OPENID)]
    row.claims = dict(said.claims)
    row.acrs = {value: str(acr) for value, acr in said.acrs.items()}
    row.amrs = {value: str(acr) for value, acr in said.amrs.items()}
    row.ask_acrs = list(said.ask_acrs)
    session.add(row)
    _entry(session, "sign_in_set", backend.id, now)
    return _opened(context.vault, row)


def remove(session: Session, name: str, *, now: datetime) -> None:
    """Let nobody of the backend *name* sign in any more. Raises NotFound."""
    backend = _backend(session, name)
    row = session.get(SignInProvider, backend.id)
    if row is None:
        raise NotFound("nobody signs in for that backend")
    session.delete(row)
    _entry(session, "sign_in_removed", backend.id, now)


def of(session: Session, vault: Vault, backend_id: str) -> Provider:
    """Return the provider of a backend. Raises NotFound; for a closed backend too."""
    row = session.get(SignInProvider, backend_id)
    backend = session.get(Backend, backend_id)
    if row is None or backend is None or backend.closed_at is not None:
        raise NotFound("there is no such provider")
    return _opened(vault, row)


def titles(session: Session) -> dict[str, str]:
    """Return what the providers of open backends are called, by backend."""
    query = (
        select(SignInProvider.backend_id, SignInProvider.title)
        .join(Backend, col(Backend.id) == col(SignInProvider.backend_id))
        .where(col(Backend.closed_at).is_(None))
        .order_by(col(SignInProvider.title))
    )
    return dict(session.exec(query).all())


def back(backend_id: str) -> str:
    """Return the path to which the provider of a backend sends people back."""
    return f"/portal/sign-in/{backend_id}/back"


def aad(backend_id: str) -> str:
    """Return what binds a sealed secret to its backend."""
    return f"sign_in_provider|{backend_id}"


def _backend(session: Session, name: str) -> Backend:
    found = session.exec(select(Backend).where(Backend.name == name)).first()
    if found is None:
        raise NotFound("there is no such backend")
    return found


def _sealed(vault: Vault, backend_id: str, secret: str) -> bytes:
    return vault.seal(secret.encode(), aad=aad(backend_id)) if secret else b""


def _opened(vault: Vault, row: SignInProvider) -> Provider:
    sealed = row.sealed_secret
    return Provider(
        backend_id=row.backend_id,
        title=row.title,
        issuer=row.issuer,
        client_id=row.client_id,
        scopes=tuple(row.scopes),
        claims=row.claims,
        acrs={value: Acr(acr) for value, acr in row.acrs.items()},
        amrs={value: Acr(acr) for value, acr in row.amrs.items()},
        ask_acrs=tuple(row.ask_acrs),
        secret=vault.open(sealed, aad=aad(row.backend_id)).decode() if sealed else "",
    )


def _entry(session: Session, event: str, backend_id: str, now: datetime) -> None:
    line = audit.Line(event, "staff:cli", {"backend_id": backend_id})
    audit.append_day(session, line, now=now)
