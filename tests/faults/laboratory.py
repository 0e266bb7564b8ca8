"""One company, one register and the forks that work on them: what every test here starts from."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from redis import Redis

from rights.net import Guard
from rights.services import backends, subscriptions
from rights.services.webhooks import EVENTS
from rights.store.db import RegisterClock, open_engine, transaction
from rights.store.keys import Keyring
from rights.store.vault import Vault
from tests.connectors.backend_service import Backend, Handler, Server
from tests.faults import clock, company
from tests.faults.company import Person
from tests.faults.forks import Forks
from tests.faults.receiver import Received, receiver
from tests.servers.s3 import Bucket
from workflows.embedded.smtp import Sink

KEY: Final = "k1:" + base64.b64encode(b"k" * 32).decode()
SEED: Final = "s1:" + base64.b64encode(b"s" * 32).decode()
LATER_S: Final = 400.0
"""Longer than every lease: of steps, of notices, of deliveries."""
RESUMES: Final = 4
"""Fresh forks that may be needed after a crash: pauses before a repeat add up."""

Answers = dict[str, Any]


@dataclass(frozen=True)
class Laboratory:
    """
    Everything a crash needs.

    Args:
        shop: The SQL store, seen directly.
        log: What the forks printed.
    """

    register: sa.Engine
    shop: sa.Engine
    redis: Redis
    bucket: Bucket
    service: Backend
    sink: Sink
    received: Received
    forks: Forks
    backend_id: str
    log: Path
    folder: Path
    environ: Mapping[str, str] = field(repr=False)

    def submitted(self, asked: Mapping[str, Any], person: Person) -> dict[str, Any]:
        """Return the order for one person's request."""
        return {**asked, "subject": person.subject, "backend": self.backend_id}

    def request_of(self, since: set[str]) -> str:
        """Return the id of the one request that was not there before; empty for none."""
        new = self.requests() - since
        if len(new) > 1:
            raise AssertionError(f"one request was asked for and {len(new)} were made")
        return next(iter(new), "")

    def requests(self) -> set[str]:
        """Return the ids of all requests."""
        with self.register.connect() as connection:
            return set(connection.scalars(sa.text("SELECT id FROM request")))

    def row(self, request_id: str) -> Mapping[str, Any]:
        """Return a request as the register has it."""
        query = sa.text("SELECT * FROM request WHERE id = :id")
        with self.register.connect() as connection:
            return dict(connection.execute(query, {"id": request_id}).mappings().one())

    def resume(self, closed: Callable[[], bool]) -> None:
        """Let fresh forks go on, each after every lease has lapsed, until it is *closed*."""
        for _ in range(RESUMES):
            clock.move(self.register, LATER_S)
            code = self.forks.run("work")
            assert code == 0, f"a fork that nobody ended left with {code}: see {self.log}"
            if closed():
                return
        raise AssertionError("the request did not close once nothing was in its way")


@contextmanager
def laboratory(
    folder: Path,
    *,
    register_url: str,
    shop_url: str,
    redis_url: str,
    bucket: Bucket,
    forks: Forks,
    people: int,
    with_files: range = range(0),
) -> Iterator[Laboratory]:
    """Yield a laboratory whose register was migrated already."""
    register, shop = _filled(register_url, shop_url, people)
    company.fill_files(bucket, with_files)
    backend, sink = company.service(people), Sink()
    with ExitStack() as stack:
        for end in (shop.dispose, register.dispose, sink.stop):
            stack.callback(end)
        stack.enter_context(serving(backend))
        received = stack.enter_context(receiver())
        own = settings_of(folder, register_url, redis_url, sink.port)
        environ = {**own, **company.secrets_of(shop_url, bucket, backend)}
        yield Laboratory(
            register=register,
            shop=shop,
            redis=Redis.from_url(redis_url),
            bucket=bucket,
            service=backend,
            sink=sink,
            received=received,
            forks=forks.under(environ),
            backend_id=_subscribed(register, received.url),
            log=forks.log,
            folder=folder,
            environ=environ,
        )


def _filled(register_url: str, shop_url: str, people: int) -> tuple[sa.Engine, sa.Engine]:
    register, shop = open_engine(register_url, pool=2), sa.create_engine(shop_url)
    clock.movable(register)
    company.fill(shop, people)
    return register, shop


def settings_of(folder: Path, register: str, redis: str, smtp_port: int) -> dict[str, str]:
    """Return the settings of a deployment whose processes may be ended."""
    return {
        "RIGHTS_DATABASE_URL": register,
        "RIGHTS_REDIS_URL": redis,
        "RIGHTS_BLOBS_URL": (folder / "blobs").as_uri(),
        "RIGHTS_KEYS": KEY,
        "RIGHTS_SIGNING_KEY": SEED,
        "RIGHTS_DATAMAP": str(company.MAP),
        "RIGHTS_SMTP_PORT": str(smtp_port),
        "RIGHTS_WEBHOOK_ALLOW": "127.0.0.1/32",
        "RIGHTS_BACKOFF_S": "1,2,5",
        "RIGHTS_FAILPOINTS_ALLOWED": "true",
    }


class _Swift(Handler):
    """Sends an answer at once: in two parts, the second waits 40 ms for the first's receipt."""

    wbufsize = -1


@contextmanager
def serving(backend: Backend) -> Iterator[None]:
    """Let the company's service answer on loopback."""
    server = Server(backend)
    server.RequestHandlerClass = _Swift
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)


def _subscribed(register: sa.Engine, url: str) -> str:
    """Register a product backend that wants to be told of everything."""
    now: datetime = RegisterClock(register).now()
    vault, guard = Vault(Keyring.parse(KEY)), Guard(("127.0.0.1/32",))
    with transaction(register) as session:
        made = backends.add(session, "shop", now=now, level_cap=3)
        session.flush()
        subscriptions.add(session, vault, guard, made.id, url=url, events=EVENTS, now=now)
        return made.id
