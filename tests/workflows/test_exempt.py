"""By which exception of the law held rows stay: in the receipt and the letter, or not at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rights.domain.kinds import Kind
from tests.workflows.desk import Desk, only, steps_of, text_of
from tests.workflows.held_shop import LAW, Shop, shop_at
from workflows.embedded.smtp import Sink

DUTY = "{hold: ecom_trade_3y, from: created_at}"
OBLIGATION, CLAIMS = "kept_by_legal_obligation", "legal_claims"
GDPR_B, GDPR_E = "GDPR, Art. 17(3)(b)", "GDPR, Art. 17(3)(e)"
ORDER = ("place", "--subject", "email=mia@example.com", "--basis", "case 2026-17", "--as", "wei")


@pytest.fixture
def ruled(
    tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str, str], Shop]]:
    """Return what opens the shop with one rule for its orders, under some laws."""
    monkeypatch.setenv("RIGHTS_SECRET_SHOP_URL", sqlite_url)
    opened: list[Shop] = []

    def make(laws: str, rule: str) -> Shop:
        monkeypatch.setenv("RIGHTS_DEFAULT_REGIMES", laws)
        opened.append(shop_at(sqlite_url, tmp_path, retention=rule))
        opened[-1].staff("wei", "lin")
        return opened[-1]

    yield make
    for shop in opened:
        shop.close()


def _receipt_line(outcome: dict[str, Any]) -> dict[str, Any]:
    file = json.loads(Path(outcome["receipt"]).read_text(encoding="utf-8"))
    said = json.loads(file["receipt"])
    found: dict[str, Any] = next(
        x for x in said["outcome"] if (x["collection"], x["action"]) == ("orders", "erase")
    )
    return found


@pytest.mark.parametrize(
    ("laws", "rule", "exempt", "law"),
    [
        ("eu_gdpr", LAW, [OBLIGATION], [GDPR_B]),
        ("uk_gdpr", LAW, [OBLIGATION], [f"UK {GDPR_B}"]),
        ("br_lgpd", LAW, [OBLIGATION], ["LGPD, Art. 16 I"]),
        ("cn_general,eu_gdpr", LAW, [OBLIGATION], [GDPR_B]),
        ("cn_general", LAW, None, None),
        ("us_ca", LAW, None, None),
        ("eu_gdpr", DUTY, None, None),
    ],
)
def test_the_receipt_names_the_exception_of_the_law_and_no_law_that_has_none(
    ruled: Callable[[str, str], Shop],
    laws: str,
    rule: str,
    exempt: list[str] | None,
    law: list[str] | None,
) -> None:
    line = _receipt_line(ruled(laws, rule).erase())

    assert line["retained"] == 2
    assert line.get("exempt") == exempt
    assert [one["en"] for one in line["law"]] == law if law else "law" not in line


@pytest.mark.parametrize(
    ("laws", "rank", "exempt", "law"),
    [
        ("eu_gdpr", "litigation", [CLAIMS], [GDPR_E]),
        ("uk_gdpr", "authority_order", [CLAIMS], [f"UK {GDPR_E}"]),
        ("br_lgpd", "authority_order", [OBLIGATION], ["LGPD, Art. 16 I"]),
        ("br_lgpd", "litigation", None, None),
    ],
)
def test_a_legal_hold_is_named_by_the_exception_for_claims(
    ruled: Callable[[str, str], Shop],
    laws: str,
    rank: str,
    exempt: list[str] | None,
    law: list[str] | None,
) -> None:
    shop = ruled(laws, "none")
    shop.decided("confirm", shop.decided(*ORDER, "--rank", rank), "--as", "lin")

    line = _receipt_line(shop.erase())

    assert line["retained"] == 3
    assert line.get("exempt") == exempt
    assert [one["en"] for one in line["law"]] == law if law else "law" not in line


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", "The law lets it stay: It is needed to comply with a legal obligation"),
        ("zh-CN", "法律允许保留的理由：为履行法律义务或者执行公共任务所必需"),
    ],
)
@pytest.mark.parametrize(("law", "told"), [("eu_gdpr", True), ("cn_general", False)])
def test_the_letter_says_the_exception_with_its_article(
    desk: Desk, smtp_sink: Sink, language: str, said: str, law: str, *, told: bool
) -> None:
    request_id = desk.proved(Kind.DELETION, notify=False, locale=language, regimes=(law,))
    rows, plan = steps_of(request_id)
    held = {"code": "statutory_retention", "basis": "", "rank": "law", "until": "2029-01-01"}
    rows[0].result = {**rows[0].result, "held": {"shop.orders": held}}
    desk.answer(request_id, rows, plan)
    desk.send()

    text = "".join(text_of(only(smtp_sink)).split())

    article = GDPR_B if language == "en" else "《通用数据保护条例》第十七条第三款第b项"
    assert ("".join(said.split()) in text) is told
    assert ("".join(article.split()) in text) is told
