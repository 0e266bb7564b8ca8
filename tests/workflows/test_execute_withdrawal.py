"""``rights execute --kind consent_withdrawal`` does what the service does, to its end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlmodel import Session, select

from rights.store.db import open_engine
from rights.store.models import Consent, Request
from tests.workflows.grounds_shop import BO, grounds_shop, left
from tests.workflows.people_in_stores import People
from workflows import inline
from workflows.commands.execute import execute


@pytest.fixture(params=["sqlite"])
def shop(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[People]:
    url = request.getfixturevalue(f"{request.param}_url")
    monkeypatch.setenv("RIGHTS_SECRET_SHOP_URL", url)
    made = grounds_shop(url, tmp_path / "people")
    yield made
    made.database.close()


everywhere = pytest.mark.parametrize("shop", ["sqlite", "postgres", "mariadb"], indirect=True)


def _withdraw(
    shop: People, *more: str, code: int = 0, purpose: str = "ads", who: str = "--subject=user_id=1"
) -> list[dict[str, Any]]:
    """Run the command; return what it said in JSON, line by line."""
    words = ["--datamap", str(shop.map_file), "--kind", "consent_withdrawal", "--json", who]
    done = CliRunner().invoke(execute, [*words, "--option", f"purposes={purpose}", *more])
    assert done.exit_code == code, (done.stdout, done.stderr, done.exception)
    return [json.loads(line) for line in done.stdout.splitlines()]


def _kept(shop: People, model: Any, name: str = "state") -> list[Any]:
    engine = open_engine(f"sqlite:///{shop.folder / name / 'register.sqlite'}")
    with Session(engine) as session:
        found = list(session.exec(select(model)).all())
    engine.dispose()
    return found


def _affected(outcome: dict[str, Any], action: str = "erase") -> dict[str, int]:
    lines = [x for x in outcome["collections"] if x["action"] == action]
    return {x["collection"]: x["affected"] + x["decorrelated"] for x in lines}


def _state(shop: People, name: str = "state") -> tuple[str, str]:
    return "--state", str(shop.folder / name)


@pytest.mark.requirement("R-P47-2")
@everywhere
def test_what_rested_on_the_consent_alone_is_deleted_and_told(shop: People) -> None:
    out = shop.folder / "out"
    [outcome] = _withdraw(shop, *_state(shop), "--out", str(out))

    (deletion,) = outcome["follows"]
    assert (outcome["state"], deletion["state"]) == ("fulfilled", "fulfilled")
    assert deletion["kind"] == "deletion"
    assert _affected(deletion) == {"clicks": 1, "users": 0}
    rest = left(shop)
    assert rest["clicks"] == [(2,)]
    assert rest["users"] == [(1, "ann@mail.example", "ann", None), BO]
    assert (rest["subscriptions"], rest["club_notes"]) == ([(1,), (2,)], [(1,), (2,)])
    (line,) = _kept(shop, Consent)
    assert (line.purpose, line.state, line.request_id) == ("ads", "withdrawn", outcome["request"])
    requests = {r.id: r for r in _kept(shop, Request)}
    assert set(requests) == {outcome["request"], deletion["request"]}
    assert requests[deletion["request"]].follows == outcome["request"]
    assert Path(deletion["receipt"]).parent == Path(outcome["receipt"]).parent == out
    assert deletion["receipt"] != outcome["receipt"]


def test_other_kinds_have_nothing_that_follows(shop: People) -> None:
    words = ["--datamap", str(shop.map_file), "--kind", "access", "--subject", "user_id=1"]
    done = CliRunner().invoke(execute, [*words, "--json"])

    assert json.loads(done.stdout.splitlines()[-1])["follows"] == []


@everywhere
def test_a_dry_run_says_what_would_follow_and_takes_nothing_back(shop: People) -> None:
    before = left(shop)

    [planned] = _withdraw(shop, *_state(shop), "--dry-run")

    (deletion,) = planned["follows"]
    assert (planned["state"], deletion["state"]) == ("planned", "planned")
    assert _affected(deletion)["clicks"] == 1
    assert left(shop) == before
    assert _kept(shop, Consent) == []

    [done] = _withdraw(shop, *_state(shop))

    assert (done["state"], done["follows"][0]["state"]) == ("fulfilled", "fulfilled")
    assert done["follows"][0]["request"] == deletion["request"]
    assert left(shop)["clicks"] == [(2,)]
    assert [line.purpose for line in _kept(shop, Consent)] == ["ads"]


def test_what_was_only_rehearsed_counts_for_no_later_withdrawal(shop: People) -> None:
    _withdraw(shop, *_state(shop), "--dry-run")

    _withdraw(shop, *_state(shop), purpose="club", code=4)  # no switch takes that one back

    assert len(left(shop)["clicks"]) == 2


def test_one_plan_file_is_about_both(shop: People) -> None:
    plan = shop.folder / "plan.json"
    [planned] = _withdraw(shop, "--dry-run", "--plan-out", str(plan))
    written = json.loads(plan.read_text(encoding="utf-8"))
    assert written["hash"] == planned["plan_hash"]
    assert [p["hash"] for p in written["follows"]] == [planned["follows"][0]["plan_hash"]]

    [done] = _withdraw(shop, *_state(shop), "--plan", str(plan))

    assert (done["state"], done["follows"][0]["state"]) == ("fulfilled", "fulfilled")
    assert left(shop)["clicks"] == [(2,)]


def test_who_approves_the_withdrawal_alone_has_not_approved_the_deletion(shop: People) -> None:
    [planned] = _withdraw(shop, "--dry-run")
    first, second = planned["plan_hash"], planned["follows"][0]["plan_hash"]

    [half] = _withdraw(shop, *_state(shop), "--approve", first, code=4)

    (deletion,) = half["follows"]
    assert (half["state"], deletion["state"], deletion["wait"]) == (
        "fulfilled",
        "on_hold",
        "approval",
    )
    assert len(left(shop)["clicks"]) == 2

    both = ("--approve", first, "--approve", second)
    [done] = _withdraw(shop, *_state(shop, "other"), *both)
    assert done["follows"][0]["state"] == "fulfilled"
    assert left(shop)["clicks"] == [(2,)]


def test_a_run_that_ended_between_the_two_is_ended_by_the_same_command(
    shop: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    until_still = inline.until_still
    asked: list[str] = []

    def ends(floor: Any, request_id: str) -> None:
        asked.append(request_id)
        if len(asked) == 2:
            raise KeyboardInterrupt
        until_still(floor, request_id)

    monkeypatch.setattr(inline, "until_still", ends)
    _withdraw(shop, *_state(shop), code=1)
    monkeypatch.undo()
    assert len(left(shop)["clicks"]) == 2

    monkeypatch.setenv("RIGHTS_SECRET_SHOP_URL", shop.database.url)
    [done] = _withdraw(shop, *_state(shop))

    assert done["follows"][0]["request"] == asked[1]
    assert left(shop)["clicks"] == [(2,)]
    kinds = sorted(str(r.kind) for r in _kept(shop, Request))
    assert kinds == ["consent_withdrawal", "consent_withdrawal", "deletion"]


def test_a_batch_adds_up_what_followed(shop: People) -> None:
    people = shop.folder / "people.jsonl"
    people.write_text('{"user_id": "1"}\n{"user_id": "2"}\n', encoding="utf-8")

    *each, last = _withdraw(shop, who=f"--subjects={people}")

    assert [o["follows"][0]["state"] for o in each] == ["fulfilled", "fulfilled"]
    assert (last["state"], last["people"], last["states"]) == ("fulfilled", 2, {"fulfilled": 2})
    assert _affected(last) == {"clicks": 2, "users": 0}
    assert left(shop)["clicks"] == []


def test_a_purpose_that_nobody_knows_is_refused_before_anything(shop: People) -> None:
    [told] = _withdraw(shop, *_state(shop), purpose="adds", code=2)

    assert told["state"] == "invalid"
    assert any("purposes" in line and "ads" in line for line in told["problems"])
    assert _kept(shop, Request) == []


def test_people_read_what_followed_too(shop: People) -> None:
    words = ["--datamap", str(shop.map_file), "--kind", "consent_withdrawal"]
    words += ["--subject", "user_id=1", "--option", "purposes=ads"]
    done = CliRunner().invoke(execute, words)

    assert done.exit_code == 0, done.stderr
    before, _, after = done.stdout.partition("follows: deletion\n")
    assert "state: fulfilled" in before
    assert "shop.clicks: erase affected 1" in after
