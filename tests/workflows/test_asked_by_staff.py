"""Staff ask for a proof: of the plan freely, beyond it with a reason that is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import select

from rights import logs
from rights.domain.kinds import Kind
from rights.domain.lifecycle import State
from rights.services import audit
from rights.store.db import reading
from rights.store.models import Entry, ProofDemand, SealedNote
from tests.workflows.facts_shop import MAP, Shop
from tests.workflows.test_commands import Shell


@pytest.fixture(autouse=True)
def _logs() -> None:
    """Logs go where they go in a process: not into what a command says."""
    logs.configure(level="CRITICAL")


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    made = Shell(tmp_path, MAP)
    made.run("migrate")
    made.run("staff", "add", "vera", "--role", "verifier")
    made.run("staff", "add", "ada", "--role", "admin")
    return made


@pytest.fixture
def shop(shell: Shell, tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path, f"sqlite:///{tmp_path / 'shop.db'}")
    yield made
    made.close()


@pytest.mark.requirement("R-ID-2:bad")
def test_outside_the_plan_nothing_is_asked_for_without_a_reason(shell: Shell, shop: Shop) -> None:
    request_id = shop.asked(Kind.COPY, "ann@example.com")
    ask = ("ask-proof", request_id, "--way", "document", "--as", "vera")

    said = shell.run(*ask, code=1)

    assert "outside the verification plan" in said
    assert "known_facts" in said
    with reading(shop.floor.register) as session:
        assert session.exec(select(ProofDemand)).all() == []
        (refused,) = session.exec(select(Entry).where(Entry.event == "staff_refused")).all()
    assert refused.data == {"code": "way_not_open", "act": "ask-proof", "request": request_id}

    shell.run(*ask, "--reason", "two people claim the account")

    with reading(shop.floor.register) as session:
        (row,) = session.exec(select(ProofDemand)).all()
        told = audit.entries(session, request_id)[-1]
        notes = session.exec(select(SealedNote)).all()
    assert (row.way, row.override) == ("document", True)
    assert (told.event, told.data) == ("proof_asked", {"way": "document", "override": True})
    assert told.actor == row.asked_by
    assert [b"two people" in note.sealed for note in notes] == [False]


def test_a_way_of_the_plan_needs_no_reason(shell: Shell, shop: Shop) -> None:
    request_id = shop.asked(Kind.COPY, "ann@example.com")

    shell.run("ask-proof", request_id, "--way", "known_facts", "--as", "vera")

    with reading(shop.floor.register) as session:
        (row,) = session.exec(select(ProofDemand)).all()
    assert (row.way, row.override) == ("known_facts", False)


@pytest.mark.parametrize(
    ("way", "who"), [("known_facts", "ada"), ("horoscope", "vera"), ("code", "nobody")]
)
def test_who_may_not_or_what_is_no_way_is_refused(
    shell: Shell, shop: Shop, way: str, who: str
) -> None:
    request_id = shop.asked(Kind.COPY, "ann@example.com")

    shell.run("ask-proof", request_id, "--way", way, "--reason", "x", "--as", who, code=1)

    with reading(shop.floor.register) as session:
        assert session.exec(select(ProofDemand)).all() == []


def test_what_is_proved_already_is_asked_for_no_more(shell: Shell, shop: Shop) -> None:
    request_id = shop.coded(Kind.CORRECTION, "ann@example.com")
    assert shop.request(request_id).state is State.IN_PROGRESS

    said = shell.run("ask-proof", request_id, "--way", "code", "--as", "vera", code=1)

    assert "no further proof" in said
