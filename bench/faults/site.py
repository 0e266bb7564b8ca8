"""Everything the long run needs, on loopback and in one folder that goes with it."""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from joserfc.jwk import OKPKey
from redis import Redis
from sqlalchemy.engine import make_url

from bench.faults.proxy import Proxy, proxies, to_port, to_socket
from bench.faults.roles import Role, roles
from rights.net import Guard
from rights.services import backends, subscriptions
from rights.services.webhooks import EVENTS
from rights.store.db import transaction
from rights.store.keys import Keyring
from rights.store.migrate import upgrade
from rights.store.vault import Vault
from tests.connectors.backend_service import Backend
from tests.faults import clock, company
from tests.faults.laboratory import KEY, serving, settings_of
from tests.faults.receiver import Received, receiver
from tests.servers import s3
from tests.servers.s3 import Bucket
from workflows.demo.house.backend import ShopBackend
from workflows.embedded import postgres
from workflows.embedded.ports import free_ports
from workflows.embedded.smtp import Sink
from workflows.embedded.valkey import Valkey

WORKERS: Final = 4
FILES_EVERY: Final = 4
"""One person in so many has files: putting them takes longer than all the rest."""
_SETTINGS: Final = {
    "RIGHTS_LEASE_S": "2",
    "RIGHTS_HEARTBEAT_S": "0.5",
    "RIGHTS_SWEEP_S": "0.3",
    "RIGHTS_BACKOFF_S": "0.5,1,2",
    "RIGHTS_WEBHOOK_BACKOFF_S": "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1",
    "RIGHTS_CHECKPOINT_S": "5",
}


@dataclass(frozen=True)
class Site:
    """
    A running deployment, and every end by which it can be hurt.

    Args:
        register, shop: Seen directly; the deployment sees them through proxies.
    """

    folder: Path
    people: int
    register: sa.Engine
    shop: sa.Engine
    clusters: dict[str, postgres.PostgresServer]
    valkey: Valkey
    bucket: Bucket
    service: Backend
    sink: Sink
    received: Received
    cables: dict[str, Proxy]
    roles: dict[str, Role]
    backend: ShopBackend
    base_url: str
    blobs_url: str
    env: dict[str, str] = field(repr=False)

    @property
    def redis(self) -> Redis:
        """A new client of the queue."""
        return Redis.from_url(self.valkey.url)

    def logs(self) -> list[Path]:
        """Return what the roles have printed."""
        return sorted(self.folder.glob("*.log"))

    def read(self, query: str, **values: Any) -> list[Any]:
        """Ask the register, as often as it takes while it is down."""
        return list(asked(self.register, query, **values))


def asked(engine: sa.Engine, query: str, **values: Any) -> list[Any]:
    """Run one query, waiting for a database that is being started again."""
    until = time.monotonic() + 60
    while True:
        try:
            with engine.connect() as connection:
                return list(connection.execute(sa.text(query), values).all())
        except sa.exc.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


@dataclass(frozen=True)
class _Servers:
    """What is not ours: databases, queue, objects, mail, and who is told of events."""

    clusters: dict[str, postgres.PostgresServer]
    valkey: Valkey
    bucket: Bucket
    service: Backend
    sink: Sink
    received: Received


@contextmanager
def site(people: int) -> Iterator[Site]:
    """Bring everything up; take everything down."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="faults-")))
        servers = _servers(stack, people)
        # Each is asked whether it is still there: these databases are restarted now and then.
        register, shop = (
            sa.create_engine(c.url, pool_pre_ping=True) for c in servers.clusters.values()
        )
        stack.callback(register.dispose)
        stack.callback(shop.dispose)
        upgrade(servers.clusters["register"].url)
        clock.movable(register)
        company.fill(shop, people)
        company.fill_files(servers.bucket, range(FILES_EVERY, people + 1, FILES_EVERY))
        cables = stack.enter_context(_cables(servers))
        env = _environment(folder, servers, cables)
        backend = _backend(register, servers.received.url)
        (port,) = free_ports(1, random.Random())
        running = stack.enter_context(roles(env, folder, port=port, workers=WORKERS))
        url, blobs = f"http://127.0.0.1:{port}", env["RIGHTS_BLOBS_URL"]
        yield Site(
            folder=folder,
            people=people,
            register=register,
            shop=shop,
            **vars(servers),
            cables=cables,
            roles=running,
            backend=backend,
            base_url=url,
            blobs_url=blobs,
            env=env,
        )


def _servers(stack: ExitStack, people: int) -> _Servers:
    clusters = {name: postgres.start() for name in ("register", "shop")}
    for one in clusters.values():
        stack.callback(one.stop)
    valkey = Valkey()
    stack.callback(valkey.stop)
    bucket = stack.enter_context(s3.fresh_bucket(stack.enter_context(s3.server())))
    service = company.service(people)
    stack.enter_context(serving(service))
    sink, received = Sink(), stack.enter_context(receiver())
    stack.callback(sink.stop)
    return _Servers(clusters, valkey, bucket, service, sink, received)


def _cables(servers: _Servers) -> AbstractContextManager[dict[str, Proxy]]:
    return proxies(
        register=to_socket(_socket(servers.clusters["register"])),
        shop=to_socket(_socket(servers.clusters["shop"])),
        objects=to_port(int(servers.bucket.endpoint.rpartition(":")[2])),
    )


def _environment(folder: Path, servers: _Servers, cables: dict[str, Proxy]) -> dict[str, str]:
    """Return the settings of the roles, who reach everything through a cable."""
    objects = replace(servers.bucket, endpoint=f"http://127.0.0.1:{cables['objects'].port}")
    register = _through(cables["register"])
    return {
        **_bare(),
        **settings_of(folder, register, servers.valkey.url, servers.sink.port),
        **company.secrets_of(_through(cables["shop"]), objects, servers.service),
        **_SETTINGS,
    }


def _bare() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith("RIGHTS_")}


def _socket(cluster: postgres.PostgresServer) -> str:
    return f"{make_url(cluster.url).query['host']}/.s.PGSQL.5432"


def _through(cable: Proxy) -> str:
    return f"postgresql+psycopg://postgres@127.0.0.1:{cable.port}/postgres"


def _backend(register: sa.Engine, url: str) -> ShopBackend:
    """Register the product backend that vouches for people and wants to be told."""
    key = OKPKey.generate_key("Ed25519", {"kid": "shop-1"}, private=True)
    vault, now = Vault(Keyring.parse(KEY)), datetime.now(UTC) - timedelta(minutes=1)
    with transaction(register) as session:
        made = backends.add(session, "shop", now=now, level_cap=3)
        public = key.as_dict(private=False)
        backends.add_assertion_key(session, vault, made, public, now=now)
        session.flush()
        _, text = backends.issue_key(session, made.id, backends.SCOPES, now=now)
        guard = Guard(("127.0.0.1/32",))
        subscriptions.add(session, vault, guard, made.id, url=url, events=EVENTS, now=now)
        return ShopBackend(made.id, made.audience, text, key.as_dict(private=True))
