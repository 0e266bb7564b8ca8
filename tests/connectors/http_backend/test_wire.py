"""What goes over the wire, and what never does."""

from __future__ import annotations

import pytest

from connectors.http_backend import HttpBackend
from connectors.sdk import (
    Collection,
    Misconfigured,
)
from tests.connectors import backend_service as service
from tests.connectors.backend_service import SECRET, Backend
from tests.connectors.http_backend.recommender import (
    connect,
    of,
    tag,
    work,
)


def test_keys_go_in_the_body_and_never_in_the_address(
    connector: HttpBackend, backend: Backend
) -> None:
    connector.locate(of("ann@example.org"), work())

    (seen,) = backend.seen
    assert seen.path == "/tags/locate"
    assert "ann" not in str(seen.headers)
    assert seen.document["match"] == [{"columns": ["user_id"], "keys": [["ann@example.org"]]}]


def test_a_collection_may_live_at_another_path(backend: Backend) -> None:
    connector = connect(backend)
    moved = Collection("recommender", "tags", key=("id",), settings={"path": "v2/my tags"})
    backend.faults.append(service.saying(b'{"rows": [], "next": null}'))

    connector.locate(of("ann", collection=moved), work())

    assert backend.seen[0].path == "/v2/my%20tags/locate"
    connector.close_connections()


def test_a_request_signed_with_another_secret_is_our_misconfiguration(backend: Backend) -> None:
    connector = connect(backend, secret="whsec_" + "b" * 40)

    with pytest.raises(Misconfigured, match="signature"):
        connector.probe()
    connector.close_connections()


def test_while_a_secret_changes_the_old_one_still_signs(backend: Backend) -> None:
    connector = connect(backend, secret="whsec_" + "b" * 40, previous_secret=SECRET)

    connector.probe()
    connector.close_connections()


def test_the_same_effect_has_the_same_key_and_another_has_another(
    connector: HttpBackend, backend: Backend
) -> None:
    def key() -> str:
        return next(s for s in reversed(backend.seen) if s.path.endswith("erase")).headers[
            "Idempotency-Key"
        ]

    def erase() -> str:
        backend.tables["tags"] = [tag(1, "ann"), tag(3, "ann")]
        connector.erase(of("ann"), work())
        return key()

    first = erase()
    assert erase() == first
    assert first.startswith("a" * 32 + ":0:")
    backend.tables["tags"] = [tag(4, "ann")]
    connector.erase(of("ann"), work())
    assert key() != first
