"""
Whatever the contract allows or forbids is tried on every call, in process.

Left out is the check that a document of the right form is always accepted: types of
identifiers, purposes, categories and fields are the data map's, which the contract cannot list.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    missing_required_header,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from rights.services import backends
from rights.services.evidence import TYPES
from rights.store.db import transaction
from rights.store.migrate import upgrade
from rights.web.contract import FILE
from tests.web.house import House, furnish, settings_for

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    missing_required_header,
    negative_data_rejection,
    unsupported_method,
    ignored_auth,
]
_LIMITLESS = "1000000/second"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, _valkey: Any) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("schemathesis")
    url = f"sqlite:///{folder / 'register.db'}"
    upgrade(url)
    limits = dict.fromkeys(("rate_per_key", "rate_per_address", "rate_verification"), _LIMITLESS)
    values = settings_for(url, _valkey.url, folder, optout_wait_ms=0, **limits)
    house = furnish(values)
    application.wsgi = house.app
    yield house
    house.engine.dispose()
    house.parts.limits.close()


@schemathesis.serializer(*TYPES)
def _document(ctx: Any, value: Any) -> bytes:
    """Send whatever is made up for a document as the bytes it is."""
    del ctx
    made = getattr(value, "data", value)
    return made if isinstance(made, bytes) else str(made).encode()


class _Served:
    """Stands for the application while tests are collected, when there is none yet."""

    wsgi: Any = None

    def __call__(self, environ: Any, start_response: Any) -> Any:
        return self.wsgi(environ, start_response)


application = _Served()
contract = schemathesis.openapi.from_path(FILE)
contract.app = application
# A document can be refused for its size alone, before anybody has read it.
_REFUSED = contract.config.checks.negative_data_rejection.expected_statuses
contract.config.checks.negative_data_rejection.expected_statuses = [*_REFUSED, "413"]


@pytest.mark.slow
@contract.parametrize()
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_call_answers_with_what_the_contract_does_not_say(
    case: Case[Any], served: House
) -> None:
    with transaction(served.engine) as session:
        _, key = backends.issue_key(
            session, served.partner.id, backends.SCOPES, now=served.clock.now()
        )

    case.call_and_validate(headers={"Authorization": f"Bearer {key}"}, checks=CHECKS)
