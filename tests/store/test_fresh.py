"""An empty register on SQLite is made at once, and is what the migrations make."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from checks.fresh_register import migrated
from rights.store import fresh, migrate
from rights.store.db import open_engine
from rights.store.revision import needed

_OPENED = """
import sys
opened = []
sys.addaudithook(lambda event, said: event == "open" and opened.append(str(said[0])))
from rights.store.migrate import upgrade
upgrade(*sys.argv[1:])
print(sum("migrations/versions/" in file for file in opened))
"""
"""Prints how many files of migrations were opened."""


def _as_script(url: str) -> str:
    engine = open_engine(url)
    with engine.connect() as connection:
        script = fresh.written(connection)
    engine.dispose()
    return script


def test_an_empty_register_is_made_as_the_migrations_make_it(
    sqlite_url: str, tmp_path: Path
) -> None:
    migrate.upgrade(sqlite_url)

    step_by_step = tmp_path / "migrated"
    step_by_step.mkdir()
    assert _as_script(sqlite_url) == migrated(step_by_step)
    assert migrate.check(sqlite_url) == []
    assert migrate.current(sqlite_url) == needed()


def test_a_register_in_which_something_is_already_goes_through_the_migrations(
    sqlite_url: str,
) -> None:
    migrate.upgrade(sqlite_url, "0033")

    engine = open_engine(sqlite_url)
    with engine.begin() as connection:
        assert not fresh.make(connection)
    engine.dispose()
    migrate.upgrade(sqlite_url)
    assert migrate.current(sqlite_url) == needed()
    assert migrate.check(sqlite_url) == []


def test_statements_that_are_behind_the_migrations_are_not_used(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "fresh.sql"
    text = fresh.FILE.read_text(encoding="utf-8")
    old.write_text(text.replace(f"'{needed()}'", "'0033'"), encoding="utf-8")
    monkeypatch.setattr(fresh, "FILE", old)
    fresh.statements.cache_clear()
    try:
        migrate.upgrade(sqlite_url)
    finally:
        fresh.statements.cache_clear()

    assert migrate.current(sqlite_url) == needed()
    assert migrate.check(sqlite_url) == []


def test_what_fails_half_way_leaves_nothing(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torn = tmp_path / "fresh.sql"
    *most, last = fresh.statements()
    torn.write_text("\n".join([*most[:9], "CREATE TABLE bundle (id);", last]), encoding="utf-8")
    monkeypatch.setattr(fresh, "FILE", torn)
    fresh.statements.cache_clear()
    try:
        with pytest.raises(Exception, match="already exists"):
            migrate.upgrade(sqlite_url)
    finally:
        fresh.statements.cache_clear()

    assert migrate.current(sqlite_url) is None


def _opened(*given: str) -> int:
    command = [sys.executable, "-c", _OPENED, *given]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(ran.stdout)


def test_no_migration_is_loaded_for_it_nor_for_one_that_is_there(sqlite_url: str) -> None:
    assert _opened(sqlite_url) == 0
    assert _opened(sqlite_url) == 0
    assert _opened(sqlite_url, needed()) > 1, "what is counted is counted"
