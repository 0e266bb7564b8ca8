"""Who sets prices, or decides who may have a service, never learns who used a right."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import orjson
import pytest
from sqlmodel import col, select

from rights.domain.uses import DECIDING, Use
from rights.services import backend_uses, equal_service, portal, portal_sessions, webhooks
from rights.services.backends import SCOPES
from rights.services.webhooks import EVENTS
from rights.store.models import (
    Backend,
    Entry,
    PortalSession,
    Request,
    WebhookDelivery,
    WebhookSubscription,
)
from rights.web.contract import agreed
from tests.web.correspondence import Office
from tests.web.house import ALICE, House, partner
from tests.web.portal.reader import Reader

URL = "https://93.184.216.34/hook"

OPEN: Mapping[tuple[str, str], tuple[int, str]] = MappingProxyType(
    {
        ("GET", "/healthz"): (200, "open to everybody: whether a process is up"),
        ("GET", "/readyz"): (200, "open to everybody: whether calls can be taken"),
        ("GET", "/public/rights-methods"): (200, "open to everybody: how rights are used here"),
        ("GET", "/v1/kinds"): (200, "open to everybody: what can be asked for, of nobody"),
        ("GET", "/v1/packages/{package_id}/content"): (401, "takes a grant, never a key"),
        ("HEAD", "/v1/packages/{package_id}/content"): (401, "takes a grant, never a key"),
        ("GET", "/v1/stores/{store}/readiness"): (200, "about a store, not about anybody in it"),
    }
)
"""What the key of such a backend is answered by, other than 403, and why that tells nothing."""

BODY = {"type", "timestamp", "data"}
DATA = {"request_id", "kind", "option", "state", "wait", "due_at"}
"""All that an event may say: which request, and where it stands. No advice, no verb."""


def _use(house: House, *uses: str, name: str = "shop") -> None:
    with house.writing() as session:
        backend_uses.change(session, name, uses, now=house.clock.now())
    house.parts.keys._live.clear()  # noqa: SLF001 - five seconds later


def _tried(house: House) -> list[tuple[str, str]]:
    with house.reading() as session:
        query = select(Entry).where(Entry.event == equal_service.REFUSED)
        return [(e.actor, e.data["tried"]) for e in session.exec(query.order_by(col(Entry.id)))]


def _operations() -> list[tuple[str, str]]:
    return [
        (method.upper(), path)
        for path, item in agreed()["paths"].items()
        for method in item
        if method != "parameters"
    ]


def _filled(path: str) -> str:
    parts = path.replace("{store}", "shop").split("/")
    return "/".join("0" * 32 if part.startswith("{") else part for part in parts)


@pytest.mark.requirement("R-42-4", "R-NEG-11")
@pytest.mark.parametrize("use", sorted(DECIDING))
def test_no_operation_tells_who_decides_on_price_or_service_of_anybody(
    furnished: Any, use: Use
) -> None:
    house: House = furnished(rate_per_key="10000/minute", rate_per_address="10000/minute")
    _use(house, "service", use)
    wrong, expected = {}, {}

    for method, path in _operations():
        answer = house.call(method, _filled(path), None if method in ("GET", "HEAD") else {})
        status, _ = OPEN.get((method, path), (403, ""))
        expected[method, path] = status
        code = answer.json["code"] if answer.json and status == 403 else equal_service.CODE
        if (answer.status_code, code) != (status, equal_service.CODE):
            wrong[method, path] = (answer.status_code, code)

    assert wrong == {}
    assert set(OPEN) <= set(expected), "what is not in the contract needs no reason"
    assert sum(status == 403 for status in expected.values()) > 50


def test_the_key_that_was_refused_had_every_scope(house: House) -> None:
    _use(house, "pricing")

    assert house.parts.keys.caller(house.partner.key, now=house.clock.now()).scopes == set(SCOPES)


@pytest.mark.requirement("R-42-4", "R-42-4:bad", "R-NEG-11:bad")
def test_who_sets_prices_subscribes_to_nothing_and_that_it_tried_is_written_down(
    house: House,
) -> None:
    _use(house, "pricing")

    for _ in range(3):
        told = house.post("/v1/webhooks", {"url": URL, "events": ["preference.effective"]})
        assert (told.status_code, told.json["code"]) == (403, "equal_service")

    with house.reading() as session:
        assert session.exec(select(WebhookSubscription)).all() == []
    assert _tried(house) == [(f"backend:{house.partner.id}", "create_webhook")]


@pytest.mark.requirement("R-42-4", "R-42-4:bad")
def test_what_was_subscribed_to_before_can_be_neither_changed_nor_sent_again(house: House) -> None:
    made = house.post("/v1/webhooks", {"url": URL, "events": ["test"]}).json
    sent = house.post(f"/v1/webhooks/{made['id']}/test").json
    _use(house, "service", "eligibility")

    for method, path, body in (
        ("PATCH", f"/v1/webhooks/{made['id']}", {"events": ["request.denied"]}),
        ("GET", f"/v1/webhooks/{made['id']}/deliveries", None),
        ("POST", f"/v1/webhooks/deliveries/{sent['id']}/redeliver", None),
    ):
        assert house.call(method, path, body).json["code"] == "equal_service"

    with house.reading() as session:
        row = session.get_one(WebhookSubscription, made["id"])
        assert (row.events, row.closed_at) == (["test"], house.clock.now())


@pytest.mark.requirement("R-42-4:bad")
def test_a_subscription_made_while_the_use_was_being_said_is_refused_by_the_register(
    house: House,
) -> None:
    house.get("/v1/webhooks")  # the key is remembered as one that may be told
    with house.writing() as session:
        backend_uses.change(session, "shop", ["pricing"], now=house.clock.now())

    told = house.post("/v1/webhooks", {"url": URL, "events": ["test"]})

    assert (told.status_code, told.json["code"]) == (403, "equal_service")


@pytest.mark.requirement("R-42-4")
def test_who_opted_out_is_seen_by_the_service_and_by_nobody_who_sets_prices(house: House) -> None:
    with house.writing() as session:
        prices = partner(session, house.context, "prices", house.clock.now())
    _use(house, "pricing", name="prices")
    house.post("/v1/preferences/off", {"subject": ALICE, "name": "personalised"})
    asked = {"subject": ALICE, "name": "personalised"}

    mine = house.post("/v1/preferences/read", asked)
    theirs = house.post("/v1/preferences/read", asked, token=prices.key)

    assert mine.json["value"] == "off"
    assert theirs.status_code == 403
    assert "off" not in theirs.data.decode()


@pytest.mark.requirement("R-42-4")
def test_nor_does_it_become_the_person_by_a_token_it_had_before(house: House) -> None:
    given = house.post("/v1/portal-tokens", {"subject": ALICE}).json["token"]
    _use(house, "pricing")
    reader = Reader(house)

    by_token = house.get("/v1/requests", token=given)
    by_page = reader.post("/portal/enter", {"token": given})

    assert (by_token.status_code, by_token.json["code"]) == (403, "equal_service")
    assert by_page.status == 403
    with house.reading() as session:
        assert session.exec(select(PortalSession)).all() == []


def test_a_visit_it_vouched_for_is_over_and_people_come_in_without_its_word(house: House) -> None:
    def visit(person: portal.Person | None) -> str:
        with house.writing() as session:
            return portal_sessions.begin(
                session, house.context, house.partner.id, person, now=house.clock.now()
            )

    vouched = visit(portal_sessions.visitor(house.context, house.partner.id, ALICE))
    alone = visit(None)
    _use(house, "pricing")

    def seen(secret: str) -> int:
        client = house.app.test_client()
        client.set_cookie("rights_portal", secret, path="/portal")
        return client.get("/portal/ask/access").status_code

    assert (seen(vouched), seen(alone)) == (401, 200)


@pytest.mark.requirement("R-NEG-11")
@pytest.mark.parametrize("event", EVENTS)
def test_no_event_says_more_than_which_request_and_where_it_stands(
    house: House, event: str
) -> None:
    made = house.post("/v1/webhooks", {"url": URL, "events": [event]}).json
    request_id = house.submit("recommendation_opt_out", ALICE, option="personalised_off")["id"]
    if event == "test":
        house.post(f"/v1/webhooks/{made['id']}/test")
    else:
        with house.writing() as session:
            request = session.get_one(Request, request_id)
            webhooks.publish(session, request, event, now=house.clock.now())

    with house.reading() as session:
        query = select(WebhookDelivery).where(WebhookDelivery.subscription_id == made["id"])
        bodies = [orjson.loads(row.body) for row in session.exec(query)]
    assert bodies
    for body in bodies:
        assert set(body) == BODY
        assert set(body["data"]) == (set() if event == "test" else DATA)


@pytest.mark.requirement("R-NEG-11")
def test_events_are_written_at_three_places_and_nowhere_else() -> None:
    root = Path(inspect.getfile(webhooks)).parents[2]
    writing = {
        str(file.relative_to(root))
        for room in ("rights", "workflows")
        for file in (root / room).rglob("*.py")
        if "webhooks.queue(" in (text := file.read_text(encoding="utf-8"))
        or "WebhookDelivery(" in text
        or "rows.new(\n        WebhookDelivery" in text
    }

    assert writing == {
        "rights/services/staff_hooks.py",  # to the roles that handle requests, never a product
        "rights/services/webhooks.py",  # publish: which request, and where it stands
        "rights/store/models/parties.py",  # the table
        "rights/web/api/webhooks.py",  # the test event, empty
    }


@pytest.fixture
def office(house: House, tmp_path: Path) -> Office:
    return Office(house, tmp_path)


def test_what_a_backend_is_for_is_said_shown_and_written_down(house: House, office: Office) -> None:
    assert house.get("/v1/webhooks").status_code == 200, "one of before goes on as service"
    made = house.post("/v1/webhooks", {"url": URL, "events": ["test"]}).json

    said = office.run("backend", "uses", "shop", "--use", "pricing", "--use", "service")
    shown = office.run("backend", "uses", "shop").stdout
    listed = office.run("backend", "list").stdout

    assert said.exit_code == 0, said.output
    assert "Prices and conditions" in shown and "定价与交易条件" in shown
    assert "told who used a right: no" in shown
    assert "for service, pricing" in listed
    with house.reading() as session:
        entry = session.exec(select(Entry).where(Entry.event == "uses_changed")).one()
    assert (entry.actor, entry.data) == (
        "staff:cli",
        {
            "backend_id": house.partner.id,
            "before": ["service"],
            "uses": ["service", "pricing"],
            "webhooks": [made["id"]],
        },
    )


def test_a_backend_that_is_set_right_is_told_again_but_not_of_what_went_before(
    house: House, office: Office
) -> None:
    made = house.post("/v1/webhooks", {"url": URL, "events": ["test"]}).json
    _use(house, "pricing")
    _use(house, "recommendation")

    assert house.get(f"/v1/webhooks/{made['id']}").status_code == 404
    assert house.get("/v1/webhooks").json["items"] == []
    assert "told who used a right: yes" in office.run("backend", "uses", "shop").stdout


@pytest.mark.parametrize("uses", [(), ("gambling",)])
def test_there_is_no_other_use_and_none_without(house: House, uses: tuple[str, ...]) -> None:
    with pytest.raises(Exception, match="uses are wrong"):
        _use(house, *uses)


@pytest.mark.requirement("R-NEG-11:bad")
def test_a_key_that_would_tell_who_sets_prices_is_not_made_and_that_is_written_down(
    house: House, office: Office
) -> None:
    words = ("backend", "add", "prices", "--use", "pricing", "--scope", "webhooks:manage")

    refused = office.run(*words)

    assert refused.exit_code != 0
    assert getattr(refused.exception, "code", "") == "equal_service"
    assert _tried(house) == [("staff:cli", "issue_key")]
    with house.reading() as session:
        assert session.exec(select(Backend).where(Backend.name == "prices")).first() is None


def test_its_usual_key_and_one_that_replaces_another_open_what_tells_nothing(
    house: House, office: Office
) -> None:
    added = office.run("backend", "add", "prices", "--use", "eligibility", "--json")
    key = orjson.loads(added.stdout)["key"]
    _use(house, "pricing")
    with house.reading() as session:
        old = house.parts.keys.caller(house.partner.key, now=house.clock.now()).key_id
        assert session.get(Backend, house.partner.id) is not None
    turned = office.run("backend", "rotate", old).stdout.split()[-1]

    for one in (key, turned):
        assert house.get("/v1/stores/shop/readiness", token=one).status_code == 200
        caller = house.parts.keys.caller(one, now=house.clock.now())
        assert caller.scopes == set(equal_service.OPEN_SCOPES)


def test_every_use_has_words_in_both_languages() -> None:
    assert set(equal_service.words()) == set(Use)
    for said in equal_service.words().values():
        for part in ("title", "about"):
            assert said[part]["en"] and said[part]["zh-CN"]
