"""A web process in a test: its application, its register, a backend that may call it."""

from __future__ import annotations

import base64
import copy
import hashlib
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from flask import Flask
from joserfc import jws
from joserfc.jwk import OctKey, OKPKey
from sqlalchemy import Engine
from sqlmodel import Session, select
from werkzeug.test import TestResponse

from rights.app import SURFACES, context_of, equip, routed
from rights.services import backends
from rights.services.context import Context
from rights.settings import Settings, load
from rights.store.blobs import Blobs
from rights.store.db import reading, transaction
from rights.store.ids import new_id
from rights.store.models import Backend, Challenge, Lookup, Package
from rights.store.sealing import SealedFiles, new_data_key, sealed_size
from rights.web.parts import Parts
from tests.web.contract import CheckedClient

HERE = Path(__file__).parent
KEYS = "k1:" + base64.b64encode(b"k" * 32).decode()
SEED = "s1:" + base64.b64encode(b"s" * 32).decode()
ALICE = {"user_id": "u-1", "email": "alice@example.com"}
BOB = {"user_id": "u-2", "email": "bob@example.com"}


def settings_for(database_url: str, redis_url: str, folder: Path, **values: Any) -> Settings:
    """Return the settings of a web process of this test's own."""
    given = {
        "database_url": database_url,
        "redis_url": redis_url,
        "blobs_url": f"file://{folder / 'blobs'}",
        "evidence_url": f"file://{folder / 'evidence'}",
        "keys": KEYS,
        "signing_key": SEED,
        "datamap": HERE / "datamap.yaml",
        "optout_wait_ms": 40,
    }
    return load(**{**given, **values})


@dataclass
class Clock:
    """The time of a test: it stands still until it is moved."""

    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def now(self) -> datetime:
        """Return it."""
        return self.at

    def forward(self, **by: float) -> None:
        """Move it."""
        self.at += timedelta(**by)


@dataclass
class Partner:
    """A product backend: its API key, and the key it signs assertions with."""

    id: str
    key: str = field(repr=False)
    signing: OKPKey | OctKey = field(repr=False)
    algorithm: str = "Ed25519"
    _nonces: Any = field(default_factory=itertools.count, repr=False)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    def assertion(self, subject: Any, now: datetime, acr: str = "session", /, **claims: Any) -> str:
        """Sign that *subject* is logged in."""
        said = {
            "aud": "rights",
            "iat": int(now.timestamp()),
            "exp": int((now + timedelta(minutes=4)).timestamp()),
            "jti": f"n-{next(self._nonces)}-{new_id()}",
            "acr": acr,
            "subject": subject,
            **claims,
        }
        said = {name: value for name, value in said.items() if value is not None}
        header = {"alg": self.algorithm}
        algorithms = [self.algorithm]
        return jws.serialize_compact(header, orjson.dumps(said), self.signing, algorithms)


@dataclass(frozen=True)
class Reply:
    """An answer, as a test reads it."""

    status_code: int
    json: Any
    headers: Mapping[str, str]
    data: bytes


