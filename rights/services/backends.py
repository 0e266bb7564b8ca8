"""
Product backends and their API keys.

A key is ``rk_<prefix>_<secret>``. It is shown once; the register keeps a SHA-256 of the secret,
which 256 random bits need nothing slower than. While a new key replaces an old one, both work.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from rights.domain.errors import Conflict, FieldError, Invalid, NotFound, Unauthenticated
from rights.domain.uses import USUAL as USUAL_USES
from rights.domain.uses import decides
from rights.services import audit, backend_uses, equal_service
from rights.services.backend_assertion_keys import accepted
from rights.store.db import reading
from rights.store.ids import new_id
from rights.store.models import Backend, BackendKey
from rights.store.vault import Vault

SCOPES: Final = (
    "requests:read",
    "requests:write",
    "packages:read",
    "consents:read",
    "consents:write",
    "preferences:read",
    "preferences:write",
    "suppression:check",
    "deletions:trigger",
    "restrictions:lift",
    "portal:issue",
    "webhooks:manage",
    "organisation:read",
    "reports:read",
    "reports:audit",
)
"""Everything a key can be allowed to do."""

BY_NAME: Final = frozenset(
    {
        "deletions:trigger",
        "restrictions:lift",
        "organisation:read",
        "reports:read",
        "reports:audit",
    }
)
"""Scopes that a key has only if they are named: nobody proves anything for what they allow, or few
products need it."""

USUAL: Final = tuple(scope for scope in SCOPES if scope not in BY_NAME)
"""What a key may do when nothing is said."""


def usual(backend: Backend) -> tuple[str, ...]:
    """Return what a key of this backend may do when nothing is said."""
    return equal_service.OPEN_SCOPES if decides(backend.uses) else USUAL


_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_HOST: Final = re.compile(r"[a-z0-9.\-]+(:\d{1,5})?|\[[0-9a-f:]+\](:\d{1,5})?")

_FORM: Final = re.compile(r"rk_([0-9a-f]{12})_([0-9a-f]{64})")
_FRESH_S: Final = 5.0
"""How long a key is taken as live without asking the register: a revoked one dies within."""
_KEPT: Final = 1000


@dataclass(frozen=True, slots=True)
class Caller:
    """A backend as one of its keys presents it: a copy, good for a few seconds."""

    id: str
    name: str
    audience: str
    level_cap: int
    regimes: tuple[str, ...]
    scopes: frozenset[str]
    origins: tuple[str, ...]
    assertion_keys: tuple[Mapping[str, Any], ...] = field(repr=False)
    key_id: str = ""
    uses: frozenset[str] = frozenset()

    @property
    def told(self) -> bool:
        """Return whether this backend may learn who used a right."""
        return not decides(self.uses)


def add(
    session: Session,
    name: str,
    *,
    now: datetime,
    audience: str = "rights",
    level_cap: int = 2,
    regimes: Iterable[str] = (),
    origins: Iterable[str] = (),
    uses: Iterable[str] = USUAL_USES,
) -> Backend:
    """
    Register a backend.

    Raises:
        Conflict: there is one of that name already.
        Invalid: the cap is no level, an origin is none, or a use is not in the vocabulary.
    """
    if level_cap not in range(4):
        allowed = ("0", "1", "2", "3")
        raise Invalid("a level is 0 to 3", [FieldError("level_cap", "is not a level", allowed)])
    if session.exec(select(Backend).where(Backend.name == name)).first():
        raise Conflict("there is a backend of that name: choose another", code="name_taken")
    backend = Backend(
        id=new_id(),
        name=name,
        audience=audience,
        level_cap=level_cap,
        regimes=list(regimes),
        origins=_checked(origins),
        uses=backend_uses.checked(uses),
        created_at=now,
    )
    session.add(backend)
    _entry(session, "backend_added", now, backend_id=backend.id)
    return backend


def allow_origins(session: Session, name: str, origins: Iterable[str], *, now: datetime) -> None:
    """
    Let the pages of *origins*, and of no other, show a backend's portal in a frame.

    Raises:
        Invalid: one of them is no origin.
        NotFound: there is no such backend.
    """
    backend = backend_uses.named(session, name)
    backend.origins = _checked(origins)
    session.add(backend)
    _entry(session, "origins_changed", now, backend_id=backend.id)


def _checked(origins: Iterable[str]) -> list[str]:
    """Return origins as browsers spell them. Plain http is for this very machine only."""
    found = sorted(set(origins))
    for origin in found:
        parts = urlsplit(origin)
        plain = parts.scheme == "http" and parts.hostname in _LOOPBACK
        exact = origin == f"{parts.scheme}://{parts.netloc}" == origin.lower()
        if not (parts.hostname and exact and (plain or parts.scheme == "https")):
            wrong = FieldError("origins", "is no origin: write it like https://shop.example")
            raise Invalid("an origin is wrong", [wrong])
        if not _HOST.fullmatch(parts.netloc):
            raise Invalid("an origin is wrong", [FieldError("origins", "names no single host")])
    return found


def add_assertion_key(
    session: Session, vault: Vault, backend: Backend, jwk: Mapping[str, Any], *, now: datetime
) -> None:
    """
    Let *jwk* verify this backend's assertions from now on, beside those it has.

    Raises:
        Invalid: it is neither an Ed25519 public key nor a secret of at least 32 bytes.
    """
    kept = accepted(vault, backend.id, jwk)
    backend.assertion_keys = [*backend.assertion_keys, kept]
    session.add(backend)
    _entry(session, "assertion_key_added", now, backend_id=backend.id, kid=kept["kid"])


def open_ones(session: Session) -> list[tuple[str, str]]:
    """Return the products that take part now, by name: their ids and names."""
    query = select(Backend).where(col(Backend.closed_at).is_(None)).order_by(col(Backend.name))
    return [(one.id, one.name) for one in session.exec(query)]


def issue_key(
    session: Session,
    backend_id: str,
    scopes: Iterable[str],
    *,
    now: datetime,
    expires_at: datetime | None = None,
) -> tuple[BackendKey, str]:
    """
    Make an API key; the text returned is the only time it can be read.

    Raises:
        Invalid: a scope is unknown.
        NotFound: there is no such backend.
        Forbidden: a scope tells of people, and the backend sets prices or decides who is served.
    """
    wanted = sorted(set(scopes))
    unknown = [s for s in wanted if s not in SCOPES]
    if unknown or not wanted:
        raise Invalid("scopes are wrong", [FieldError("scopes", "is not a scope", SCOPES)])
    backend = session.get(Backend, backend_id)
    if backend is None:
        raise NotFound("there is no such backend")
    if decides(backend.uses) and not set(wanted) <= set(equal_service.OPEN_SCOPES):
        raise equal_service.refusal()
    prefix, secret = secrets.token_hex(6), secrets.token_hex(32)
    key = BackendKey(
        id=new_id(),
        backend_id=backend_id,
        prefix=prefix,
        hash=_hash(secret),
        scopes=wanted,
        created_at=now,
        expires_at=expires_at,
    )
    session.add(key)
    _entry(session, "key_issued", now, backend_id=backend_id, key_id=key.id)
    return key, f"rk_{prefix}_{secret}"


def rotate(
    session: Session, key_id: str, *, now: datetime, overlap: timedelta = timedelta(days=1)
) -> tuple[BackendKey, str]:
    """
    Make a key of the same scopes; the old one works for *overlap* longer.

    Of a backend that decides on prices or service, the new key has what is open to it.
    """
    old = _key(session, key_id)
    end = now + overlap
    old.expires_at = min(old.expires_at, end) if old.expires_at else end
    session.add(old)
    backend = session.get_one(Backend, old.backend_id)
    scopes = usual(backend) if decides(backend.uses) else old.scopes
    return issue_key(session, old.backend_id, scopes, now=now)


def revoke(session: Session, key_id: str, *, now: datetime) -> None:
    """End a key at once; processes that saw it live notice within five seconds."""
    key = _key(session, key_id)
    key.revoked_at = key.revoked_at or now
    session.add(key)
    _entry(session, "key_revoked", now, backend_id=key.backend_id, key_id=key.id)


def listed(session: Session) -> list[Backend]:
    """Return every backend, by name."""
    return list(session.exec(select(Backend).order_by(col(Backend.name))))


def _key(session: Session, key_id: str) -> BackendKey:
    key = session.get(BackendKey, key_id)
    if key is None:
        raise NotFound("there is no such key")
    return key


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _entry(session: Session, event: str, now: datetime, **ids: str) -> None:
    audit.append_day(session, audit.Line(event, "staff:cli", ids), now=now)


@dataclass(frozen=True, slots=True)
class _Live:
    hash: str
    expires_at: datetime | None
    caller: Caller
    read_at: float


class LiveKeys:
    """
    Keys as the register last showed them, at most five seconds ago.

    Args:
        engine: The register.
        fresh_s: How long a key is believed; 0 asks every time.
    """

    def __init__(self, engine: Engine, *, fresh_s: float = _FRESH_S) -> None:
        self._engine = engine
        self._fresh_s = fresh_s
        self._live: dict[str, _Live] = {}

    def caller(self, text: str, *, now: datetime) -> Caller:
        """
        Return whose key *text* is.

        Raises:
            Unauthenticated: it is nobody's, was revoked, or ended. Which one is not said.
        """
        match = _FORM.fullmatch(text)
        live = self._find(match[1]) if match else None
        # Compared even when nothing was found, so that prefixes cannot be told apart by time.
        hashed = _hash(match[2] if match else "")
        right = hmac.compare_digest(live.hash if live else "0" * 64, hashed)
        if live is None or not right or (live.expires_at and live.expires_at <= now):
            raise Unauthenticated("the API key is not valid", code="bad_key")
        return live.caller

    def caller_of(self, backend_id: str) -> Caller:
        """
        Return a backend for whose portal somebody speaks; such a caller has no scope.

        Raises:
            Unauthenticated: it was closed.
        """
        known = self._live.get(f"backend:{backend_id}")
        if known is None or time.monotonic() - known.read_at >= self._fresh_s:
            known = self._read_backend(backend_id)
        return known.caller

    def _find(self, prefix: str) -> _Live | None:
        known = self._live.get(prefix)
        if known is not None and time.monotonic() - known.read_at < self._fresh_s:
            return known
        with reading(self._engine) as session:
            query = (
                select(BackendKey, Backend)
                .join(Backend, col(Backend.id) == col(BackendKey.backend_id))
                .where(
                    BackendKey.prefix == prefix,
                    col(BackendKey.revoked_at).is_(None),
                    col(Backend.closed_at).is_(None),
                )
            )
            row = session.exec(query).first()
        self._live.pop(prefix, None)
        if row is None:
            return None
        key, backend = row
        caller = _caller(backend, key.scopes, key.id)
        return self._keep(prefix, _Live(key.hash, key.expires_at, caller, time.monotonic()))

    def _read_backend(self, backend_id: str) -> _Live:
        with reading(self._engine) as session:
            backend = session.get(Backend, backend_id)
        if backend is None or backend.closed_at is not None:
            raise Unauthenticated("the token is not valid: ask for a new one", code="bad_token")
        caller = _caller(backend, (), "")
        return self._keep(f"backend:{backend_id}", _Live("", None, caller, time.monotonic()))

    def _keep(self, name: str, live: _Live) -> _Live:
        if len(self._live) >= _KEPT:
            self._live.clear()
        self._live[name] = live
        return live


def _caller(backend: Backend, scopes: Iterable[str], key_id: str) -> Caller:
    return Caller(
        id=backend.id,
        name=backend.name,
        audience=backend.audience,
        level_cap=backend.level_cap,
        regimes=tuple(backend.regimes),
        scopes=frozenset(scopes),
        origins=tuple(backend.origins),
        assertion_keys=tuple(backend.assertion_keys),
        key_id=key_id,
        uses=frozenset(backend.uses),
    )
