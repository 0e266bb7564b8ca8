"""The service, started, and a connector to it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from connectors.http_backend import HttpBackend
from tests.connectors.backend_service import Backend, Server
from tests.connectors.http_backend.recommender import (
    connect,
    tag,
)


@pytest.fixture
def backend() -> Iterator[Backend]:
    rows = [tag(1, "ann"), tag(2, "bob"), tag(3, "ann")]
    server = Server(Backend({"tags": rows}))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server.backend
    server.stopping.set()
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def connector(backend: Backend) -> Iterator[HttpBackend]:
    connector = connect(backend)
    yield connector
    connector.close_connections()
