"""The SQL connector keeps the contract on MariaDB."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.connectors.contract import Case, ConnectorContract
from tests.connectors.database import contract_case, elsewhere


class TestMariadb(ConnectorContract):
    @pytest.fixture
    def case(self, clean_mariadb_url: str, free_port: Callable[[], int]) -> Case:
        return contract_case(
            clean_mariadb_url,
            down=elsewhere(clean_mariadb_url, host="127.0.0.1", port=free_port()),
            denied=elsewhere(clean_mariadb_url, username="nobody_at_all", password="wrong"),
        )
