"""The SQL connector keeps the contract on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.connectors.contract import Case, ConnectorContract
from tests.connectors.database import contract_case, elsewhere


class TestPostgres(ConnectorContract):
    @pytest.fixture
    def case(self, clean_postgres_url: str, free_port: Callable[[], int]) -> Case:
        return contract_case(
            clean_postgres_url,
            down=elsewhere(clean_postgres_url, host="127.0.0.1", port=free_port()),
            denied=elsewhere(clean_postgres_url, username="nobody_at_all", password="wrong"),
        )
