"""What was put away is read under a legal ticket, by whoever may, and on record."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from rights.domain.errors import RightsError
from rights.domain.representation import AgeBand
from rights.services import rotation
from rights.store.db import open_engine, transaction
from rights.store.keys import Keyring
from rights.store.models import Entry, Request
from rights.store.vault import Vault
from tests.servers.s3 import Bucket
from tests.workflows.escrow_shop import MINIMAL, escrow_shop, stored
from tests.workflows.held_shop import Shop
from workflows import expiry
from workflows.commands.minors import minors

Make = Callable[..., Shop]
TICKET = ("--rank", "authority_order", "--ticket", "(2026) 117")
PATH = "shop.orders"


@pytest.fixture
def make(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    locked_s3: Bucket,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Make]:
    made: list[Shop] = []

    def make(strategy: str, engine: str = "sqlite", **rules: str) -> Shop:
        url = str(request.getfixturevalue(f"{engine}_url"))
        shop = escrow_shop(url, tmp_path, locked_s3, monkeypatch, restriction=strategy, **rules)
        shop.staff("wei")
        shop.staff("ren", roles=("reviewer", "approver", "dpo"))
        shop.staff("bot", roles=("legal", "automation"))
        made.append(shop)
        return shop

    yield make
    for one in made:
        one.close()


def entries(shop: Shop, event: str) -> list[Entry]:
    return [entry for entry in shop.noted(Entry) if entry.event == event]


def rows(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.requirement("R-24-3")
@pytest.mark.parametrize("strategy", ["seal", "escrow"])
@pytest.mark.parametrize("engine", ["sqlite", "postgres", "mariadb"])
def test_staff_read_what_was_put_away_and_the_trail_says_who_and_why(
    make: Make, strategy: str, engine: str
) -> None:
    shop = make(strategy, engine, retention=MINIMAL)
    request_id = shop.erase()["request"]

    told = rows(shop.decided("read", request_id, PATH, *TICKET, "--as", "wei"))

    assert sorted((row["id"], row["total"]) for row in told) == [(11, 100), (12, 100)]
    assert all(set(row) == {"id", "created_at", "user_id", "total"} for row in told)
    (before,) = entries(shop, "held_rows_read")
    (after,) = entries(shop, "held_rows_handed_out")
    assert before.chain == after.chain == request_id
    assert before.seq < after.seq
    assert before.actor.startswith("staff:")
    said = {"collection": PATH, "rank": "authority_order", "ticket": "(2026) 117"}
    assert before.data == {**said, "rows": 2}
    assert after.data == {**said, "rows": 2}


def _minors(shop: Shop, *words: str) -> str:
    where = ["--state", str(shop.state), "--datamap", str(shop.map_file)]
    done = CliRunner().invoke(minors, [*where, *words])
    assert done.exit_code == 0, done.output
    return done.stdout.strip()


@pytest.mark.requirement("R-M36-1", "R-M36-1:bad")
@pytest.mark.parametrize("strategy", ["seal", "escrow"])
def test_a_minors_rows_are_read_with_a_colleagues_approval_too(make: Make, strategy: str) -> None:
    shop = make(strategy, retention=MINIMAL)
    request_id = shop.erase()["request"]
    register = open_engine(shop.settings.database_url)
    with transaction(register) as session:
        session.get_one(Request, request_id).age_band = AgeBand.FROM_14
    register.dispose()
    words = ("read", request_id, PATH, *TICKET, "--as", "wei")

    refused = shop.holds(*words)
    approval = _minors(shop, "ask", request_id, "--purpose", "legal_order", "--as", "wei")
    _minors(shop, "approve", approval, "--hours", "1", "--as", "ren")
    told = rows(shop.decided(*words))

    assert getattr(refused.exception, "code", "") == "minor_content"
    assert refused.output == ""
    (tried,) = entries(shop, "staff_refused")
    said = {"code": "minor_content", "act": "read"}
    assert (tried.chain, tried.data) == (request_id, said)
    assert sorted(row["id"] for row in told) == [11, 12]
    (before,) = entries(shop, "held_rows_read")
    (after,) = entries(shop, "held_rows_handed_out")
    assert before.data["approval"] == after.data["approval"] == approval


@pytest.mark.requirement("R-24-3:bad", "R-NEG-3:bad")
@pytest.mark.parametrize("strategy", ["seal", "escrow"])
@pytest.mark.parametrize("who", ["ren", "bot"])
def test_whoever_may_not_read_reads_nothing_and_it_is_noted(
    make: Make, strategy: str, who: str
) -> None:
    shop = make(strategy)
    request_id = shop.erase()["request"]

    result = shop.holds("read", request_id, PATH, *TICKET, "--as", who)

    assert isinstance(result.exception, RightsError)
    assert result.exception.code == "forbidden"
    assert result.output == ""
    assert entries(shop, "held_rows_read") == []
    (entry,) = entries(shop, "staff_refused")
    said = {"code": "forbidden", "act": "read", "needs": "read_held", "request": request_id}
    assert entry.data == said


@pytest.mark.parametrize(
    ("ticket", "code"),
    [
        (("--rank", "litigation", "--ticket", "  "), "invalid"),
        (("--rank", "litigation", "--ticket", "mia@example.com"), "invalid"),
        (("--rank", "litigation", "--ticket", "x" * 200), "invalid"),
        (("--rank", "policy", "--ticket", "marketing"), ""),
        (("--rank", "litigation"), ""),
    ],
)
def test_without_a_ticket_nothing_is_read(make: Make, ticket: tuple[str, ...], code: str) -> None:
    shop = make("seal")
    request_id = shop.erase()["request"]

    result = shop.holds("read", request_id, PATH, *ticket, "--as", "wei")

    assert result.exit_code != 0
    assert "created_at" not in result.output
    assert getattr(result.exception, "code", "") in (code, 2)
    assert entries(shop, "held_rows_read") == []


@pytest.mark.parametrize("path", ["shop.users", "shop.nowhere"])
def test_what_is_not_held_cannot_be_read_that_way(make: Make, path: str) -> None:
    shop = make("seal")
    request_id = shop.erase()["request"]

    result = shop.holds("read", request_id, path, *TICKET, "--as", "wei")

    assert getattr(result.exception, "code", "") == "not_found"


def test_a_row_that_was_only_flagged_is_not_read_here(make: Make) -> None:
    shop = make("{strategy: flag, column: frozen, value: 1}")
    request_id = shop.erase()["request"]

    result = shop.holds("read", request_id, PATH, *TICKET, "--as", "wei")

    assert getattr(result.exception, "code", "") == "conflict"
    assert entries(shop, "held_rows_read") == []


def test_when_the_hold_is_over_there_is_nothing_to_read(make: Make) -> None:
    shop = make("escrow")
    request_id = shop.erase()["request"]
    expiry.run(shop.floor(timedelta(days=1200)), request_id)

    result = shop.holds("read", request_id, PATH, *TICKET, "--as", "wei")

    assert getattr(result.exception, "code", "") == "not_found"


def test_after_the_keys_were_rotated_it_still_opens(make: Make, locked_s3: Bucket) -> None:
    shop = make("escrow")
    request_id = shop.erase()["request"]
    before = {one["VersionId"] for one in stored(locked_s3)}
    keys = shop.state / "keys.json"
    found = json.loads(keys.read_text(encoding="utf-8"))
    fresh = "k2:" + "AbCd" * 10 + "AbA="
    both = f"{fresh},{found['k']}"
    register = open_engine(shop.settings.database_url)
    counts = rotation.rotate(register, Vault(Keyring.parse(both)))
    register.dispose()
    keys.write_text(json.dumps({**found, "k": fresh}), encoding="utf-8")

    told = rows(shop.decided("read", request_id, PATH, *TICKET, "--as", "wei"))

    assert counts["escrow_key"] == 1
    assert len(told) == 2
    assert {one["VersionId"] for one in stored(locked_s3)} == before