@dataclass
class House:
    """Everything a test of the web needs at hand."""

    app: Flask
    clock: Clock
    partner: Partner

    @property
    def parts(self) -> Parts:
        found: Parts = self.app.extensions["rights"]
        return found

    @property
    def context(self) -> Context:
        return self.parts.context

    @property
    def engine(self) -> Engine:
        return self.parts.engine

    @property
    def blobs(self) -> Blobs:
        return self.parts.blobs

    @property
    def client(self) -> CheckedClient:
        client = self.app.test_client()
        assert isinstance(client, CheckedClient)
        return client

    def call(
        self, method: str, path: str, body: Any = None, *, token: str = "", **headers: str
    ) -> Reply:
        """Call as the partner, or with another token."""
        sent = {
            "Authorization": f"Bearer {token or self.partner.key}",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        response = self.client.open(path, method=method, json=body, headers=sent)
        return reply(response)

    def post(self, path: str, body: Any = None, **more: str) -> Reply:
        """Post a document as the partner."""
        return self.call("POST", path, body, **more)

    def get(self, path: str, **more: str) -> Reply:
        """Get as the partner."""
        return self.call("GET", path, **more)

    def submit(self, kind: str = "access", subject: Any = ALICE, **more: Any) -> dict[str, Any]:
        """Submit a request; return what was answered."""
        response = self.post("/v1/requests", {"kind": kind, "subject": subject, **more})
        assert response.status_code in (200, 201), response.json
        document: dict[str, Any] = response.json
        return document

    def asserted(
        self, kind: str = "access", subject: Any = ALICE, acr: str = "mfa", **more: Any
    ) -> dict[str, Any]:
        """Submit a request about a logged-in user; return what was answered."""
        word = self.partner.assertion(subject, self.clock.now(), acr)
        response = self.post("/v1/requests", {"kind": kind, "assertion": word, **more})
        assert response.status_code in (200, 201), response.json
        document: dict[str, Any] = response.json
        return document

    def code(self, request_id: str, purpose: str = "request") -> str:
        """Return the code that the mail about a request carries."""
        with reading(self.engine) as session:
            query = select(Challenge).where(
                Challenge.request_id == request_id, Challenge.purpose == purpose
            )
            live = [c for c in session.exec(query) if c.used_at is None]
            newest = max(live, key=lambda c: c.created_at)
            sealed = newest.sealed_code
        return self.context.vault.open(sealed, aad=f"code|{newest.id}").decode()

    def package(self, request_id: str, content: bytes, **values: Any) -> str:
        """Put a finished package beside a request; return its id."""
        package_id, key = new_id(), new_data_key()
        blob = f"packages/{package_id}.zip"
        SealedFiles(self.blobs, package_id, key).put(blob, [content])
        given = {
            "id": package_id,
            "request_id": request_id,
            "state": "ready",
            "wrapped_key": self.context.vault.wrap(key, aad=f"package|{package_id}"),
            "blob": blob,
            "sealed_size": sealed_size(len(content)),
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "complete": True,
            "created_at": self.clock.now(),
            "expires_at": self.clock.now() + timedelta(days=7),
        }
        with self.writing() as session:
            session.add(Package(**{**given, **values}))
        return package_id

    def looked_up(self, answer: Any, state: str = "answered") -> None:
        """Answer the look-up that waits, as a worker would; None is an answer that failed."""
        with self.writing() as session:
            row = session.exec(select(Lookup).where(Lookup.state == "waiting")).one()
            row.state = state
            if answer is not None:
                aad = f"lookup|{row.id}|answer"
                row.sealed_answer = self.context.vault.seal(orjson.dumps(answer), aad=aad)

    def writing(self) -> Any:
        """Return a transaction on the register."""
        return transaction(self.engine)

    def reading(self) -> Any:
        """Return a look at the register."""
        return reading(self.engine)


def reply(response: TestResponse) -> Reply:
    """Return an answer as a test reads it."""
    document = response.get_json(silent=True)
    return Reply(response.status_code, document, dict(response.headers), response.data)


def partner(
    session: Session, context: Context, name: str, now: datetime, *, cap: int = 3, **values: Any
) -> Partner:
    """Register a backend with a key for everything and an Ed25519 key for assertions."""
    made: Backend = backends.add(session, name, now=now, level_cap=cap)
    signing = OKPKey.generate_key("Ed25519")
    public = signing.as_dict(private=False)
    backends.add_assertion_key(session, context.vault, made, public, now=now)
    scopes = values.pop("scopes", backends.SCOPES)
    _, key = backends.issue_key(session, made.id, scopes, now=now, **values)
    return Partner(made.id, key, signing)


@cache
def _routed(*, https: bool) -> Flask:
    app = routed(SURFACES, https=https)
    assert app.jinja_env  # with what it compiles of the pages
    return app


def _application(*, https: bool) -> Flask:
    """Return one with every surface; what they share is made once, for making it takes a while."""
    first = _routed(https=https)
    app = copy.copy(first)
    app.config, app.extensions = copy.copy(first.config), {**first.extensions}
    return app


def furnish(
    settings: Settings,
    *,
    clock: Clock | None = None,
) -> House:
    """Open a web application on a migrated register, with one backend that may call it."""
    clock = clock or Clock()
    context = context_of(settings)
    app = _application(https=settings.base_url.startswith("https://"))
    equip(app, settings, SURFACES, context, now=clock.now)
    app.testing = False
    app.test_client_class = CheckedClient
    found: Parts = app.extensions["rights"]
    with transaction(found.engine) as session:
        one = partner(session, context, "shop", clock.now())
    return House(app, clock, one)
