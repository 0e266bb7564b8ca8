"""What operators and staff type, on a register in a file."""

from __future__ import annotations

import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from rights import logs
from rights.app import create_app
from rights.domain.kinds import Kind
from rights.domain.lifecycle import Event, State, Wait
from rights.services import requests, subjects
from rights.services.checkpoints import checkpoint
from rights.services.signing import Signer
from rights.settings import load
from rights.store.db import open_engine, reading, transaction
from rights.store.keys import Keyring
from rights.store.vault import Vault
from tests.unguarded import unguarded
from tests.workflows.house import KEY, SEED, Clock, ask, floor_over, request_of
from workflows.cli import main
from workflows.floor import Floor
from workflows.jobs import work_on

ROOT = Path(__file__).parents[2]
MAP = """\
version: 1
controller: {name: {zh: 商城, en: Shop}, dpo_contact: privacy@example.com}
identifiers: {user_id: {kind: account}, email: {kind: contact, normalise: email}}
purposes: [{name: service, title: {zh: 服务, en: Service}, basis: contract}]
stores:
- name: shop
  connector: CONNECTOR
  SETTINGS
  role: controller
  classification: general
  defaults: {basis: contract, purposes: [service], retention: none}
  collections:
  - name: users
    key: [id]
    identifies: {user_id: id, email: email}
    fields:
    - {name: email, category: contact, disclose: true}
  - name: orders
    key: [id]
    links: [{columns: [user_id], to: users, role: owner}]
    fields:
    - {name: total, category: order, disclose: true}
"""
IN_MEMORY = MAP.replace("CONNECTOR", "memory").replace("  SETTINGS\n", "")
IN_SQL = MAP.replace("CONNECTOR", "sql").replace(
    "SETTINGS", 'settings: {url: "${secret:SHOP_URL}"}'
)
PEOPLE = 25


class Shell:
    """A terminal with the settings of one deployment."""

    def __init__(self, folder: Path, map_text: str = IN_MEMORY, **more: str) -> None:
        (folder / "map.yaml").write_text(map_text, encoding="utf-8")
        self.url = f"sqlite:///{folder / 'register.sqlite'}"
        self.environ = {
            "PATH": os.environ["PATH"],
            "RIGHTS_DATABASE_URL": self.url,
            "RIGHTS_REDIS_URL": "redis://127.0.0.1:1",
            "RIGHTS_BLOBS_URL": (folder / "blobs").as_uri(),
            "RIGHTS_KEYS": KEY,
            "RIGHTS_SIGNING_KEY": SEED,
            "RIGHTS_DATAMAP": str(folder / "map.yaml"),
            **more,
        }

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Run a command in a process of its own."""
        command = [sys.executable, "-m", "workflows.cli", *words]
        return subprocess.Popen(
            command, cwd=ROOT, env=self.environ, stdout=subprocess.PIPE, text=True
        )

    def run(self, *words: str, code: int = 0) -> str:
        """Run a command that ends with *code*; return what it said, all of it."""
        with pytest.MonkeyPatch.context() as patch, io.StringIO() as said:
            patch.setattr(sys, "argv", ["rights", *words])
            for name in [n for n in os.environ if n.startswith("RIGHTS_")]:
                patch.delenv(name)
            for name, value in self.environ.items():
                patch.setenv(name, value)
            with redirect_stdout(said), redirect_stderr(said), pytest.raises(SystemExit) as ended:
                main()
            assert ended.value.code == code, said.getvalue()
            return said.getvalue()

    def last(self, *words: str, code: int = 0) -> Any:
        """Return the JSON on the last line of what it said."""
        return json.loads(self.run(*words, code=code).strip().splitlines()[-1])


@pytest.fixture(autouse=True)
def _logs() -> None:
    """Logs go where they go in a process: not into what a command says."""
    logs.configure(level="CRITICAL")


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def floor(shell: Shell, tmp_path: Path, clock: Clock) -> Iterator[Floor]:
    """A worker on the register that the shell's commands open."""
    shell.run("migrate")
    rows: dict[str, list[dict[str, Any]]] = {
        "users": [{"id": n, "email": f"p{n}@example.com"} for n in (1, 2)],
        "orders": [{"id": 10 * n + k, "user_id": n, "total": k} for n in (1, 2) for k in range(3)],
    }
    kinds = (Kind.DELETION,)
    made = floor_over(
        tmp_path, IN_MEMORY, {"shop": rows}, clock, register_url=shell.url, approval_kinds=kinds
    )
    yield made
    made.register.dispose()


def test_a_register_is_made_and_made_again_without_a_change(shell: Shell) -> None:
    for _ in range(2):
        shell.run("migrate")

    assert shell.last("tasks", "list", "--json") == []
    report = shell.last("audit", "verify", "--json")
    assert (report["ok"], report["entries"], report["problems"]) == (True, 0, [])


