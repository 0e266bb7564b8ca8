"""The database itself refuses to change an entry, and lets a purge alone remove one."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from rights.services.checkpoints import checkpoint, purge_chain, verify
from rights.store.db import open_engine, transaction
from rights.store.migrate import upgrade
from rights.store.models import Request
from tests.services.registers import NOW, new_request, signer, write
from tests.unguarded import unguarded

KEPT, PURGED = f"{1:032x}", f"{2:032x}"


@pytest.fixture(scope="module")
def _file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("append-only") / "migrated.db"
    upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture(params=["sqlite", "postgres"])
def register(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """Two chains, both under a checkpoint, in a migrated register."""
    if request.param == "postgres":
        copy: Callable[..., str] = request.getfixturevalue("postgres_template")
        url = copy("web-register", upgrade)
    else:
        url = f"sqlite:///{shutil.copy(request.getfixturevalue('_file'), tmp_path)}"
    engine = open_engine(url)
    with transaction(engine) as session:
        for number in (1, 2):
            write(session, new_request(session, number), "received", "verified", "completed")
    with transaction(engine) as session:
        checkpoint(session, signer(), NOW)
    yield engine
    engine.dispose()


def _do(engine: Engine, statement: str) -> None:
    with engine.begin() as connection:
        connection.execute(text(statement))


@pytest.mark.requirement("R-LOG-1")
@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("UPDATE entry SET event = 'denied' WHERE seq = 2", "never changed"),
        ("UPDATE entry SET hash = hash", "never changed"),
        ("DELETE FROM entry WHERE seq = 3", "by a purge on record"),
        ("DELETE FROM entry", "by a purge on record"),
    ],
)
def test_no_statement_changes_or_removes_an_entry(
    register: Engine, statement: str, rule: str
) -> None:
    with pytest.raises(DBAPIError, match=rule):
        _do(register, statement)

    assert verify(register, signer()).problems == []


def test_the_table_is_not_emptied_either(request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue("postgres_template")("web-register", upgrade)
    engine = open_engine(url)
    with pytest.raises(DBAPIError, match="never changed"):
        _do(engine, "TRUNCATE entry")
    engine.dispose()


def test_a_purge_removes_its_own_chain_and_no_other(register: Engine) -> None:
    with transaction(register) as session:
        assert purge_chain(session, signer(), PURGED, now=NOW) == 3
        session.delete(session.get_one(Request, PURGED))
    assert verify(register, signer()).problems == []

    both = f"DELETE FROM entry WHERE chain IN ('{KEPT}', '{PURGED}')"
    with pytest.raises(DBAPIError, match="by a purge on record"):
        _do(register, both)
    with transaction(register) as session:
        write(session, session.get_one(Request, KEPT), "downloaded")
    assert verify(register, signer()).entries == 4


def test_what_came_after_the_purge_was_signed_stays(register: Engine) -> None:
    _do(register, f"UPDATE checkpoint_leaf SET purged_at = '2026-11-22' WHERE chain = '{KEPT}'")
    with transaction(register) as session:
        write(session, session.get_one(Request, KEPT), "downloaded")

    with pytest.raises(DBAPIError, match="by a purge on record"), Session(register) as session:
        session.execute(text(f"DELETE FROM entry WHERE chain = '{KEPT}'"))


def test_who_owns_the_database_switches_it_off_and_is_found_out(register: Engine) -> None:
    with unguarded(register) as connection:
        connection.execute(text("UPDATE entry SET actor = 'nobody' WHERE seq = 2"))

    assert verify(register, signer()).problems == [
        f"{KEPT}: entry 2 was changed",
        f"{PURGED}: entry 2 was changed",
    ]
    with pytest.raises(DBAPIError, match="never changed"):
        _do(register, "UPDATE entry SET actor = 'system' WHERE seq = 2")
