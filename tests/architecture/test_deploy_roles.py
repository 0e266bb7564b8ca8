"""The roles of ``deploy/postgresql`` suffice for each process and for nothing else."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

from rights.app import create_app
from rights.domain.kinds import Kind
from rights.domain.lifecycle import State
from rights.services import checkpoints, purge, requests
from rights.store.db import open_engine, transaction
from rights.store.migrate import metadata, upgrade
from tests.architecture.tree import ROOT
from tests.web.house import ALICE, House, furnish, settings_for
from tests.workflows.house import Clock, ask, floor_over, request_of
from tests.workflows.test_engine import MAP
from workflows import aftercare, relay, sweep
from workflows.jobs import work_on

FILE = ROOT / "deploy" / "postgresql" / "roles.sql"
PROCESSES = ("web", "worker", "relay")
_ROLES = ("owner", *PROCESSES)


class Register:
    """A register whose roles are those of ``deploy/``, under names of this test's own."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.suffix = secrets.token_hex(4)
        text = FILE.read_text(encoding="utf-8")
        # What psql itself reads is for a register without tables; here they are there.
        lines = [line for line in text.splitlines() if not re.search(r"^\\|\\gset$", line)]
        self._sql = re.sub(
            r"\brights_(owner|web|worker|relay)\b", rf"rights_\1_{self.suffix}", "\n".join(lines)
        )
        self.apply()

    def apply(self) -> None:
        """Run the file."""
        with self._connect() as connection:
            connection.execute(self._sql.encode())

    def as_role(self, process: str) -> str:
        """Return the address on which everything is done as the role of a process."""
        options = {"options": f"-c role=rights_{process}_{self.suffix}"}
        url = make_url(self.url).update_query_dict(options)
        return url.render_as_string(hide_password=False)

    def may(self, process: str, right: str, table: str) -> bool:
        """Return whether the role of a process has a right on a table."""
        role = f"rights_{process}_{self.suffix}"
        with self._connect() as connection:
            found = connection.execute(
                "SELECT has_table_privilege(%s, %s, %s)", (role, f'"{table}"', right)
            ).fetchone()
        assert found is not None
        return bool(found[0])

    def drop(self) -> None:
        """Take the roles away; they belong to the whole server."""
        with self._connect() as connection:
            for process in _ROLES:
                role = sql.Identifier(f"rights_{process}_{self.suffix}")
                connection.execute(sql.SQL("DROP OWNED BY {}").format(role))
                connection.execute(sql.SQL("DROP ROLE {}").format(role))

    def _connect(self) -> psycopg.Connection:
        plain = make_url(self.url).set(drivername="postgresql")
        return psycopg.connect(plain.render_as_string(hide_password=False), autocommit=True)


@pytest.fixture
def register(
    postgres_template: Callable[[str, Callable[[str], None]], str],
) -> Iterator[Register]:
    found = Register(postgres_template("web-register", upgrade))
    yield found
    found.drop()


def test_the_roles_can_be_made_again(register: Register) -> None:
    register.apply()

    assert register.may("web", "INSERT", "request")


def test_the_web_takes_requests_in_with_its_role(
    register: Register, private_redis_url: str, tmp_path: Path
) -> None:
    made = furnish(settings_for(register.url, private_redis_url, tmp_path))
    settings = settings_for(register.as_role("web"), private_redis_url, tmp_path)
    app = create_app(settings, context=made.context, now=made.clock.now)
    app.test_client_class = type(made.client)
    house = House(app, made.clock, made.partner)

    request = house.submit("deletion")
    code = {"code": house.code(request["id"])}
    wrong = house.post(f"/v1/requests/{request['id']}/verification/answer", {"code": "0"})
    right = house.post(f"/v1/requests/{request['id']}/verification/answer", code)
    asserted = house.asserted("recommendation_opt_out", subject=ALICE)
    cancelled = house.post(f"/v1/requests/{request['id']}/cancel")

    assert (wrong.status_code, right.status_code, cancelled.status_code) == (401, 200, 200)
    assert asserted["state"] == "in_progress"
    for one in (made, house):
        one.parts.limits.close()
        one.engine.dispose()


def _stores() -> dict[str, dict[str, list[dict[str, Any]]]]:
    ann = {"id": 1, "email": "ann@example.com", "personalised": True, "status": "open"}
    letter = {"email": "ann@example.com", "topic": "tea", "restricted": False}
    return {"shop": {"users": [ann], "orders": []}, "letters": {"subscribers": [letter]}}


def test_the_worker_does_its_work_with_its_role(register: Register, tmp_path: Path) -> None:
    made = floor_over(tmp_path, MAP, _stores(), Clock(), register_url=register.url)
    engine = open_engine(register.as_role("worker"))
    floor = replace(made, register=engine)
    kinds = (Kind.ACCESS, Kind.RECOMMENDATION_OPT_OUT, Kind.DELETION)

    for kind in kinds:
        request_id = ask(made, kind, {"user_id": "1"})
        work_on(floor, request_id)
        aftercare.close_out(floor, request_id)

        assert request_of(made, request_id).state is State.FULFILLED, kind
    engine.dispose()
    made.register.dispose()


def test_the_relay_does_its_chores_with_its_role(register: Register, tmp_path: Path) -> None:
    clock = Clock()
    made = floor_over(tmp_path, MAP, _stores(), clock, register_url=register.url)
    request_id = ask(made, Kind.ACCESS, {"user_id": "1"})
    engine = open_engine(register.as_role("relay"))

    clock.on(days=1)
    swept = sweep.sweep(engine, made.context, clock)
    with transaction(engine) as session:
        signed = checkpoints.checkpoint(session, made.signer, clock())
        requests.revoke(session, requests.locked(session, request_id), actor="system", now=clock())
    with transaction(engine) as session:
        checkpoints.checkpoint(session, made.signer, clock())
    clock.on(days=2000)
    relay.forget_sent(engine, clock())
    counts = purge.purge(engine, made.context, made.blobs, now=clock())

    assert swept == 1
    assert signed is not None
    assert counts["requests"] == 1
    engine.dispose()
    made.register.dispose()


@pytest.mark.parametrize("process", PROCESSES)
def test_nobody_changes_an_entry_of_the_audit_trail(register: Register, process: str) -> None:
    assert register.may(process, "INSERT", "entry")
    assert not register.may(process, "UPDATE", "entry")
    assert not register.may(process, "TRUNCATE", "entry")
    assert register.may(process, "DELETE", "entry") == (process == "relay")


@pytest.mark.parametrize(
    "table", ["keyring", "escrow_key", "plan", "step", "journal", "staff", "checkpoint"]
)
def test_the_web_does_not_read_what_the_work_is_done_with(register: Register, table: str) -> None:
    assert not register.may("web", "SELECT", table)


@pytest.mark.parametrize("right", ["SELECT", "INSERT", "UPDATE", "DELETE"])
def test_the_worker_makes_and_destroys_the_keys_of_what_is_in_escrow(
    register: Register, right: str
) -> None:
    assert register.may("worker", right, "escrow_key")


def test_no_table_of_the_register_is_forgotten(register: Register) -> None:
    tables = set(metadata().tables)

    assert "entry" in tables
    assert [t for t in tables if not register.may("relay", "SELECT", t)] == []
