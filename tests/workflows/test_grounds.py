"""Deletion on live databases where a contract runs, and deletion that nobody asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, select

from connectors.sql import Sql
from rights.domain.errors import Invalid, Transient
from rights.domain.grounds import Trigger
from rights.domain.kinds import Kind
from rights.services import submission, unasked
from rights.services.unasked import Unasked
from rights.store.db import open_engine, transaction
from rights.store.migrate import upgrade
from rights.store.models import Aftercare, PlanRow, ReceiptRow, Request, Suppression
from tests.workflows.grounds_shop import ANN, BO, MAP, grounds_shop, left
from tests.workflows.house import asking
from tests.workflows.people_in_stores import People
from workflows import inline
from workflows.building import floor_for, parts_for


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def shop(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[People]:
    url = request.getfixturevalue(f"{request.param}_url")
    monkeypatch.setenv("RIGHTS_SECRET_SHOP_URL", url)
    made = grounds_shop(url, tmp_path / "people")
    yield made
    made.database.close()


def _rows(shop: People, model: Any) -> list[Any]:
    engine = open_engine(f"sqlite:///{shop.folder / 'state' / 'register.sqlite'}")
    with Session(engine) as session:
        found = list(session.exec(select(model)).all())
    engine.dispose()
    return found


def _missing(outcome: dict[str, Any]) -> dict[str, str]:
    return {x["collection"]: x["missing"] for x in outcome["collections"] if x["missing"]}


@pytest.mark.requirement("R-P47-1")
def test_what_a_running_contract_needs_is_refused_item_by_item_and_the_rest_goes(
    shop: People,
) -> None:
    outcome = shop.run(Kind.DELETION, subject=ANN)

    assert outcome["state"] == "partially_fulfilled"
    assert _missing(outcome) == dict.fromkeys(
        ("users", "subscriptions"), "still_necessary_contract"
    )
    because = {x["because"] for x in outcome["collections"] if x["missing"]}
    assert because == {
        "a contract with you that is running needs it; cancelling the account ends that"
    }
    rest = left(shop)
    assert rest["users"] == [(1, "ann@mail.example", None, None), BO]
    assert rest["subscriptions"] == [(1,), (2,)]
    assert (rest["clicks"], rest["club_notes"]) == ([(2,)], [(2,)])
    (plan,) = _rows(shop, PlanRow)
    grounds = plan.body["grounds"]
    assert set(grounds) == {f"shop.{name}" for name in rest}
    assert not any(grounds["shop.subscriptions"].values())
    assert grounds["shop.clicks"]["consent_withdrawn"] is True
    assert _rows(shop, Suppression)  # of what went alone: they are a customer still
    assert [a.kind for a in _rows(shop, Aftercare) if a.kind == "recheck"] == ["recheck"]


OLD = """
    retention: {period: 3y, from: since, basis: our own rule, rank: policy}
    fields: [{name: state, category: purchases, disclose: true}]
"""
PAYMENTS = """\
  - name: payments
    key: [id]
    purposes: [service]
    links: [{columns: [subscription_id], to: subscriptions, role: owner}]
    retention: {with: subscriptions}
    fields: [{name: sum, category: purchases, disclose: true}]
