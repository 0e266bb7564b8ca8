"""What the data map says to people, in the language of whoever reads it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from rights.domain.kinds import Kind
from tests.connectors.database import Database
from tests.workflows.people_in_stores import People, manifest, opened, people
from tests.workflows.shop_on_sql import MAP, SCHEMA, execute, run_check

CHINESE = (
    "系统生成的编号",
    "会妨碍反欺诈",
    "群组属于其成员；由成员保存",
    "《电子商务法》第三十一条",
    "配送货物",
    "经由接口",
    "每夜清理",
)
ENGLISH = (
    "an invented number",
    "it would hinder the work against fraud",
    "it belongs to its members; they keep it",
    "the E-Commerce Law",
    "delivery of goods",
    "through an interface",
    "nightly vacuum",
)
NUMBER, FRAUD, MEMBERS, LAW, GOODS, WAY, VACUUM = range(len(CHINESE))


def collections(*said: str) -> str:
    """Return the collections of a shop that says these texts, each as it stands in YAML."""
    return f"""\
  - name: users
    title: {{zh: 账号, en: Account}}
    identifies: {{user_id: id}}
    erasure: anonymise
    fields:
    - {{name: id, category: account, disclose: true, erasure: keep, because: {said[NUMBER]}}}
    - {{name: city, category: address, disclose: true}}
    - {{name: score, category: profile, because: {said[FRAUD]}}}
  - name: members
    title: {{zh: 群组, en: Groups}}
    links: [{{columns: [user_id], to: users, role: owner}}]
    erasure: keep
    because: {said[MEMBERS]}
    fields: [{{name: label, category: content, disclose: true}}]
  - name: orders
    title: {{zh: 订单, en: Orders}}
    links: [{{columns: [user_id], to: users, role: owner}}]
    retention: {{period: 3y, from: made, basis: {said[LAW]}, rank: law}}
    restriction: {{strategy: flag, column: frozen, value: 1}}
    fields:
    - {{name: total, category: transaction, disclose: true}}
    - {{name: made, category: transaction, disclose: true}}
  recipients:
  - {{name: Courier, contact: a@b.example, purpose: {said[GOODS]}, method: {said[WAY]}}}
  horizon: {{within: 30d, by: {said[VACUUM]}}}
"""


BOTH = collections(
    *(f'{{zh: "{zh}", en: "{en}"}}' for zh, en in zip(CHINESE, ENGLISH, strict=True))
)
PLAIN = collections(*(f'"{en}"' for en in ENGLISH))


@pytest.fixture
def database(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> Database:
    monkeypatch.setenv("RIGHTS_SECRET_SHOP_URL", sqlite_url)
    database = Database(sqlite_url)
    database.run(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, city VARCHAR(40), score INTEGER)",
        "CREATE TABLE members (id INTEGER PRIMARY KEY, user_id INTEGER, label VARCHAR(40))",
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER, total INTEGER,"
        " made TIMESTAMP, frozen INTEGER)",
        "INSERT INTO users VALUES (1, 'X', 5)",
        "INSERT INTO members VALUES (1, 1, 'Y')",
        "INSERT INTO orders VALUES (1, 1, 7, '2999-01-01 00:00:00', 0)",
    )
    return database


def ask(shop: People, kind: Kind, *options: str) -> dict[str, Any]:
    return shop.run(kind, *options, subject={"user_id": "1"})


def read_in(language: str, page: bytes) -> str:
    """Return what a reader of one language sees: the other one's parts are not shown to them."""
    other = "en" if language == "zh-CN" else "zh-CN"
    return re.sub(rf'<span lang="{other}">.*?</span>', "", page.decode(), flags=re.DOTALL)


BASIS = "basis: contract"
ON_THE_PAGE = (FRAUD, MEMBERS, LAW, GOODS)


