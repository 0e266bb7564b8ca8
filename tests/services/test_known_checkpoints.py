"""The end of the trail cut off: found by a checkpoint that is known from elsewhere."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlmodel import col, select

from rights.services import kept_checkpoints
from rights.services.checkpoints import checkpoint
from rights.store.db import reading, transaction
from rights.store.models import Checkpoint
from tests.services.registers import DATABASES, NOW, new_request, opened, signer, write
from tests.services.reports.terminal import Terminal

LATER = NOW + timedelta(days=2)
NEWEST = "newest checkpoint "


@pytest.fixture(params=DATABASES)
def register(request: pytest.FixtureRequest) -> Engine:
    """Three requests, each under a checkpoint of its own."""
    engine = opened(request, request.param)
    for number in (1, 2, 3):
        with transaction(engine) as session:
            write(session, new_request(session, number), "received", "completed")
        with transaction(engine) as session:
            assert checkpoint(session, signer(), NOW + timedelta(minutes=number))
    return engine


@pytest.fixture
def terminal(register: Engine, tmp_path: Path) -> Terminal:
    return Terminal(tmp_path, register.url.render_as_string(hide_password=False), LATER)


def _cut(register: Engine) -> None:
    """Remove the newest checkpoint and all that it covers, so that what is left fits."""
    with register.begin() as connection:
        for statement in (
            "DELETE FROM checkpoint_leaf WHERE checkpoint_id = 3",
            "DELETE FROM checkpoint WHERE id = 3",
            f"DELETE FROM entry WHERE chain = '{3:032x}'",
            f"DELETE FROM request WHERE id = '{3:032x}'",
        ):
            connection.execute(text(statement))


def _anew(register: Engine) -> None:
    """Write another history, and sign it: as many checkpoints as before."""
    with transaction(register) as session:
        write(session, new_request(session, 4), "received", "denied")
    with transaction(register) as session:
        made = checkpoint(session, signer(), NOW + timedelta(minutes=3))
        assert made
        made.id, number = 3, made.id
        session.flush()
        change = text("UPDATE checkpoint_leaf SET checkpoint_id = 3 WHERE checkpoint_id = :old")
        session.execute(change, {"old": number})


def _noted(terminal: Terminal) -> str:
    (line,) = [
        line for line in terminal.run("audit", "verify").splitlines() if line.startswith(NEWEST)
    ]
    return line.removeprefix(NEWEST)


@pytest.mark.requirement("R-LOG-1:bad")
def test_what_verify_prints_finds_later_that_the_end_was_cut_off(
    register: Engine, terminal: Terminal
) -> None:
    noted = _noted(terminal)
    assert noted.startswith("3:")
    terminal.run("audit", "verify", "--known-checkpoint", noted)

    _cut(register)

    assert "all of them hold" in terminal.run("audit", "verify"), "the register alone fits"
    said = terminal.run("audit", "verify", "--known-checkpoint", noted, code=1)
    assert "checkpoint 3: is known from elsewhere, and is gone from here" in said
    _anew(register)
    said = terminal.run("audit", "verify", "--known-checkpoint", noted, code=1)
    assert "checkpoint 3: is not the one that is known from elsewhere" in said


def test_files_with_what_was_printed_do_as_well(
    register: Engine, terminal: Terminal, tmp_path: Path
) -> None:
    text_file, json_file = tmp_path / "verify.txt", tmp_path / "verify.json"
    text_file.write_text(terminal.run("audit", "verify"))
    json_file.write_text(terminal.run("audit", "verify", "--json"))
    both = [word for file in (text_file, json_file) for word in ("--known-checkpoint", str(file))]
    terminal.run("audit", "verify", *both)

    _cut(register)

    found = json.loads(terminal.run("audit", "verify", "--json", *both, code=1))
    assert found["problems"] == [
        "checkpoint 3: is known from elsewhere, and is gone from here"
    ] * len((text_file, json_file))


def test_a_file_from_the_locked_bucket_does_and_a_moment_written_anew_is_found(
    register: Engine, terminal: Terminal, tmp_path: Path
) -> None:
    with reading(register) as session:
        (copy,) = kept_checkpoints.copies(session, NOW - timedelta(days=9), LATER)
    kept = tmp_path / "kept.json"
    kept.write_bytes(copy.text)
    terminal.run("audit", "verify", "--known-checkpoint", str(kept))

    with transaction(register) as session:
        last = session.exec(select(Checkpoint).where(col(Checkpoint.id) == copy.number)).one()
        last.at = NOW + timedelta(minutes=4)

    said = terminal.run("audit", "verify", "--known-checkpoint", str(kept), code=1)
    assert "checkpoint 3: is not the one that is known from elsewhere" in said


@pytest.mark.parametrize("said", ["3", "3:abc", "nowhere.json", "{file}"])
@pytest.mark.parametrize("register", ["sqlite"], indirect=True)
def test_what_is_no_checkpoint_is_refused_and_nothing_is_said_to_hold(
    terminal: Terminal, tmp_path: Path, said: str
) -> None:
    (tmp_path / "empty.json").write_text('{"format": "rights-kept-checkpoint/1", "id": 3}')
    named = said.format(file=tmp_path / "empty.json")

    told = terminal.run("audit", "verify", "--known-checkpoint", named, code=2)

    assert "is neither NUMBER:ROOT nor a file" in told
    assert "hold" not in told
