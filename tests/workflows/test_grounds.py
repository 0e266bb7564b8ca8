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
from tests.connectors.database import Database
from tests.workflows.house import asking
from tests.workflows.people_in_stores import HEAD, People
from workflows import inline
from workflows.building import floor_for, parts_for

PURPOSES = """\
purposes:
- name: service
  title: {zh: 服务, en: Service}
  basis: contract
  contract: {collection: shop.subscriptions, column: state, values: [active, trial]}
- {name: club, title: {zh: 俱乐部, en: Club}, basis: contract}
- {name: ads, title: {zh: 广告, en: Ads}, basis: consent}
switches: [{name: "purpose:ads", collection: shop.users, column: ads, on: 1, off: 0}]
"""
MAP = """\
  - name: users
    identifies: {user_id: id, email: email}
    fields:
    - {name: email, category: contact, disclose: true}
    - {name: nickname, category: profile, disclose: true, purposes: [club]}
    - {name: taste, category: profile, disclose: true, purposes: [ads], basis: "consent:ads"}
    - {name: ads, category: preference}
  - name: subscriptions
    key: [id]
    links: [{columns: [user_id], to: users, role: owner}]
    fields: [{name: state, category: purchases, disclose: true}]
  - name: clicks
    key: [id]
    basis: consent:ads
    purposes: [ads]
    links: [{columns: [user_id], to: users, role: owner}]
    fields: [{name: page, category: behaviour, disclose: true}]
  - name: club_notes
    key: [id]
    purposes: [club]
    links: [{columns: [user_id], to: users, role: owner}]
    fields: [{name: body, category: profile, disclose: true}]
"""
ANN = {"user_id": "1"}


