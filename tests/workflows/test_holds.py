"""What holds a row, and what does not: ranks, approvals, legal holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rights.domain.errors import ConfigError, Conflict, Forbidden, Invalid
from rights.domain.kinds import Kind
from rights.services.datamap import parse as parse_map
from rights.services.hold_catalogue import catalogue
from rights.services.hold_catalogue import parse as parse_catalogue
from rights.store.models import Entry
from tests.workflows.held_shop import MIA, NOA, RULE, Shop, shop_at
from tests.workflows.house import ask
from workflows.jobs import work_on

Make = Callable[..., Shop]
ACCOUNTING = RULE % ("Accounting Archives Measures", "departmental_rule")
"""Keeps the total of an order and no more."""

POLICY = RULE % ("our archive policy", "policy")


@pytest.fixture
def shop(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """The shop on SQLite, its orders held by a rule that needs an approval; two of the staff."""
    monkeypatch.setenv("RIGHTS_SECRET_SHOP_URL", sqlite_url)
    made = shop_at(sqlite_url, tmp_path, retention=ACCOUNTING)
    made.staff("wei", "lin")
    yield made
    made.close()


def ids(shop: Shop, person: int = MIA, table: str = "orders") -> list[int]:
    query = f"SELECT id FROM {table} WHERE user_id = {person} ORDER BY id"
    return [row[0] for row in shop.rows(query)]


APPROVE = ("approve", "shop.orders", "--because", "Accounting Law 23 delegates it", "--as", "wei")


# -- ranks -----------------------------------------------------------------------------------


@pytest.mark.requirement("R-24-9")
def test_what_a_law_keeps_is_restricted_and_the_rest_goes(make: Make) -> None:
    shop = make()

    outcome = shop.erase()

    line = shop.line(outcome)
    assert outcome["state"] == "fulfilled"
    assert ids(shop) == [11, 12]
    assert shop.rows("SELECT DISTINCT frozen FROM orders WHERE user_id = 1") == [(1,)]
    assert (line["affected"], line["retained"]) == (1, 2)
    assert (line["hold"], line["rank"]) == ("statutory_retention", "law")
    assert line["because"] == "E-Commerce Law 31"
    assert ids(shop, table="chat") == []
    assert ids(shop, NOA) == [20, 21, 22]


@pytest.mark.requirement("R-24-6", "R-NEG-2")
def test_a_policy_holds_nothing(make: Make) -> None:
    shop = make(retention=POLICY)

    outcome = shop.erase()

    assert outcome["state"] == "fulfilled"
    assert ids(shop) == []
    assert shop.line(outcome)["retained"] == 0
    assert all(duty.rank != "policy" for duty in catalogue().duties.values())


@pytest.mark.requirement("R-24-6:bad")
@pytest.mark.parametrize(
    ("rank", "said"),
    [("policy", "holds by itself with rank policy"), ("royal_decree", "is no rank"), ("", "rank")],
)
def test_a_catalogue_that_would_hold_by_itself_below_a_regulation_does_not_load(
    rank: str, said: str
) -> None:
    entry = (
        f"{{period: 3y, basis: {{zh: 甲, en: A}}, rank: '{rank}', automatic: true, zh: 甲, en: A}}"
    )

    with pytest.raises(ConfigError, match=said):
        parse_catalogue(f"duties: {{archive: {entry}}}")


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("{period: 3y, from: created_at, basis: a law, rank: lore}", "is no rank: lore"),
        ("{period: 3y, from: created_at, rank: law}", "retention.basis: is missing"),
        ("{hold: ecom_trade, from: created_at}", "did you mean ecom_trade_3y"),
    ],
)
def test_a_hold_without_a_known_rank_or_a_basis_is_refused_by_name(
    tmp_path: Path, sqlite_url: str, rule: str, said: str
) -> None:
    text = shop_at(sqlite_url, tmp_path, retention=rule).map_file.read_text(encoding="utf-8")

    with pytest.raises(ConfigError) as caught:
        parse_map(text)

    assert said in str(caught.value)


def test_a_rule_taken_from_the_catalogue_is_named_by_its_code(shop: Shop) -> None:
    text = shop.map_file.read_text(encoding="utf-8")
    named = text.replace(ACCOUNTING, "{hold: ecom_trade_3y, from: created_at}")
    shop.map_file.write_text(named, encoding="utf-8")

    line = shop.line(shop.erase())

    assert (line["retained"], line["hold"], line["rank"]) == (2, "ecom_trade_3y", "law")


# -- approvals -------------------------------------------------------------------------------


def test_a_rule_of_lower_rank_holds_once_legal_staff_approved_it(make: Make) -> None:
    shop = make(retention=ACCOUNTING)
    shop.staff("wei")

    before = shop.erase(NOA)
    shop.decided(*APPROVE)
    after = shop.erase(MIA)

    assert (before["state"], ids(shop, NOA)) == ("fulfilled", [])
    assert ids(shop, MIA) == [11, 12]
    line = shop.line(after)
    assert (line["hold"], line["rank"]) == ("approved_retention", "departmental_rule")
    assert after["state"] == "partially_fulfilled"


def test_a_rule_that_holds_already_is_not_approved_once_more(shop: Shop) -> None:
    shop.decided(*APPROVE)

    assert getattr(shop.holds(*APPROVE).exception, "code", "") == "rule_approved"


def test_an_approval_is_for_the_rule_as_it_was(shop: Shop) -> None:
    shop.decided(*APPROVE)
    text = shop.map_file.read_text(encoding="utf-8")
    shop.map_file.write_text(text.replace("period: 3y", "period: 4y"), encoding="utf-8")

    shop.erase()

    assert ids(shop) == []


def test_an_approval_that_was_revoked_holds_nothing(shop: Shop) -> None:
    shop.decided(*APPROVE)
    shop.decided("revoke", "shop.orders", "--as", "lin")

    shop.erase()

    assert ids(shop) == []


def test_what_was_approved_is_part_of_the_plan(shop: Shop) -> None:
    plain = shop.erase(NOA, dry_run=True)
    shop.decided(*APPROVE)
    held = shop.erase(MIA, dry_run=True)

    assert held["plan"]["counts"] == plain["plan"]["counts"]
    assert held["plan"]["holds"]["approved"] == ["shop.orders"]
    assert held["plan_hash"] != plain["plan_hash"]


@pytest.mark.requirement("R-NEG-2:bad")
def test_nobody_can_approve_a_policy(shop: Shop) -> None:
    text = shop.map_file.read_text(encoding="utf-8")
    shop.map_file.write_text(text.replace(ACCOUNTING, POLICY), encoding="utf-8")

    refused = shop.holds(*APPROVE)
    shop.erase()

    assert isinstance(refused.exception, Invalid)
    assert "nothing is kept under rank policy" in str(refused.exception)
    tried = [e for e in shop.noted(Entry) if e.event == "staff_refused"]
    assert [e.data for e in tried] == [{"code": "invalid", "act": "approve"}]
    assert ids(shop) == []


@pytest.mark.parametrize("roles", [("approver",), ("legal", "automation"), ("admin", "dpo")])
def test_only_a_person_with_scope_legal_approves(shop: Shop, roles: tuple[str, ...]) -> None:
    shop.staff("kai", roles=roles)

    refused = shop.holds(*APPROVE[:-1], "kai")
    shop.erase()

    assert isinstance(refused.exception, Forbidden)
    assert ids(shop) == []


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("approve", "shop.chat", "--because", "x", "--as", "wei"), "no retention rule"),
        (("approve", "shop.orders", "--because", " ", "--as", "wei"), "what the rule rests on"),
        (("approve", "shop.users", "--because", "x", "--as", "wei"), "no retention rule"),
        (("revoke", "shop.orders", "--as", "wei"), "no rule of shop.orders is approved"),
    ],
)
def test_a_decision_that_makes_no_sense_is_refused(
    shop: Shop, args: tuple[str, ...], said: str
) -> None:
    assert said in str(shop.holds(*args).exception)


# -- legal holds -----------------------------------------------------------------------------

ON_MIA = ("place", "--subject", "email=MIA@example.com", "--rank", "litigation")
CASE = ("--basis", "case 2026-17", "--as", "wei")


def test_a_legal_hold_on_a_person_keeps_everything_of_theirs(make: Make) -> None:
    shop = make()
    shop.staff("wei", "lin")
    hold = shop.decided(*ON_MIA, *CASE)
    shop.decided("confirm", hold, "--as", "lin")

    outcome = shop.erase()
    shop.erase(NOA)

    assert ids(shop) == [10, 11, 12]
    assert ids(shop, table="chat") == [1]
    assert shop.rows("SELECT email, status FROM users WHERE id = 1") == [
        ("mia@example.com", "restricted")
    ]
    assert shop.rows("SELECT DISTINCT frozen FROM orders WHERE user_id = 1") == [(1,)]
    line = shop.line(outcome)
    assert (line["retained"], line["hold"], line["because"]) == (
        3,
        "litigation_hold",
        "case 2026-17",
    )
    assert outcome["state"] == "partially_fulfilled"
    assert ids(shop, NOA) == [21, 22]


@pytest.mark.requirement("R-NEG-1:bad")
def test_a_hold_that_nobody_approved_yet_stops_the_erasure(shop: Shop) -> None:
    hold = shop.decided(*ON_MIA, *CASE)

    outcome = shop.erase()

    assert (outcome["state"], outcome["wait"]) == ("on_hold", "task")
    assert ids(shop) == [10, 11, 12]
    assert any(hold in said for said in outcome["problems"])
    stopped = [e.data["code"] for e in shop.noted(Entry) if e.event == "step_stopped"]
    assert stopped == ["hold_pending"]
    assert shop.erase(NOA)["state"] == "fulfilled"


def test_whoever_placed_a_hold_does_not_approve_it(shop: Shop) -> None:
    hold = shop.decided(*ON_MIA, *CASE)

    assert isinstance(shop.holds("confirm", hold, "--as", "wei").exception, Forbidden)
    shop.decided("confirm", hold, "--as", "lin")


def test_the_register_keeps_no_identifier_of_whom_a_hold_is_on(shop: Shop) -> None:
    shop.decided(*ON_MIA, *CASE)

    data = (shop.state / "register.sqlite").read_bytes()
    wal = shop.state / "register.sqlite-wal"

    assert b"mia@example" not in (data + (wal.read_bytes() if wal.exists() else b"")).lower()


def test_a_hold_on_a_collection_keeps_it_and_what_it_hangs_on(make: Make) -> None:
    shop = make(retention="none")
    shop.staff("wei", "lin")
    order = ("place", "--collection", "shop.order_items", "--rank", "authority_order")
    hold = shop.decided(*order, "--basis", "order 9", "--as", "wei")
    shop.decided("confirm", hold, "--as", "lin")

    outcome = shop.erase()

    assert ids(shop) == [10, 11, 12]
    assert len(shop.rows("SELECT 1 FROM order_items WHERE order_id < 20")) == 3
    assert ids(shop, table="chat") == []
    assert shop.line(outcome, "order_items")["hold"] == "authority_order"


@pytest.mark.requirement("R-24-5:bad")
def test_a_longer_time_needs_a_basis_of_its_own(shop: Shop) -> None:
    day = f"{datetime.now(UTC) + timedelta(days=9):%Y-%m-%d}"
    later = f"{datetime.now(UTC) + timedelta(days=99):%Y-%m-%d}"
    shop.decided(*ON_MIA, *CASE, "--until", day)

    assert isinstance(shop.holds(*ON_MIA, *CASE, "--until", later).exception, Conflict)
    shop.decided(*ON_MIA, "--basis", "case 2026-18", "--as", "wei", "--until", later)


def test_a_released_hold_holds_nothing(shop: Shop) -> None:
    hold = shop.decided(*ON_MIA, *CASE)
    shop.decided("confirm", hold, "--as", "lin")
    shop.released(hold)

    assert shop.erase()["state"] == "fulfilled"
    assert ids(shop) == []


@pytest.mark.requirement("R-24-9:bad", "R-NEG-1")
def test_without_an_answer_about_holds_nothing_is_deleted(shop: Shop) -> None:
    shop.erase(NOA, dry_run=True)
    register = f"sqlite:///{shop.state / 'register.sqlite'}"
    away = Shop(register, shop.folder, shop.map_file)
    floor = shop.floor()

    away.run("ALTER TABLE legal_hold RENAME TO away")
    request_id = ask(floor, Kind.DELETION, {"user_id": "1"})
    work_on(floor, request_id)

    step = next(s for s in shop.steps() if s.request_id == request_id and s.code)
    assert step.code == "holds_unavailable"
    assert ids(shop) == [10, 11, 12]

    away.run("ALTER TABLE away RENAME TO legal_hold")
    work_on(shop.floor(timedelta(minutes=5)), request_id)
    assert ids(shop) == []


def test_a_hold_whose_key_is_gone_stops_every_erasure(shop: Shop) -> None:
    shop.decided(*ON_MIA, *CASE)
    register = f"sqlite:///{shop.state / 'register.sqlite'}"
    Shop(register, shop.folder, shop.map_file).run("UPDATE legal_hold SET key_id = 'old'")

    outcome = shop.erase(NOA)

    assert outcome["state"] == "on_hold"
    assert any("placed under the keys old" in said for said in outcome["problems"])
    assert ids(shop, NOA) == [20, 21, 22]


def test_what_is_in_force_is_listed_without_saying_on_whom(shop: Shop) -> None:
    shop.decided(*APPROVE)
    shop.decided(*ON_MIA, *CASE)

    told = shop.decided("list")

    assert "shop.orders" in told and "a person" in told and "case 2026-17" in told
    assert "mia" not in told
