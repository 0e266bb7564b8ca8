"""The reference connector keeps the contract."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from connectors.memory import Memory, MemorySettings
from tests.connectors import notes
from tests.connectors.contract import Case, ConnectorContract


class TestMemory(ConnectorContract):
    @pytest.fixture
    def case(self) -> Case:
        settings = MemorySettings(tables={"notes": [dict(r) for r in (*notes.MINE, *notes.OTHERS)]})
        rows = settings.tables["notes"]

        def of(email: str) -> list[dict[str, Any]]:
            return [row for row in rows if row["owner_email"] == email]

        return Case(
            connect=lambda: Memory(settings),
            target=notes.TARGET,
            mine=len(notes.MINE),
            others=lambda: copy.deepcopy([r for r in rows if r["owner_email"] != notes.CANARY]),
            put_back=lambda: rows.append(dict(notes.MINE[0])),
            canary=notes.CANARY,
            unmapped=notes.UNMAPPED,
            values=lambda column: [row[column] for row in of(notes.CANARY)],
            change=notes.CHANGE,
            new=(notes.ADDING, notes.NEW),
            switch=notes.SWITCH,
        )