@pytest.fixture(params=["sqlite", "postgres", "mariadb"])
def shop(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[People]:
    url = request.getfixturevalue(f"{request.param}_url")
    monkeypatch.setenv("RIGHTS_SECRET_SHOP_URL", url)
    database = Database(url)
    database.run(
        "CREATE TABLE users (id INTEGER PRIMARY KEY, email VARCHAR(80), nickname VARCHAR(30),"
        " taste VARCHAR(30), ads INTEGER NOT NULL DEFAULT 1)",
        "CREATE TABLE subscriptions (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL"
        " REFERENCES users (id), state VARCHAR(10))",
        "CREATE TABLE clicks (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users (id),"
        " page VARCHAR(30))",
        "CREATE TABLE club_notes (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users (id),"
        " body VARCHAR(30))",
    )
    for n, name in ((1, "ann"), (2, "bo")):
        email = f"{name}@mail.example"
        database.put("users", {"id": n, "email": email, "nickname": name, "taste": "tea"})
        database.put("subscriptions", {"id": n, "user_id": n, "state": "active"})
        database.put("clicks", {"id": n, "user_id": n, "page": "tea"})
        database.put("club_notes", {"id": n, "user_id": n, "body": "hello"})
    folder = tmp_path / "people"
    folder.mkdir()
    head, _, stores = HEAD.partition("purposes:")
    text = head + PURPOSES + "stores:\n" + stores.partition("stores:\n")[2] + MAP
    (folder / "datamap.yaml").write_text(text, encoding="utf-8")
    yield People(database, folder / "datamap.yaml", folder)
    database.close()


def _left(shop: People) -> dict[str, list[tuple[Any, ...]]]:
    found = {
        "users": shop.database.rows("SELECT id, email, nickname, taste FROM users ORDER BY id"),
        "subscriptions": shop.database.rows("SELECT id FROM subscriptions ORDER BY id"),
        "clicks": shop.database.rows("SELECT id FROM clicks ORDER BY id"),
        "club_notes": shop.database.rows("SELECT id FROM club_notes ORDER BY id"),
    }
    return {name: [*rows] for name, rows in found.items()}


BO = (2, "bo@mail.example", "bo", "tea")


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
    left = _left(shop)
    assert left["users"] == [(1, "ann@mail.example", None, None), BO]
    assert left["subscriptions"] == [(1,), (2,)]
    assert (left["clicks"], left["club_notes"]) == ([(2,)], [(2,)])
    (plan,) = _rows(shop, PlanRow)
    grounds = plan.body["grounds"]
    assert set(grounds) == {f"shop.{name}" for name in left}
    assert not any(grounds["shop.subscriptions"].values())
    assert grounds["shop.clicks"]["consent_withdrawn"] is True
    assert _rows(shop, Suppression) == []  # they are a customer still: nothing is kept out
    assert [a.kind for a in _rows(shop, Aftercare) if a.kind == "recheck"] == []


@pytest.mark.requirement("R-P47-1")
@pytest.mark.parametrize("kind", [Kind.DELETION, Kind.ACCOUNT_CANCELLATION])
def test_when_the_contract_ended_or_the_account_goes_everything_does(
    shop: People, kind: Kind
) -> None:
    if kind is Kind.DELETION:
        shop.database.run("UPDATE subscriptions SET state = 'ended' WHERE user_id = 1")

    outcome = shop.run(kind, subject=ANN)

    assert outcome["state"] == "fulfilled"
    left = _left(shop)
    assert left.pop("users") == [BO]
    assert left == {"subscriptions": [(2,)], "clicks": [(2,)], "club_notes": [(2,)]}


@pytest.mark.parametrize("shop", ["sqlite"], indirect=True)
def test_nothing_is_deleted_before_it_is_known_whether_the_contract_runs(
    shop: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    freeze, before = Sql.freeze, _left(shop)

    def down(self: Any, collection: Any, *more: Any) -> Any:
        if collection.name == "subscriptions":
            raise Transient("the store shop does not answer")
        return freeze(self, collection, *more)

    monkeypatch.setattr(Sql, "freeze", down)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    shop.run(Kind.DELETION, subject=ANN)

    assert _left(shop) == before


# -- unasked ---------------------------------------------------------------------------------


def _floor(shop: People) -> Any:
    state = shop.folder / "state"
    settings = inline.settings_in(shop.map_file, state)
    upgrade(settings.database_url)
    return floor_for(inline._with_keys(parts_for(settings)), worker="test")  # noqa: SLF001 - as `rights execute` does


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
            inline._until_still(floor, one)  # noqa: SLF001 - the rest of `rights execute`
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
    assert _left(shop)["users"] == [BO]


@pytest.mark.requirement("R-P47-2")
def test_taking_back_the_only_consent_deletes_what_rests_on_it_alone(shop: People) -> None:
    withdrawal, deletion = _work(shop, _withdrawing("ads"))

    assert (withdrawal.kind, deletion.kind) == (Kind.CONSENT_WITHDRAWAL, Kind.DELETION)
    assert withdrawal.state == "fulfilled"
    assert (deletion.follows, deletion.channel) == (withdrawal.id, "internal")
    assert deletion.parameters == {"trigger": "consent_withdrawn", "purposes": ["ads"]}
    assert deletion.state == "fulfilled"
    left = _left(shop)
    assert left["clicks"] == [(2,)]
    assert left["users"] == [(1, "ann@mail.example", "ann", None), BO]
    assert (left["subscriptions"], left["club_notes"]) == ([(1,), (2,)], [(1,), (2,)])
    receipts = {r.request_id: r.body for r in _rows(shop, ReceiptRow)}
    assert "clicks" in str(receipts[deletion.id])  # the same evidence as if they had asked


@pytest.mark.parametrize("shop", ["sqlite"], indirect=True)
def test_where_nobody_vouches_for_who_it_is_the_deletion_waits_for_proof(shop: People) -> None:
    before = _left(shop)

    withdrawal, deletion = _work(shop, _withdrawing("ads", vouched=False, proved=False))

    assert (deletion.kind, deletion.state) == (Kind.DELETION, "verifying")
    assert withdrawal.kind is Kind.CONSENT_WITHDRAWAL
    assert _left(shop) == before


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
    left = _left(shop)
    assert {name for name, rows in left.items() if len(rows) == 1} == gone


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
