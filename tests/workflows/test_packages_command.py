"""``rights packages``: what waits is shown by its counts, let go by its hash, or made anew."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import select

from rights import logs
from rights.domain.kinds import Kind
from rights.store.db import reading
from rights.store.models import Entry, Package, Request
from tests.workflows.facts_shop import MAP, Shop
from tests.workflows.house import ask
from tests.workflows.test_commands import Shell
from workflows import jobs


@pytest.fixture(autouse=True)
def _logs() -> None:
    """Logs go where they go in a process: not into what a command says."""
    logs.configure(level="CRITICAL")


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    made = Shell(tmp_path, MAP)
    made.run("migrate")
    made.run("staff", "add", "rui", "--role", "reviewer")
    made.run("staff", "add", "ada", "--role", "admin")
    made.run("settings", "set", "packages_reviewed", "always", "--as", "ada")
    return made


@pytest.fixture
def shop(shell: Shell, tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path, f"sqlite:///{tmp_path / 'shop.db'}")
    yield made
    made.close()


def test_a_package_that_waits_is_shown_made_anew_and_let_go(shell: Shell, shop: Shop) -> None:
    made = ask(shop.floor, Kind.COPY, {"email": "ann@example.com"})
    jobs.work_on(shop.floor, made)

    assert "package_review" in shell.run("tasks", "list", "--json")
    shown = shell.last("packages", "show", made)
    assert shown["missing"] == [] and len(shown["sha256"]) == 64
    assert {one["collection"] for one in shown["collections"]} >= {"shop.users"}
    assert "ann@example.com" not in json.dumps(shown)

    waits = ("--sha256", shown["sha256"], "--as", "rui")
    assert "package_rebuilt" in shell.run(
        "packages", "let-go", made, "--sha256", "f" * 64, "--as", "rui", code=1
    )
    shell.run("packages", "let-go", made, *waits[:2], "--as", "ada", code=1)
    shell.run("packages", "make-anew", made, *waits, "--because", "anything", code=2)
    shell.run("packages", "make-anew", made, *waits, "--because", "changed")
    assert "package_not_waiting" in shell.run("packages", "show", made, code=1)
    shop.clock.on(minutes=1)
    jobs.work_on(shop.floor, made)
    again = shell.last("packages", "show", made)["sha256"]
    assert again != shown["sha256"]
    shell.run("packages", "let-go", made, *waits, code=1)
    shell.run("packages", "let-go", made, "--sha256", again, "--as", "rui")
    jobs.work_on(shop.floor, made)

    with reading(shop.floor.register) as session:
        assert session.get_one(Request, made).state == "fulfilled"
        assert session.exec(select(Package)).one().state == "ready"
        refused = session.exec(select(Entry).where(Entry.event == "staff_refused")).all()
    assert [(one.data["act"], one.data["code"]) for one in refused] == [
        ("packages let-go", "package_rebuilt"),
        ("packages let-go", "forbidden"),
        ("packages let-go", "package_rebuilt"),
    ]
