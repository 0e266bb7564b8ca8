"""The SQL connector keeps the contract on SQLite."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from connectors.sdk import Misconfigured, Transient
from tests.connectors import notes
from tests.connectors.contract import Case, ConnectorContract, work
from tests.connectors.database import Database, contract_case


class TestSqlite(ConnectorContract):
    @pytest.fixture
    def case(self, sqlite_url: str) -> Case:
        return contract_case(sqlite_url, denied="sqlite:////nonexistent/place.db")


class TestSqliteWithoutAJournal(ConnectorContract):
    @pytest.fixture
    def case(self, sqlite_url: str) -> Case:
        return contract_case(sqlite_url, journal=False)


def test_a_mistyped_file_name_is_an_error_and_makes_no_empty_database(tmp_path: Path) -> None:
    connector = Database(f"sqlite:///{tmp_path}/mistyped.db").connector()

    with pytest.raises(Misconfigured):
        connector.probe()

    assert list(tmp_path.iterdir()) == []


def test_a_locked_file_is_transient(sqlite_url: str) -> None:
    case, database = contract_case(sqlite_url), Database(sqlite_url)
    connector = database.connector(connect_timeout_s=0)
    connector.locate(case.target, work())
    with contextlib.closing(
        sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    ) as holder:
        holder.execute("BEGIN EXCLUSIVE")

        with pytest.raises(Transient):
            connector.erase(case.target, work())

    assert connector.erase(case.target, work()).affected == len(notes.MINE)
    case.close()
    database.close()


def test_the_store_s_journal_mode_is_left_as_it_is(sqlite_url: str) -> None:
    case, database = contract_case(sqlite_url), Database(sqlite_url)
    before = database.value("PRAGMA journal_mode")

    database.connector().erase(case.target, work())

    assert database.value("PRAGMA journal_mode") == before
    case.close()
    database.close()