"""


@pytest.mark.requirement("R-P47-1")
@pytest.mark.parametrize(
    ("rank", "more"), [("policy", ""), ("law", ""), ("law", PAYMENTS)], ids=["ours", "law", "with"]
)
@pytest.mark.parametrize("database", ["sqlite", "postgres", "mariadb"])
def test_the_row_that_says_that_a_contract_runs_stays_however_old_it_is(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    database: str,
    rank: str,
    more: str,
) -> None:
    url = request.getfixturevalue(f"{database}_url")
    monkeypatch.setenv("RIGHTS_SECRET_SHOP_URL", url)
    fields = "\n    fields: [{name: state, category: purchases, disclose: true}]\n"
    text = MAP.replace(fields, OLD.replace("policy", rank), 1) + more
    made = grounds_shop(url, tmp_path / "people", collections=text)
    made.database.run(
        "ALTER TABLE subscriptions ADD COLUMN since DATE",
        "UPDATE subscriptions SET since = '2020-01-01'",
        "CREATE TABLE payments (id INTEGER PRIMARY KEY, subscription_id INTEGER, sum INTEGER)",
        "INSERT INTO payments VALUES (1, 1, 5), (2, 2, 5)",
    )

    outcome = made.run(Kind.DELETION, subject=ANN)

    needed = ("users", "subscriptions", *(("payments",) if more else ()))
    assert _missing(outcome) == dict.fromkeys(needed, "still_necessary_contract")
    assert left(made)["subscriptions"] == [(1,), (2,)]
    assert [row[0] for row in made.database.rows("SELECT id FROM payments ORDER BY id")] == [1, 2]
    made.database.close()


@pytest.mark.requirement("R-P47-1")
@pytest.mark.parametrize("kind", [Kind.DELETION, Kind.ACCOUNT_CANCELLATION])
def test_when_the_contract_ended_or_the_account_goes_everything_does(
    shop: People, kind: Kind
) -> None:
    if kind is Kind.DELETION:
        shop.database.run("UPDATE subscriptions SET state = 'ended' WHERE user_id = 1")

    outcome = shop.run(kind, subject=ANN)

    assert outcome["state"] == "fulfilled"
    rest = left(shop)
    assert rest.pop("users") == [BO]
    assert rest == {"subscriptions": [(2,)], "clicks": [(2,)], "club_notes": [(2,)]}


@pytest.mark.parametrize("shop", ["sqlite"], indirect=True)
def test_nothing_is_deleted_before_it_is_known_whether_the_contract_runs(
    shop: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    freeze, before = Sql.freeze, left(shop)

    def down(self: Any, collection: Any, *more: Any) -> Any:
        if collection.name == "subscriptions":
            raise Transient("the store shop does not answer")
        return freeze(self, collection, *more)

    monkeypatch.setattr(Sql, "freeze", down)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    shop.run(Kind.DELETION, subject=ANN)

    assert left(shop) == before


# -- unasked ---------------------------------------------------------------------------------


def _floor(shop: People) -> Any:
    state = shop.folder / "state"
    settings = inline.settings_in(shop.map_file, state)
    upgrade(settings.database_url)
    return inline.with_live_keys(floor_for(parts_for(settings), worker="test"))


Take = Callable[[Any, Session], Any]


def _work(shop: People, take: Take) -> list[Request]:
    """Take something in, work on whatever that made, and return it as it is then."""
    floor = _floor(shop)
    try:
        with transaction(floor.register) as session:
            take(floor, session)
            session.flush()
            ids = list(session.exec(select(Request.id)).all())
        for one in ids:
            inline.until_still(floor, one)
        with transaction(floor.register) as session:
            found = [session.get_one(Request, one) for one in ids]
            return sorted(found, key=lambda request: str(request.kind))
    finally:
        floor.close()


def _withdrawing(*purposes: str, vouched: bool = True, proved: bool = True) -> Take:
    def take(floor: Any, session: Session) -> Any:
        new = asking(floor, Kind.CONSENT_WITHDRAWAL, ANN, parameters={"purposes": [*purposes]})
        if not proved:
            new = replace(new, attested=frozenset(), acr=None, operator=False)
        return submission.take(session, floor.context, new, now=floor.now(), vouched=vouched)

    return take


def _triggering(trigger: Trigger, *purposes: str) -> Take:
    def take(floor: Any, session: Session) -> Any:
        new = Unasked(trigger, ANN, purposes)
        return unasked.begin(session, floor.context, new, now=floor.now())

    return take


@pytest.mark.parametrize("shop", ["sqlite"], indirect=True)
def test_a_minors_deletion_needs_no_ground(shop: People) -> None:
    (request,) = _work(
        shop,
        lambda floor, session: submission.take(
            session,
            floor.context,
            asking(floor, Kind.DELETION, ANN, regimes=("cn_minor",)),
            now=floor.now(),
        ),
    )

    assert request.state == "fulfilled"
    assert left(shop)["users"] == [BO]


@pytest.mark.requirement("R-P47-2")
def test_taking_back_the_only_consent_deletes_what_rests_on_it_alone(shop: People) -> None:
    withdrawal, deletion = _work(shop, _withdrawing("ads"))

    assert (withdrawal.kind, deletion.kind) == (Kind.CONSENT_WITHDRAWAL, Kind.DELETION)
    assert withdrawal.state == "fulfilled"
    assert (deletion.follows, deletion.channel) == (withdrawal.id, "internal")
    assert deletion.parameters == {"trigger": "consent_withdrawn", "purposes": ["ads"]}
    assert deletion.state == "fulfilled"
    rest = left(shop)
    assert rest["clicks"] == [(2,)]
    assert rest["users"] == [(1, "ann@mail.example", "ann", None), BO]
    assert (rest["subscriptions"], rest["club_notes"]) == ([(1,), (2,)], [(1,), (2,)])
    receipts = {r.request_id: r.body for r in _rows(shop, ReceiptRow)}
    assert "clicks" in str(receipts[deletion.id])  # the same evidence as if they had asked


@pytest.mark.parametrize("shop", ["sqlite"], indirect=True)
def test_where_nobody_vouches_for_who_it_is_the_deletion_waits_for_proof(shop: People) -> None:
    before = left(shop)

    withdrawal, deletion = _work(shop, _withdrawing("ads", vouched=False, proved=False))

    assert (deletion.kind, deletion.state) == (Kind.DELETION, "verifying")
    assert withdrawal.kind is Kind.CONSENT_WITHDRAWAL
    assert left(shop) == before


@pytest.mark.requirement("R-P47-2")
@pytest.mark.parametrize("shop", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("trigger", "purposes", "gone"),
    [
        (Trigger.UNCONSENTED_COLLECTION, (), {"clicks"}),
        (Trigger.SERVICE_ENDED, ("club",), {"club_notes"}),
        (Trigger.SERVICE_ENDED, (), {"users", "subscriptions", "clicks", "club_notes"}),
    ],
)
def test_a_trigger_deletes_what_it_is_about(
    shop: People, trigger: Trigger, purposes: tuple[str, ...], gone: set[str]
) -> None:
    (deletion,) = _work(shop, _triggering(trigger, *purposes))

    assert deletion.state == "fulfilled"
    rest = left(shop)
    assert {name for name, rows in rest.items() if len(rows) == 1} == gone


@pytest.mark.requirement("R-P47-2:bad")
@pytest.mark.parametrize("shop", ["sqlite"], indirect=True)
def test_a_trigger_that_is_about_nothing_is_refused(shop: People) -> None:
    for wrong in (
        _triggering(Trigger.RETENTION_EXPIRED),
        _triggering(Trigger.CONSENT_WITHDRAWN),
        _triggering(Trigger.CONSENT_WITHDRAWN, "service"),
        _triggering(Trigger.SERVICE_ENDED, "nonsense"),
    ):
        with pytest.raises(Invalid):
            _work(shop, wrong)
    assert _rows(shop, Request) == []
