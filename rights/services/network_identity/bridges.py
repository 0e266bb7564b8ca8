"""
The bridge of a backend: where it is, and what its word is worth.

The secret is sealed in the register, so that no process that faces the internet has it in its
environment.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from sqlmodel import Session, col, select

from rights.domain import signing
from rights.domain.errors import ConfigError, FieldError, Invalid, NotFound
from rights.domain.policy import NETWORK_IDENTITY
from rights.net import Guard
from rights.net.partners import mistake
from rights.services import audit
from rights.services.context import Context
from rights.services.network_identity.bridge import Bridge, worth
from rights.services.way_catalogue import marked
from rights.store.models import Backend, NetworkIdentityBridge
from rights.store.vault import Vault

_ODD: Final = "is no address: write it like https://netid.shop.example/v1"
_REAL_NAME: Final = 3


def configure(
    session: Session, context: Context, guard: Guard, name: str, said: Bridge, *, now: datetime
) -> Bridge:
    """
    Offer the people of the backend *name* the network identity, in place of the bridge before.

    Raises:
        Invalid: every mistake in what was said; also that it would be the only way to the level.
        NotFound: there is no such backend.
    """
    backend = _backend(session, name)
    errors = [*_of_url(guard, said.url), *_of_secret(said.secret), *_alone(context, backend, said)]
    if errors:
        raise Invalid("the bridge cannot be used", errors)
    row = session.get(NetworkIdentityBridge, backend.id)
    row = row or NetworkIdentityBridge(
        backend_id=backend.id, url="", sealed_secret=b"", created_at=now
    )
    row.url, row.attests_names = said.url.rstrip("/"), said.attests_names
    row.sealed_secret = context.vault.seal(said.secret.encode(), aad=aad(backend.id))
    session.add(row)
    _entry(session, "network_identity_set", backend.id, now)
    return _opened(context.vault, row)


def remove(session: Session, name: str, *, now: datetime) -> None:
    """Offer it to nobody of the backend *name* any more. Raises NotFound."""
    row = session.get(NetworkIdentityBridge, _backend(session, name).id)
    if row is None:
        raise NotFound("no bridge is set up for that backend")
    session.delete(row)
    _entry(session, "network_identity_removed", row.backend_id, now)


def find(session: Session, context: Context, backend_id: str) -> Bridge | None:
    """Return the bridge of an open backend, if there is one and the policy takes this way."""
    if NETWORK_IDENTITY not in context.policy.ways:
        return None
    row = session.get(NetworkIdentityBridge, backend_id)
    backend = session.get(Backend, backend_id)
    if row is None or backend is None or backend.closed_at is not None:
        return None
    return _opened(context.vault, row)


def brings(session: Session, context: Context, backend_id: str) -> int:
    """
    Return the level that the bridge of an open backend brings; 0 where :func:`find` finds none.

    Its secret is not read: who only shows which ways are open may not read it.
    """
    if NETWORK_IDENTITY not in context.policy.ways:
        return 0
    query = (
        select(NetworkIdentityBridge.attests_names)
        .join(Backend, col(Backend.id) == col(NetworkIdentityBridge.backend_id))
        .where(NetworkIdentityBridge.backend_id == backend_id, col(Backend.closed_at).is_(None))
    )
    attests = session.exec(query).first()
    return 0 if attests is None else worth(attests_names=attests)


def named(session: Session, context: Context, name: str) -> Bridge:
    """Return the bridge of the backend *name*, to try it. Raises NotFound."""
    row = session.get(NetworkIdentityBridge, _backend(session, name).id)
    if row is None:
        raise NotFound("no bridge is set up for that backend")
    return _opened(context.vault, row)


def offered_by(session: Session) -> frozenset[str]:
    """Return the ids of the backends that have a bridge."""
    return frozenset(session.exec(select(NetworkIdentityBridge.backend_id)))


def aad(backend_id: str) -> str:
    """Return what binds a sealed secret to its backend."""
    return f"network_identity_bridge|{backend_id}"


def _backend(session: Session, name: str) -> Backend:
    found = session.exec(select(Backend).where(Backend.name == name)).first()
    if found is None:
        raise NotFound("there is no such backend")
    return found


def _opened(vault: Vault, row: NetworkIdentityBridge) -> Bridge:
    secret = vault.open(row.sealed_secret, aad=aad(row.backend_id)).decode()
    return Bridge(row.backend_id, row.url, secret, row.attests_names)


def _of_url(guard: Guard, url: str) -> Iterator[FieldError]:
    if wrong := mistake(guard, url, odd=_ODD):
        yield FieldError("url", wrong)


def _of_secret(secret: str) -> Iterator[FieldError]:
    try:
        signing.sign([secret], "check", datetime.fromtimestamp(0, UTC), b"")
    except ConfigError:
        yield FieldError("secret", "must be whsec_ and 24 to 64 random bytes in base64")


def _alone(context: Context, backend: Backend, said: Bridge) -> Iterator[FieldError]:
    """Refuse to make it the only way to the third level. Source: NDSR 43."""
    held = all(marked(context.datamap, kind) for kind in ("real_name", "id_number"))
    if said.attests_names and not held and backend.level_cap < _REAL_NAME:
        yield FieldError(
            "attests_names",
            "would make this the only way to level 3: mark real_name and id_number in the data"
            " map, or let the backend attest real names (--level-cap 3)",
        )


def _entry(session: Session, event: str, backend_id: str, now: datetime) -> None:
    line = audit.Line(event, "staff:cli", {"backend_id": backend_id})
    audit.append_day(session, line, now=now)