@pytest.mark.parametrize(
    ("language", "mine", "foreign"), [("zh-CN", CHINESE, ENGLISH), ("en", ENGLISH, CHINESE)]
)
def test_a_package_says_what_the_map_says_in_its_readers_language_only(
    database: Database, tmp_path: Path, language: str, mine: tuple[str], foreign: tuple[str]
) -> None:
    outcome = ask(people(database, tmp_path, BOTH), Kind.COPY)

    seen = read_in(language, opened(outcome)["index.html"])
    assert [mine[n] for n in ON_THE_PAGE if mine[n] not in seen] == []
    assert [text for text in foreign if text in seen] == []


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_a_plain_text_is_shown_in_both_languages(
    database: Database, tmp_path: Path, language: str
) -> None:
    outcome = ask(people(database, tmp_path, PLAIN), Kind.COPY)

    seen = read_in(language, opened(outcome)["index.html"])
    assert [ENGLISH[n] for n in ON_THE_PAGE if ENGLISH[n] not in seen] == []


def test_an_answer_in_sentences_names_recipients_in_both_languages(
    database: Database, tmp_path: Path
) -> None:
    outcome = ask(people(database, tmp_path, BOTH), Kind.ACCESS, "option=recipients")

    (line,), _ = (s["lines"] for s in json.loads(opened(outcome)["answer.json"]))
    assert all(CHINESE[n] in line["zh"] and ENGLISH[n] in line["en"] for n in (GOODS, WAY))
    assert not any(text in line["zh"] for text in ENGLISH)
    assert not any(text in line["en"] for text in CHINESE)


def test_what_is_kept_does_not_depend_on_the_reader_and_can_be_read_in_both(
    database: Database, tmp_path: Path
) -> None:
    outcome = ask(people(database, tmp_path, BOTH), Kind.DELETION)

    kept = {c["collection"]: c["because"] for c in outcome["collections"] if c["retained"]}
    assert kept == {"members": ENGLISH[MEMBERS], "orders": ENGLISH[LAW]}
    body = json.loads(json.loads(Path(outcome["receipt"]).read_bytes())["receipt"])
    assert body["zh"] == {ENGLISH[n]: CHINESE[n] for n in (MEMBERS, LAW, VACUUM)}
    assert body["stores"][0]["by"] == ENGLISH[VACUUM]


def test_a_receipt_under_a_map_of_one_language_has_no_second_one(
    database: Database, tmp_path: Path
) -> None:
    outcome = ask(people(database, tmp_path, PLAIN), Kind.DELETION)

    body = json.loads(json.loads(Path(outcome["receipt"]).read_bytes())["receipt"])
    assert "zh" not in body


def test_the_manifest_keeps_one_text_for_machines(database: Database, tmp_path: Path) -> None:
    found = manifest(ask(people(database, tmp_path, BOTH), Kind.COPY))

    to = found["categories"][0]["recipients"][0]
    assert (to["purpose"], to["method"]) == (ENGLISH[GOODS], ENGLISH[WAY])
    orders = next(
        r for c in found["categories"] for r in c["retention"] if "orders" in r["collection"]
    )
    assert CHINESE[LAW] in orders["text"]["zh-CN"]
    assert ENGLISH[LAW] not in orders["text"]["zh-CN"]


def test_the_check_warns_once_of_each_text_in_one_language_where_titles_have_both(
    tmp_path: Path, sqlite_url: str
) -> None:
    execute(sqlite_url, SCHEMA)
    secrets = {"RIGHTS_SECRET_SHOP_URL": sqlite_url}
    to = "  recipients:\n" + "".join(
        f"  - {{name: {name}, contact: a@b.example, purpose: {purpose}}}\n"
        for name, purpose in (("A", "delivery"), ("B", "delivery"), ("C", "{zh: 支付, en: paying}"))
    )
    untitled = re.sub("purposes: .*?]\n", "", MAP, count=1).replace("purposes: [service]", BASIS)
    plain = untitled.replace("  collections:\n", f"{to}  collections:\n", 1)
    titled = plain.replace("  connector:", "  title: {zh: 商城, en: Shop}\n  connector:", 1)

    code, found = run_check(tmp_path, titled, secrets)
    assert code == 0
    before = run_check(tmp_path, plain, secrets)[1]
    assert not any("one language" in line for line in before)
    (warning,) = set(found) - set(before)
    assert warning == (
        "warning: shop.recipients[A].purpose: people read this, and it is in one language only"
        "; it stands in 2 places → write {zh: …, en: …}"
    )
