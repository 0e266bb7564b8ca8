"""The trail of some days as a folder: whole, and checked by a program that has nothing of ours."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from sqlalchemy import Engine

from rights.domain.errors import Conflict
from rights.domain.period import Period, between
from rights.services import audit, trail_check, trail_export
from rights.services.checkpoints import checkpoint, purge_chain
from rights.services.signing import Signer
from rights.store.db import open_engine, reading, transaction
from rights.store.models import Request, Staff
from tests.services.registers import (
    DATABASES,
    NOW,
    new_request,
    opened,
    register_url,
    signer,
    write,
)
from tests.services.reports.terminal import Terminal

ZONE = ZoneInfo("Asia/Shanghai")
DAYS = between(date(2026, 11, 22), date(2026, 11, 22), ZONE)
LATER = NOW + timedelta(days=30)


@pytest.fixture(params=DATABASES)
def register(request: pytest.FixtureRequest) -> Engine:
    """Three requests and a day, in two checkpoints; one entry after the last of them."""
    engine = opened(request, request.param)
    with transaction(engine) as session:
        for number in (1, 2, 3):
            write(session, new_request(session, number), "received", "verified", "completed")
    _sign(engine, seconds=0)
    with transaction(engine) as session:
        audit.append_day(session, audit.Line("key_used", "system", {"key": "键"}), now=NOW)
        write(session, session.get_one(Request, f"{2:032x}"), "downloaded")
    _sign(engine, seconds=60)
    with transaction(engine) as session:
        write(session, session.get_one(Request, f"{3:032x}"), "downloaded")
    return engine


def _sign(register: Engine, *, seconds: float) -> None:
    with transaction(register) as session:
        assert checkpoint(session, signer(), NOW + timedelta(seconds=seconds))


def _written(register: Engine, place: Path, period: Period = DAYS) -> Path:
    trail_export.write(register, signer(), period, place / "trail", now=LATER)
    return place / "trail"


def _checked(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """Let the program in the folder check it, where nothing of ours can be imported."""
    command = [sys.executable, "-I", str(folder / "check.py"), str(folder), *more]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd="/", timeout=60)


def test_a_folder_is_checked_by_what_lies_in_it(register: Engine, tmp_path: Path) -> None:
    folder = _written(register, tmp_path)
    (key,) = signer().public().values()

    done = _checked(folder, "--public-key", key)

    assert (done.returncode, done.stderr) == (0, "")
    assert "12 entries in 4 chains under 2 checkpoints" in done.stdout
    assert "1 entries came after the last checkpoint" in done.stdout
    names = {path.name for path in folder.iterdir()}
    assert {"README.en.txt", "README.zh-CN.txt", "manifest.json", *trail_check.FILES} <= names


def test_another_companys_key_does_not_fit(register: Engine, tmp_path: Path) -> None:
    folder = _written(register, tmp_path)
    other = Signer("x:" + "eA==".replace("eA==", "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg="))
    (key,) = other.public().values()

    done = _checked(folder, "--public-key", key)

    assert done.returncode == 1
    assert "manifest.json: its signature does not hold" in done.stdout
    assert "checkpoint 1: its signature does not hold" in done.stdout


def _lines(folder: Path, name: str) -> list[bytes]:
    return (folder / name).read_bytes().splitlines()


def _first_of(lines: list[bytes], chain: int) -> int:
    return next(n for n, line in enumerate(lines) if json.loads(line)[1] == f"{chain:032x}")


def _changed(lines: list[bytes]) -> list[bytes]:
    at = _first_of(lines, 1)
    return [*lines[:at], lines[at].replace(b"received", b"accepted"), *lines[at + 1 :]]


def _last_changed(lines: list[bytes]) -> list[bytes]:
    at = _first_of(lines, 1) + 2
    return [*lines[:at], lines[at].replace(b"completed", b"forgotten"), *lines[at + 1 :]]


def _one_gone(lines: list[bytes]) -> list[bytes]:
    at = _first_of(lines, 1) + 1
    return [*lines[:at], *lines[at + 1 :]]


def _end_gone(lines: list[bytes]) -> list[bytes]:
    at = _first_of(lines, 1) + 2
    return [*lines[:at], *lines[at + 1 :]]


def _chain_gone(lines: list[bytes]) -> list[bytes]:
    return [line for line in lines if json.loads(line)[1] != f"{1:032x}"]


def _swapped(lines: list[bytes]) -> list[bytes]:
    at = _first_of(lines, 1)
    return [*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]]


def _resealed(folder: Path, **files: list[bytes]) -> None:
    """Write lines anew and sign the folder again, as somebody with the key would."""
    for name, lines in files.items():
        (folder / f"{name}.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
    manifest = orjson.loads((folder / "manifest.json").read_bytes())
    manifest["sha256"] = {one: trail_check.sum_of(folder / one) for one in trail_check.FILES}
    manifest["entries"] = len(_lines(folder, "entries.jsonl"))
    text = orjson.dumps(manifest)
    (folder / "manifest.json").write_bytes(text)
    said = {"key_id": signer().key_id, "signature": signer().sign(text)}
    (folder / "signature.json").write_bytes(orjson.dumps(said))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (_changed, "entry 2 does not follow on entry 1"),
        (_last_changed, "entry 3 is not the one that was signed"),
        (_one_gone, "entry 3 does not follow on entry 1"),
        (_end_gone, "entries 3 to 3 are missing"),
        (_chain_gone, "was signed for, and has no entry here"),
        (_swapped, "entry 2 does not follow on entry 0"),
    ],
)
def test_what_was_done_to_entries_is_found_even_where_the_folder_is_signed_again(
    register: Engine,
    tmp_path: Path,
    change: Callable[[list[bytes]], list[bytes]],
    problem: str,
) -> None:
    folder = _written(register, tmp_path)
    lines = _lines(folder, "entries.jsonl")
    assert trail_check.check(folder).ok

    _resealed(folder, entries=change(lines))

    found = trail_check.check(folder)
    assert f"{1:032x}: {problem}" in found.problems


def test_what_was_done_after_signing_is_found_by_the_sums(register: Engine, tmp_path: Path) -> None:
    folder = _written(register, tmp_path)
    with (folder / "entries.jsonl").open("ab") as file:
        file.write(_lines(folder, "entries.jsonl")[0] + b"\n")

    assert "entries.jsonl: is not the file that was signed" in trail_check.check(folder).problems


def test_a_head_that_was_never_signed_and_a_checkpoint_left_out_are_found(
    register: Engine, tmp_path: Path
) -> None:
    folder = _written(register, tmp_path)
    leaves, made = _lines(folder, "leaves.jsonl"), _lines(folder, "checkpoints.jsonl")

    _resealed(folder, leaves=[leaves[0].replace(b'"seq":3', b'"seq":2'), *leaves[1:]])
    assert "checkpoint 1: its root is not that of its leaves" in trail_check.check(folder).problems
    _resealed(folder, leaves=leaves, checkpoints=made[:1])
    assert "leaves.jsonl: has leaves of no checkpoint" in trail_check.check(folder).problems


def test_where_no_checkpoint_is_nothing_holds(register: Engine, tmp_path: Path) -> None:
    folder = _written(register, tmp_path)
    manifest = orjson.loads((folder / "manifest.json").read_bytes())
    manifest["checkpoints"] = 0
    (folder / "manifest.json").write_bytes(orjson.dumps(manifest))

    _resealed(folder, entries=[], leaves=[], checkpoints=[])

    (problem,) = trail_check.check(folder).problems
    assert problem == "checkpoints.jsonl: there is none, so that nothing here is signed for"


def test_what_was_purged_is_told_and_a_forged_purge_is_found(
    register: Engine, tmp_path: Path
) -> None:
    with transaction(register) as session:
        purge_chain(session, signer(), f"{1:032x}", now=NOW + timedelta(days=2))
    folder = _written(register, tmp_path)

    found = trail_check.check(folder)

    assert (found.ok, found.purged, found.chains) == (True, 1, 3)
    forged = [_forged(line) for line in _lines(folder, "leaves.jsonl")]
    _resealed(folder, leaves=forged)
    assert (
        f"{1:032x}: that its entries were purged is not signed"
        in trail_check.check(folder).problems
    )


def test_what_was_purged_after_it_went_on_for_months_is_told_of_its_first_days(
    register: Engine, tmp_path: Path
) -> None:
    later = NOW + timedelta(days=40)
    with transaction(register) as session:
        one = session.get_one(Request, f"{1:032x}")
        audit.append(session, one, [audit.Line("downloaded", "system", {})], now=later)
    _sign(register, seconds=timedelta(days=40, minutes=1).total_seconds())
    with transaction(register) as session:
        purge_chain(session, signer(), f"{1:032x}", now=later + timedelta(days=900))

    found = trail_check.check(_written(register, tmp_path))

    assert (found.problems, found.purged) == ([], 1)


def _forged(line: bytes) -> bytes:
    said: dict[str, Any] = json.loads(line)
    if "purge" in said:
        said["purge"]["signed"] = said["purge"]["signed"].replace("2026-11-24", "2026-11-25")
    return orjson.dumps(said)


def test_the_days_say_what_is_in_it(register: Engine, tmp_path: Path) -> None:
    far = NOW + timedelta(days=9)
    with transaction(register) as session:
        one = new_request(session, 7)
        audit.append(session, one, [audit.Line("received", "system", {})], now=far)
    _sign(register, seconds=timedelta(days=9, minutes=1).total_seconds())
    day = between(date(2026, 12, 1), date(2026, 12, 1), ZONE)

    folder = _written(register, tmp_path, day)

    chains = {json.loads(line)[1] for line in _lines(folder, "entries.jsonl")}
    assert f"{7:032x}" in chains
    assert f"{1:032x}" not in chains
    assert trail_check.check(folder).problems == []


def test_days_without_a_checkpoint_and_a_folder_that_is_there_are_refused(
    register: Engine, tmp_path: Path
) -> None:
    later = between(date(2026, 12, 20), date(2026, 12, 20), ZONE)
    with pytest.raises(Conflict, match="no checkpoint"):
        _written(register, tmp_path / "a", later)
    (tmp_path / "b" / "trail").mkdir(parents=True)
    with pytest.raises(Conflict, match="there already"):
        _written(register, tmp_path / "b")


def test_what_is_no_folder_of_the_trail_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("[]")

    found = trail_check.check(tmp_path)

    assert [one.partition(":")[0] for one in found.problems] == [
        "the folder is damaged, or is none of the trail"
    ]


TODAY = ("--from", "2026-11-22", "--to", "2026-11-22")


def _terminal(request: pytest.FixtureRequest, tmp_path: Path) -> Terminal:
    url = register_url(request, "sqlite")
    engine = open_engine(url)
    with transaction(engine) as session:
        write(session, new_request(session, 1), "received")
        for name, role in (("otto", "auditor"), ("rui", "reviewer")):
            session.add(Staff(name=name, roles=[role], created_at=NOW))
    with transaction(engine) as session:
        checkpoint(session, signer(), NOW)
    engine.dispose()
    return Terminal(tmp_path, url, LATER)


def _days(at: Terminal) -> list[tuple[str, dict[str, Any]]]:
    engine = open_engine(at.environ["RIGHTS_DATABASE_URL"])
    with reading(engine) as session:
        found = audit.entries(session, f"day:{LATER.date().isoformat()}")
        said = [(one.event, one.data) for one in found]
    engine.dispose()
    return said


@pytest.mark.requirement("R-C23-1")
def test_an_auditor_takes_it_with_them_and_that_they_did_is_an_entry(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    at, out = _terminal(request, tmp_path), tmp_path / "for-the-auditor"

    manifest = json.loads(at.run("audit", "export", *TODAY, "--out", str(out), "--as", "otto"))

    assert (manifest["entries"], manifest["from"]) == (1, "2026-11-22")
    assert _days(at) == [("trail_exported", {"from": "2026-11-22", "to": "2026-11-22"})]
    (key,) = manifest["public_keys"].values()
    assert "everything holds" in at.run("audit", "check", str(out), "--public-key", key)
    with (out / "entries.jsonl").open("ab") as file:
        file.write(b"[]\n")
    assert "does NOT hold" in at.run("audit", "check", str(out), code=1)


def test_nobody_else_takes_it_and_no_days_that_have_not_begun(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    at, out = _terminal(request, tmp_path), tmp_path / "out"

    at.run("audit", "export", *TODAY, "--out", str(out), "--as", "rui", code=1)
    future = ("--from", "2027-11-22", "--to", "2027-11-22")
    at.run("audit", "export", *future, "--out", str(out), "--as", "otto", code=1)

    assert not out.exists()
    assert [event for event, _ in _days(at)] == ["staff_refused", "staff_refused"]
