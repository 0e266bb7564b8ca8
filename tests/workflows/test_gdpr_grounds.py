"""Deletion under the GDPR on a live database: its own grounds, item by item in the plan."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import Session, select

from rights.domain.grounds import GDPR, PIPL
from rights.domain.kinds import Kind
from rights.store.db import open_engine
from rights.store.models import PlanRow
from tests.workflows.grounds_shop import ANN, MAP, grounds_shop, left
from tests.workflows.people_in_stores import People

VISITS = """\
  - name: visits
    key: [id]
    basis: legitimate_interest
    purposes: [safety]
    links: [{columns: [user_id], to: users, role: owner}]
    fields: [{name: page, category: behaviour, disclose: true}]
"""
SAFETY = "- {name: safety, title: {zh: 安全, en: Safety}, basis: legitimate_interest}\n"


@pytest.fixture
def shop(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[People]:
    monkeypatch.setenv("RIGHTS_SECRET_SHOP_URL", sqlite_url)
    made = grounds_shop(sqlite_url, tmp_path / "people", collections=MAP + VISITS)
    text = made.map_file.read_text(encoding="utf-8").replace("switches:", f"{SAFETY}switches:", 1)
    made.map_file.write_text(text, encoding="utf-8")
    made.database.run(
        "CREATE TABLE visits (id INTEGER PRIMARY KEY, user_id INTEGER, page VARCHAR(30))",
        "INSERT INTO visits VALUES (1, 1, 'tea'), (2, 2, 'tea')",
    )
    yield made
    made.database.close()


def _grounds(shop: People) -> dict[str, dict[str, bool]]:
    engine = open_engine(f"sqlite:///{shop.folder / 'state' / 'register.sqlite'}")
    with Session(engine) as session:
        (plan,) = session.exec(select(PlanRow)).all()
        found: dict[str, dict[str, bool]] = plan.body["grounds"]
    engine.dispose()
    return found


@pytest.mark.parametrize("ground", ["", *sorted(GDPR)])
def test_each_ground_of_the_table_is_looked_at_for_each_item(
    shop: People, monkeypatch: pytest.MonkeyPatch, ground: str
) -> None:
    monkeypatch.setenv("RIGHTS_DEFAULT_REGIMES", "eu_gdpr")

    outcome = shop.run(Kind.DELETION, *([f"ground={ground}"] if ground else []), subject=ANN)

    found = _grounds(shop)
    assert {frozenset(by) for by in found.values()} == {frozenset(map(str, GDPR))}
    assert not any(found["shop.subscriptions"].values())
    assert found["shop.clicks"]["consent_withdrawn"] is True
    assert found["shop.visits"]["objection"] is (ground == "objection")
    assert found["shop.club_notes"]["objection"] is False
    assert not any(by["child_service"] or by["erasure_by_law"] for by in found.values())
    assert outcome["state"] == "partially_fulfilled"
    rest = left(shop)
    assert rest["subscriptions"] == [(1,), (2,)]
    assert (rest["clicks"], rest["club_notes"]) == ([(2,)], [(2,)])
    assert [*shop.database.rows("SELECT id FROM visits")] == [(2,)]


def test_under_two_laws_the_grounds_of_both_are_looked_at(
    shop: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RIGHTS_DEFAULT_REGIMES", "eu_gdpr,cn_general")

    shop.run(Kind.DELETION, subject=ANN)

    assert {frozenset(by) for by in _grounds(shop).values()} == {frozenset(map(str, GDPR | PIPL))}
