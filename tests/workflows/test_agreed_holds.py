"""What holds a row below a law: what was agreed, in one case alone, and never every field."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rights.domain.errors import ConfigError, Invalid
from rights.services.datamap import parse as parse_map
from rights.store.models import Entry, HoldApproval
from tests.workflows.held_shop import MIA, NOA, RULE, Shop, shop_at

ACCOUNTING = RULE % ("Accounting Archives Measures", "departmental_rule")
APPROVE = ("approve", "shop.orders", "--because", "Accounting Law 23 delegates it", "--as", "wei")


@pytest.fixture
def shop(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """The shop on SQLite, its orders held by a rule that needs an approval; one of the staff."""
    monkeypatch.setenv("RIGHTS_SECRET_SHOP_URL", sqlite_url)
    made = shop_at(sqlite_url, tmp_path, retention=ACCOUNTING)
    made.staff("wei")
    yield made
    made.close()


def ids(shop: Shop, person: int = MIA) -> list[int]:
    query = f"SELECT id FROM orders WHERE user_id = {person} ORDER BY id"
    return [row[0] for row in shop.rows(query)]


AGREED = ("contract", "agreement")
CANCEL = "account_cancellation"


def agreed(shop: Shop, rank: str) -> None:
    """Let the rule of the orders rest on what was agreed with the person."""
    text = shop.map_file.read_text(encoding="utf-8")
    rule = RULE % ("our terms of service 7", rank)
    shop.map_file.write_text(text.replace(ACCOUNTING, rule), encoding="utf-8")


@pytest.mark.requirement("R-E24-1")
@pytest.mark.parametrize("rank", AGREED)
def test_in_e_commerce_an_agreement_keeps_what_it_needs_when_an_account_is_cancelled(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, rank: str
) -> None:
    monkeypatch.setenv("RIGHTS_DEFAULT_REGIMES", "cn_general,cn_ecommerce")
    agreed(shop, rank)
    shop.decided(*APPROVE)

    outcome = shop.erase(MIA, kind=CANCEL)
    deleted = shop.erase(NOA)

    line = shop.line(outcome)
    assert ids(shop, MIA) == [11, 12]
    assert (line["retained"], line["hold"], line["rank"]) == (2, "approved_retention", rank)
    assert shop.rows("SELECT DISTINCT total, note FROM orders WHERE user_id = 1") == [(100, None)]
    assert (deleted["state"], ids(shop, NOA)) == ("fulfilled", [])  # it was no cancellation


@pytest.mark.requirement("R-E24-1:bad")
@pytest.mark.parametrize(
    ("law", "rank"),
    [("cn_general", "contract"), ("cn_minor", "agreement"), ("eu_gdpr", "contract")],
)
def test_under_any_other_law_nothing_is_kept_for_an_agreement(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, law: str, rank: str
) -> None:
    monkeypatch.setenv("RIGHTS_DEFAULT_REGIMES", law)
    agreed(shop, rank)

    refused = shop.holds(*APPROVE)
    shop.erase(MIA, kind=CANCEL)

    assert isinstance(refused.exception, Invalid)
    assert f"rank {rank} keeps nothing here" in str(refused.exception)
    tried = [e.data for e in shop.noted(Entry) if e.event == "staff_refused"]
    assert (tried, shop.noted(HoldApproval)) == ([{"code": "invalid", "act": "approve"}], [])
    assert ids(shop) == []


@pytest.mark.requirement("R-E24-1:bad")
@pytest.mark.parametrize("law", ["cn_general", "cn_ecommerce,eu_gdpr"])
def test_an_agreement_approved_for_e_commerce_keeps_nothing_of_others(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, law: str
) -> None:
    monkeypatch.setenv("RIGHTS_DEFAULT_REGIMES", "cn_ecommerce")
    agreed(shop, "contract")
    shop.decided(*APPROVE)
    monkeypatch.setenv("RIGHTS_DEFAULT_REGIMES", law)

    shop.erase(MIA, kind=CANCEL)

    assert ids(shop) == []


@pytest.mark.requirement("R-24-10:bad")
@pytest.mark.parametrize(
    ("rank", "fields"), [("departmental_rule", ""), ("standard", ", keep_fields: []")]
)
def test_a_rule_below_a_law_that_keeps_whole_rows_is_not_approved(
    shop: Shop, rank: str, fields: str
) -> None:
    text = shop.map_file.read_text(encoding="utf-8")
    whole = text.replace(", keep_fields: [total]", fields).replace("departmental_rule", rank)
    shop.map_file.write_text(whole, encoding="utf-8")

    refused = shop.holds(*APPROVE)
    shop.erase()

    assert isinstance(refused.exception, Invalid)
    assert "keep_fields" in str(refused.exception)
    tried = [e.data for e in shop.noted(Entry) if e.event == "staff_refused"]
    assert (tried, shop.noted(HoldApproval)) == ([{"code": "invalid", "act": "approve"}], [])
    assert ids(shop) == []


@pytest.mark.requirement("R-24-10:bad")
def test_every_field_is_no_field(shop: Shop) -> None:
    rule = shop.map_file.read_text(encoding="utf-8")
    assert parse_map(rule)

    for rank in ("departmental_rule", "agreement", "law"):
        text = rule.replace("departmental_rule", rank)
        for fields in ('"*"', '["*"]', "[total, '*']", "all"):
            with pytest.raises(ConfigError, match="keep_fields"):
                parse_map(text.replace("keep_fields: [total]", f"keep_fields: {fields}"))
