"""Fixtures of the tests of what ``deploy/`` gives each process."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from rights.store.migrate import upgrade
from tests.architecture.deployed import Register


@pytest.fixture
def register(
    postgres_template: Callable[[str, Callable[[str], None]], str],
) -> Iterator[Register]:
    """A migrated register on PostgreSQL, with a role for each process."""
    found = Register(postgres_template("web-register", upgrade))
    yield found
    found.drop()