def test_a_backends_key_works_is_replaced_with_an_overlap_and_ended(shell: Shell) -> None:
    shell.run("migrate")
    made = shell.last("backend", "add", "shop", "--json")
    narrow = shell.last("backend", "add", "app", "--scope", "consents:read", "--json")
    new = shell.run("backend", "rotate", made["key_id"]).split()[-1]

    assert "shop" in shell.run("backend", "list")
    assert [_status(shell, key) for key in (made["key"], new, narrow["key"])] == [200, 200, 403]
    shell.run("backend", "revoke", made["key_id"])
    assert [_status(shell, key) for key in (made["key"], new)] == [401, 200]
    assert made["key"] not in (shell.environ["PATH"] + shell.run("backend", "list"))
    shell.run("backend", "add", "shop", code=1)


def _status(shell: Shell, key: str) -> int:
    """Return how a web process started now answers that key."""
    names = ("database_url", "redis_url", "blobs_url", "keys", "signing_key", "datamap")
    settings = load(**{n: shell.environ[f"RIGHTS_{n.upper()}"] for n in names})
    app = create_app(settings)
    headers = {"Authorization": f"Bearer {key}"}
    return int(app.test_client().get("/v1/requests", headers=headers).status_code)


def test_staff_approve_the_plan_they_looked_at_and_no_other(shell: Shell, floor: Floor) -> None:
    request_id = ask(floor, Kind.DELETION, {"user_id": "1"})
    work_on(floor, request_id)
    shell.run("staff", "add", "li", "--role", "approver")
    shell.run("staff", "add", "rui", "--role", "reviewer")

    (task,) = shell.last("tasks", "list", "--json")
    seen = shell.last("tasks", "plan", request_id, "--json")
    read = shell.run("tasks", "plan", request_id)

    assert (task["request"], task["action"]) == (request_id, "approve")
    counts = {p: c["rows"] for s in seen["steps"] for p, c in s["collections"].items()}
    assert counts == {"shop.users": 1, "shop.orders": 3}
    assert read.strip().endswith(seen["plan"])
    assert "example.com" not in read + json.dumps(seen)

    hash_ = ("--plan", seen["plan"])
    shell.run("approve", request_id, "--plan", "0" * 64, "--as", "li", code=1)
    shell.run("approve", request_id, *hash_, "--as", "rui", code=1)
    shell.run("approve", request_id, *hash_, "--as", "nobody", code=1)
    work_on(floor, request_id)
    assert request_of(floor, request_id).wait is Wait.APPROVAL

    shell.run("approve", request_id, *hash_, "--as", "li")
    work_on(floor, request_id)

    assert request_of(floor, request_id).state is State.FULFILLED
    assert shell.last("tasks", "list", "--json") == []
    shell.run("approve", request_id, *hash_, "--as", "li", code=1)
    shell.run("tasks", "plan", "0" * 32, code=1)


def test_a_failed_step_is_retried_or_left_out_for_a_reason_that_is_one(
    shell: Shell, floor: Floor
) -> None:
    from connectors.sdk import Refused  # noqa: PLC0415 - what a store says, in this test alone

    def refuse(*_: object) -> None:
        raise Refused("the role may not read it")

    store: Any = floor.connector("shop")
    collect = store.collect
    store.collect = refuse
    request_id = ask(floor, Kind.COPY, {"user_id": "1"})
    work_on(floor, request_id)
    shell.run("staff", "add", "li", "--role", "reviewer")

    (task,) = shell.last("tasks", "list", "--json")
    assert (task["state"], task["store"]) == ("failed", "shop")
    assert "store_unavailable" in shell.run(
        "tasks", "leave-out", task["step"], "--as", "li", "--reason", "tired", code=2
    )
    shell.run("tasks", "complete", task["step"], "--as", "li", "--proof", "T-1", code=1)
    shell.run("tasks", "retry", task["step"], "--as", "li")
    work_on(floor, request_id)
    assert request_of(floor, request_id).wait is Wait.TASK

    store.collect = collect
    shell.run("tasks", "retry", task["step"], "--as", "li")
    work_on(floor, request_id)
    assert request_of(floor, request_id).state is State.FULFILLED


def test_after_keys_were_rotated_the_old_one_opens_nothing_that_is_needed(
    shell: Shell, floor: Floor
) -> None:
    request_id = ask(floor, Kind.COPY, {"user_id": "1", "email": "p1@example.com"})
    new = shell.run("keys", "new", "k2").strip()
    shell.environ["RIGHTS_KEYS"] = f"{new},{KEY}"

    first, second = shell.last("keys", "rotate"), shell.last("keys", "rotate")

    assert sum(first.values()) > 0
    assert sum(second.values()) == 0
    with reading(floor.register) as session:
        rows = subjects.identifier_rows(session, request_id)
        opened = subjects.opened(Vault(Keyring.parse(new)), rows)
    assert opened == {"user_id": "1", "email": "p1@example.com"}


