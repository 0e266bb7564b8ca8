"""A plan before it runs: what happens to which rows and why, at what cost, in which shape."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlmodel import select

from rights.domain.errors import Conflict, Forbidden, NotFound
from rights.services import tasks
from rights.store.db import transaction
from rights.store.models import Entry, Request, SealedNote, Staff
from tests.workflows.held_shop import FLAG, MIA, NOA, Shop, shop_at
from workflows.advance import begin
from workflows.commands.staff import approve
from workflows.commands.staff import tasks as tasks_command
from workflows.handing import hand_back
from workflows.jobs import work_on

Make = Callable[..., Shop]
ITEMS = "{with: orders}"
CANARY = "canary-7d31-ordered-for-a-birthday"


@pytest.fixture
def shop(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """The shop on SQLite, with staff, and the environment of whoever is on duty."""
    monkeypatch.setenv("RIGHTS_SECRET_SHOP_URL", sqlite_url)
    made = shop_at(sqlite_url, tmp_path, items=ITEMS, item_restriction="")
    made.run(f"UPDATE orders SET note = '{CANARY}' WHERE user_id = {MIA}")
    made.staff("wei")
    made.staff("rui", roles=("reviewer",))
    settings = made.settings
    for name in ("database_url", "redis_url", "blobs_url", "datamap"):
        monkeypatch.setenv(f"RIGHTS_{name.upper()}", str(getattr(settings, name)))
    keys = json.loads((made.state / "keys.json").read_text(encoding="utf-8"))
    monkeypatch.setenv("RIGHTS_KEYS", keys["k"])
    monkeypatch.setenv("RIGHTS_SIGNING_KEY", keys["s"])
    yield made
    made.close()


def called(*args: str) -> Result:
    """Call ``rights approve``; what it refused is raised."""
    result = CliRunner().invoke(approve, [*args])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def looked(shop: Shop, request_id: str) -> dict[str, Any]:
    del shop
    result = called(request_id, "--show", "--as", "wei")
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.output))


# -- what would happen is what happens -----------------------------------------------------------


def test_a_dry_run_says_what_the_erasure_then_does_and_until_when_rows_are_held(make: Make) -> None:
    shop = make(items=ITEMS)

    planned = shop.erase(dry_run=True)
    done = shop.erase(NOA, state=shop.folder / "other")

    assert planned["state"] == "planned"
    for name in ("orders", "order_items", "chat", "users"):
        foreseen, happened = shop.line(planned, name), shop.line(done, name)
        for key in ("affected", "decorrelated", "retained", "because", "hold", "rank", "until"):
            assert foreseen[key] == happened[key], (name, key)
    orders = _collection(planned, "orders")
    assert (orders["deleted"], orders["held"]) == (1, 2)
    (reason,) = orders["reasons"]
    assert (reason["basis"], reason["rank"]) == ("E-Commerce Law 31", "law")
    assert _collection(planned, "users")["anonymised"] == 1


def test_a_request_to_anonymise_is_foreseen_as_one(make: Make) -> None:
    shop = make(retention="none", restriction=FLAG)

    planned = shop.erase(dry_run=True, options=["option=anonymise"])

    orders = _collection(planned, "orders")
    assert (orders["deleted"], orders["anonymised"]) == (0, 3)
    assert [r["code"] for r in orders["reasons"]] == ["asked"]


def test_a_legal_hold_is_in_the_plan_with_its_basis_and_its_end(shop: Shop) -> None:
    shop.staff("lin")
    placed = shop.decided(
        *("place", "--subject", f"user_id={MIA}", "--rank", "litigation"),
        *("--basis", "case 2026-17", "--until", "2031-05-06", "--as", "lin"),
    )
    shop.decided("confirm", placed.split()[-1], "--as", "wei")

    planned = shop.erase(dry_run=True)

    for line in planned["plan"]["outlook"]["collections"]:
        (reason,) = line["reasons"]
        assert line["deleted"] == line["anonymised"] == 0
        assert (reason["what"], reason["code"]) == ("held", "litigation_hold")
        assert (reason["basis"], reason["until"]) == ("case 2026-17", "2031-05-06")


# -- what it weighs, and what it costs ------------------------------------------------------------


def test_bytes_seconds_and_log_are_estimates_and_say_so(make: Make) -> None:
    shop = make()

    planned = shop.erase(dry_run=True)

    outlook = planned["plan"]["outlook"]
    assert set(outlook["estimated"]) == {"bytes", "seconds", "log_bytes"}
    assert outlook["unknown"] == []
    orders = _collection(planned, "orders")
    assert orders["bytes_measured_on"] == orders["rows"] == 3
    assert 3 * 20 < orders["bytes"] < 3 * 200
    steps = {s["step"].partition("-")[2]: s for s in outlook["steps"]}
    erase = steps["erase-shop"]
    assert 0 < erase["seconds"]["at_least"] < erase["seconds"]["estimate"]
    assert erase["seconds"]["estimate"] < erase["seconds"]["at_most"]
    if not shop.url.startswith("sqlite"):
        assert 0 < erase["log_bytes"]["at_least"] < erase["log_bytes"]["at_most"]


def test_estimates_and_samples_are_not_part_of_what_is_approved(make: Make) -> None:
    shop = make()
    first = shop.erase(dry_run=True)
    shop.run(f"UPDATE orders SET note = '{'x' * 70}' WHERE user_id = {MIA}")  # heavier, as many

    second = shop.erase(dry_run=True, state=shop.folder / "second")

    assert first["plan"]["outlook"] != second["plan"]["outlook"]
    assert first["sample"] != second["sample"]
    assert first["plan_hash"] == second["plan_hash"]
    shop.run(f"DELETE FROM chat WHERE user_id = {MIA}")
    third = shop.erase(dry_run=True, state=shop.folder / "third")
    assert third["plan_hash"] != first["plan_hash"]


def test_a_plan_that_was_written_down_is_carried_out_by_its_hash(shop: Shop) -> None:
    plan = shop.folder / "plan.json"
    shop.erase(dry_run=True, plan_out=plan)

    done = shop.erase(plan_in=plan, state=shop.folder / "later")

    assert done["state"] == "fulfilled"
    assert json.loads(plan.read_text(encoding="utf-8"))["hash"] == done["plan_hash"]


# -- the sample ------------------------------------------------------------------------------------


def test_a_sample_shows_kinds_and_shapes_and_no_value(shop: Shop) -> None:
    planned = shop.erase(dry_run=True)

    text = json.dumps(planned)
    assert CANARY not in text
    assert "mia@example.com" not in text
    (user,) = planned["sample"]["shop.users"]
    assert user == {"email": {"kind": "email", "starts": "m", "length": 15}}
    notes = [row["note"] for row in planned["sample"]["shop.orders"]]
    assert notes == [{"kind": "text", "starts": "c", "length": len(CANARY)}] * 3
    assert len(planned["sample"]["shop.orders"]) == 3


def test_a_sample_is_sealed_and_goes_when_the_plan_is_approved(shop: Shop) -> None:
    planned = shop.erase(dry_run=True)
    (note,) = [n for n in shop.noted(SealedNote) if n.purpose == "sample"]
    assert b"email" not in note.sealed

    called(planned["request"], "--plan", planned["plan_hash"], "--as", "wei")

    assert [n for n in shop.noted(SealedNote) if n.purpose == "sample"] == []


# -- looking, and approving ------------------------------------------------------------------------


def test_staff_look_at_a_plan_approve_its_hash_and_it_is_carried_out(shop: Shop) -> None:
    planned = json.loads(json.dumps(shop.erase(dry_run=True)))
    request_id = planned["request"]

    shown = looked(shop, request_id)
    called(request_id, "--plan", shown["hash"], "--as", "wei")
    work_on(shop.floor(), request_id)

    assert shown["waits"]
    assert shown["plan"] == planned["plan"]
    assert shown["sample"] == planned["sample"]
    assert shop.state_of(request_id) == "fulfilled"
    kinds = [e.event for e in shop.noted(Entry) if e.chain == request_id]
    assert kinds.index("plan_shown") < kinds.index("plan_approved")
    (entry,) = [e for e in shop.noted(Entry) if e.event == "plan_shown"]
    assert entry.data == {"plan": planned["plan_hash"]}


def test_who_may_not_approve_may_not_look(shop: Shop) -> None:
    request_id = shop.erase(dry_run=True)["request"]

    with pytest.raises(Forbidden):
        called(request_id, "--show", "--as", "rui")
    with pytest.raises(Forbidden):
        called(request_id, "--plan", "0" * 64, "--as", "rui")


@pytest.mark.parametrize("args", [(), ("--show", "--plan", "0" * 64)])
def test_it_is_either_looked_at_or_approved(shop: Shop, args: tuple[str, ...]) -> None:
    result = called(shop.erase(dry_run=True)["request"], *args, "--as", "wei")

    assert result.exit_code == 2
    assert "either --show, or --plan" in result.output


def test_another_hash_is_refused_and_a_request_without_a_plan_has_none_to_show(shop: Shop) -> None:
    request_id = shop.erase(dry_run=True)["request"]

    with pytest.raises(Conflict, match="look at it again"):
        called(request_id, "--plan", "0" * 64, "--as", "wei")
    with pytest.raises(NotFound):
        called("0" * 32, "--show", "--as", "wei")
    assert shop.state_of(request_id) == "on_hold"


WHY = {
    "schema": "a store's schema changed",
    "map": "the data map changed",
    "rows": "there are not as many rows as when the plan was made, in shop.chat",
}


@pytest.mark.parametrize("what", ["schema", "map", "rows"])
def test_what_changed_after_the_approval_stops_it_and_is_shown_anew(shop: Shop, what: str) -> None:
    planned = shop.erase(dry_run=True)
    request_id = planned["request"]
    called(request_id, "--plan", planned["plan_hash"], "--as", "wei")
    _change(shop, what)

    work_on(shop.floor(), request_id)

    (request,) = [r for r in shop.noted(Request) if r.id == request_id]
    assert (str(request.state), str(request.wait)) == ("on_hold", "approval")
    assert request.irreversible_at is None  # it can still be taken back
    assert shop.there(f"SELECT 1 FROM chat WHERE user_id = {MIA}")
    events = [e.event for e in shop.noted(Entry) if e.chain == request_id]
    assert events.count("planned_anew") == 1

    assert WHY[what] in CliRunner().invoke(tasks_command, ["plan", request_id]).output
    said = json.loads(CliRunner().invoke(tasks_command, ["plan", request_id, "--json"]).output)
    assert said["again_code"] == f"{what}_changed"
    anew = looked(shop, request_id)["hash"]
    with pytest.raises(Conflict, match="look at it again"):
        called(request_id, "--plan", planned["plan_hash"], "--as", "wei")
    called(request_id, "--plan", anew, "--as", "wei")
    work_on(shop.floor(), request_id)

    assert shop.state_of(request_id) == "fulfilled"
    assert not shop.there(f"SELECT 1 FROM chat WHERE user_id = {MIA}")


def test_a_step_that_was_only_given_back_still_counts_and_goes_on_once_staff_looked(
    shop: Shop,
) -> None:
    planned = shop.erase(dry_run=True)
    request_id = planned["request"]
    called(request_id, "--plan", planned["plan_hash"], "--as", "wei")
    floor = shop.floor()
    claim = begin(floor, request_id)
    assert claim is not None
    hand_back(floor, claim)  # its worker had no time left, and did nothing
    _change(shop, "rows")

    work_on(floor, request_id)

    [failed] = [s for s in shop.steps() if s.state == "failed"]
    assert failed.code == "drift"
    assert shop.there(f"SELECT 1 FROM chat WHERE user_id = {MIA}")

    shop.staff("lan", roles=("reviewer", "approver", "admin"))
    with transaction(floor.register) as session:
        staff = session.exec(select(Staff).where(Staff.name == "lan")).one()
        tasks.retry(session, failed.id, staff, now=floor.now())
    work_on(floor, request_id)

    assert shop.state_of(request_id) == "fulfilled"
    assert not shop.there(f"SELECT 1 FROM chat WHERE user_id = {MIA}")


def _change(shop: Shop, what: str) -> None:
    if what == "schema":
        shop.run("ALTER TABLE chat ADD COLUMN more VARCHAR(10)")
    elif what == "rows":
        shop.run(f"INSERT INTO chat (id, user_id, body) VALUES (4711, {MIA}, 'said meanwhile')")
    else:
        text = shop.map_file.read_text(encoding="utf-8")
        shop.map_file.write_text(text.replace("category: content", "category: chat"), "utf-8")


def _collection(planned: dict[str, Any], name: str) -> dict[str, Any]:
    lines = planned["plan"]["outlook"]["collections"]
    return dict(next(x for x in lines if x["collection"] == name))
