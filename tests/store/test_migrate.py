"""Migrations lead to what the models say, forwards and back, on both databases."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from rights.domain.errors import ConfigError
from rights.store import migrate
from rights.store.db import open_engine
from rights.store.revision import needed


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(f"{request.param}_url"))


def _tables(url: str) -> set[str]:
    engine = open_engine(url)
    found = set(inspect(engine).get_table_names())
    engine.dispose()
    return found


def _migrated(url: str) -> None:
    """Migrate step by step, on SQLite too, where an empty register is made at once."""
    migrate.upgrade(url, needed())


def test_migrations_lead_to_what_the_models_say(url: str) -> None:
    _migrated(url)

    assert migrate.check(url) == []
    assert _tables(url) - {"alembic_version"} == set(migrate.metadata().tables)


def test_a_difference_between_models_and_migrations_is_named(url: str) -> None:
    migrate.upgrade(url)
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE bundle ADD COLUMN colour VARCHAR(9)"))
    engine.dispose()

    assert any("bundle" in said and "colour" in said for said in migrate.check(url))


def test_going_forward_twice_changes_nothing(url: str) -> None:
    migrate.upgrade(url)
    migrate.upgrade(url)

    assert migrate.check(url) == []


def test_every_step_can_be_taken_back_and_again(url: str) -> None:
    _migrated(url)
    newest = migrate.current(url)
    versions = sorted(f.stem[:4] for f in (migrate.FOLDER / "versions").glob("0*.py"))

    for before in [*reversed(versions[:-1]), "base"]:
        migrate.downgrade(url, before)
    assert _tables(url) <= {"alembic_version"}
    for each in versions:
        migrate.upgrade(url, each)

    assert migrate.current(url) == newest == versions[-1]
    assert migrate.check(url) == []


def test_evidence_that_was_signed_is_a_report_that_was_asked_for(url: str) -> None:
    migrate.upgrade(url, "0054")
    engine = open_engine(url)
    columns = "id, first_day, last_day, items, state, code, available, asked_by, asked_at"
    columns, days = f"{columns}, expires_at", "'2026-04-01', '2026-06-30'"
    values = f"'x', {days}, '17', 'made', '', '', 'staff:1', '2026-07-01', '2026-08-01'"
    with engine.begin() as connection:
        connection.execute(text(f"INSERT INTO signed_evidence ({columns}) VALUES ({values})"))

    migrate.upgrade(url)

    said = "report, public, signed, items, state, asked_by"
    with engine.begin() as connection:
        (row,) = connection.execute(text(f"SELECT {said} FROM asked_report")).all()
        assert tuple(row) == ("audit", False, True, "17", "made", "staff:1")
        other = f"INSERT INTO asked_report ({columns}, report, public, signed, shape)"
        unsigned = values.replace("'x'", "'y'") + ", 'figures', false, false, '{}'"
        connection.execute(text(f"{other} VALUES ({unsigned})"))
    migrate.downgrade(url, "0054")
    with engine.begin() as connection:
        left = connection.execute(text("SELECT id FROM signed_evidence")).scalars().all()
    assert left == ["x"], "what was signed stays"
    engine.dispose()


def test_a_register_of_a_newer_version_is_refused(url: str) -> None:
    migrate.upgrade(url)
    engine = open_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()

    with pytest.raises(ConfigError, match="9999"):
        migrate.upgrade(url)


def test_two_processes_that_start_at_once_migrate_one_after_another(url: str) -> None:
    failed: list[BaseException] = []

    def run() -> None:
        try:
            migrate.upgrade(url)
        except BaseException as error:  # noqa: BLE001 - carried to the test's own thread
            failed.append(error)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    assert migrate.check(url) == []


def test_the_next_version_holds_only_what_is_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil  # noqa: PLC0415 - only here

    folder = tmp_path / "migrations"
    shutil.copytree(migrate.FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(migrate, "FOLDER", folder)

    migrate.write("Nothing new")

    (made,) = [f for f in (folder / "versions").glob("*.py") if "nothing_new" in f.name]
    assert "create_table" not in made.read_text()
    assert "add_column" not in made.read_text()