def test_purge_forgets_contacts_of_what_was_closed_a_month_ago(
    shell: Shell, floor: Floor, clock: Clock
) -> None:
    clock.at = datetime.now(UTC) - timedelta(days=31)
    closed = ask(floor, Kind.COPY, {"user_id": "1"})
    with transaction(floor.register) as session:
        request = requests.find(session, closed)
        requests.record(session, request, Event.REVOKED, actor="subject", now=clock())
    clock.at = datetime.now(UTC)
    still_open = ask(floor, Kind.COPY, {"user_id": "2"})

    counts = shell.last("purge")

    assert counts["contacts"] == 1
    with reading(floor.register) as session:
        kept = [len(subjects.identifier_rows(session, i)) for i in (closed, still_open)]
    assert kept == [0, 1]


def test_the_audit_trail_is_verified_with_an_exit_code_to_alarm_on(
    shell: Shell, floor: Floor
) -> None:
    request_id = ask(floor, Kind.COPY, {"user_id": "1"})
    work_on(floor, request_id)
    with transaction(floor.register) as session:
        assert checkpoint(session, Signer(SEED), floor.now())
    assert shell.last("audit", "verify", "--json")["ok"] is True
    assert "all of them hold" in shell.run("audit", "verify")

    with unguarded(open_engine(shell.url)) as connection:
        connection.execute(text("UPDATE entry SET actor = 'nobody' WHERE seq = 2"))

    report = shell.last("audit", "verify", "--json", code=1)
    assert report["ok"] is False
    assert any(request_id in problem and "2" in problem for problem in report["problems"])
    assert "NOT all of them hold" in shell.run("audit", "verify", code=1)


def test_requirements_are_proved_half_or_open_as_the_last_run_says(
    shell: Shell, tmp_path: Path
) -> None:
    results = tmp_path / "requirements.json"
    passed = ("R-23-1", "R-23-1:bad", "R-23-8", "R-9-1")
    said = {id_: {"passed": True} for id_ in passed} | {"R-9-1:bad": {"passed": False}}
    results.write_text(json.dumps(said))

    found = shell.last("requirements", "--json", "--results", str(results))

    assert set(found) == {"core", "proved", "half", "open"}
    assert found["proved"] == ["R-23-1"]
    assert sorted(found["half"]) == ["R-23-8", "R-9-1"]
    assert found["core"] == len(found["proved"]) + len(found["half"]) + len(found["open"])


@pytest.mark.slow
def test_a_batch_that_was_killed_is_ended_by_the_same_command_and_each_row_goes_once(
    tmp_path: Path,
) -> None:
    shop = _filled(tmp_path / "shop.db")
    people = tmp_path / "people.jsonl"
    people.write_text("".join(f'{{"user_id": "{n}"}}\n' for n in range(1, PEOPLE + 1)))
    shell = Shell(
        tmp_path,
        IN_SQL,
        RIGHTS_SECRET_SHOP_URL=f"sqlite:///{tmp_path / 'shop.db'}",
        RIGHTS_LEASE_S="2",
        RIGHTS_HEARTBEAT_S="0.5",
        RIGHTS_PEOPLE_ABREAST="4",
    )
    words = ["execute", "--datamap", str(tmp_path / "map.yaml"), "--kind", "deletion", "--json"]
    words += ["--subjects", str(people), "--state", str(tmp_path / "state")]
    first = shell.start(*words)
    _until(lambda: _count(shop, "users") < PEOPLE)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    left = _count(shop, "users")
    assert left > 5, "it was killed too late to prove anything"

    outcome = shell.last(*words)

    assert (outcome["state"], outcome["people"]) == ("fulfilled", PEOPLE)
    assert (_count(shop, "users"), _count(shop, "orders")) == (5, 5)
    with open_engine(f"sqlite:///{tmp_path / 'state' / 'register.sqlite'}").connect() as register:
        query = text("SELECT DISTINCT state FROM request")
        states = {row[0] for row in register.execute(query)}
        gone = register.execute(text("SELECT sum(affected) FROM journal")).scalar_one()
    assert states == {"fulfilled"}
    assert gone == 2 * PEOPLE


def _filled(file: Path) -> sqlite3.Connection:
    """A shop with an order for each of its people, five more than will be deleted."""
    shop = sqlite3.connect(file, isolation_level=None)
    shop.executescript(
        "PRAGMA journal_mode = WAL; CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT);"
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users, total REAL)"
    )
    numbers = range(1, PEOPLE + 6)
    shop.executemany("INSERT INTO users VALUES (?, ?)", [(n, f"p{n}@x.example") for n in numbers])
    shop.executemany("INSERT INTO orders VALUES (?, ?, 1)", [(n, n) for n in numbers])
    return shop


def _count(shop: sqlite3.Connection, table: str) -> int:
    return int(shop.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def _until(ready: Any, within_s: float = 60) -> None:
    end = time.monotonic() + within_s
    while not ready():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
