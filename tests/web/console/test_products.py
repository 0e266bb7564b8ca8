"""Products in the console: their keys, an end to one, and what could not be delivered."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlmodel import select

from rights.services import backends
from rights.services.console import products
from rights.store.ids import new_id
from rights.store.models import Backend, BackendKey, WebhookDelivery, WebhookSubscription
from tests.web.console.clerk import Clerk, clerk, events, id_of
from tests.web.house import House

URL = "https://who:pass-that-is-a-secret@hooks.example/path-that-is-a-secret"


@pytest.fixture
def ada(house: House) -> Clerk:
    return clerk(house, "ada", "admin")


def _hook(house: House, *states: str, closed: bool = False) -> str:
    """Add a webhook with one event in each of these states, the last one the newest."""
    now, hook = house.clock.now(), new_id()
    with house.writing() as session:
        session.add(
            WebhookSubscription(
                id=hook,
                backend_id=house.partner.id,
                url=URL,
                sealed_secret=b"x",
                events=["request.denied", "test"],
                created_at=now,
                closed_at=now if closed else None,
            )
        )
        for number, state in enumerate(states):
            row = WebhookDelivery(
                subscription_id=hook,
                event_id=f"m{number}",
                event="test",
                body='{"told": "body-of-it"}',
                state=state,
                attempts=7,
                created_at=now - timedelta(days=9 - number),
            )
            session.add(row)
    return hook


def _states(house: House, hook: str) -> list[tuple[str, int]]:
    with house.reading() as session:
        query = select(WebhookDelivery).where(WebhookDelivery.subscription_id == hook)
        rows = session.exec(query.order_by(WebhookDelivery.event_id)).all()
        return [(one.state, one.attempts) for one in rows]


def _key(house: House) -> BackendKey:
    with house.reading() as session:
        found: BackendKey = session.exec(select(BackendKey)).one()
    return found


def test_products_are_shown_with_keys_and_what_was_given_up_and_no_secret(
    house: House, ada: Clerk
) -> None:
    _hook(house, "dead", "dead", "waiting", "delivered")
    key = _key(house)

    page = ada.get("/products")

    place = "https://hooks.example"
    for said in ("shop", f"rk_{key.prefix}_", "requests:write", place, "2 given up"):
        assert said in page.text, said
    assert "1 on its way" in page.text
    for hidden in (key.hash, house.partner.key, "that-is-a-secret", "body-of-it"):
        assert hidden not in page.html, hidden


def test_a_key_is_ended_at_once_and_who_did_it_is_an_entry(house: House, ada: Clerk) -> None:
    key = _key(house)
    assert house.get("/v1/kinds").status_code == 200

    page = ada.reader.send(ada.get("/products"), f"/keys/{key.id}/revoke")

    assert page.status == 200
    house.parts.keys._live.clear()  # noqa: SLF001 - what five seconds do
    assert house.post("/v1/requests", {"kind": "access"}).status_code == 401
    assert ("key_revoked", f"staff:{id_of(house, 'ada')}") in events(house)
    again = ada.force(f"/products/keys/{key.id}/revoke")
    assert again.status == 404


def test_a_key_that_ran_out_is_offered_no_end(house: House, ada: Clerk) -> None:
    with house.writing() as session:
        old, _ = backends.rotate(session, _key(house).id, now=house.clock.now())
        made = old.id
    house.clock.forward(minutes=60 * 25)
    ada.come_in()

    page = ada.get("/products")

    offered = [form.action for form in page.forms if form.action.endswith("/revoke")]
    assert offered == [f"/console/products/keys/{made}/revoke"]
    assert "ended" in page.text


def test_a_key_of_a_closed_product_is_no_key_that_works(house: House, ada: Clerk) -> None:
    with house.writing() as session:
        session.get_one(Backend, house.partner.id).closed_at = house.clock.now()
    house.clock.forward(minutes=1)

    page = ada.get("/products")

    assert "ended" in page.text
    assert "works" not in page.text
    assert not [form for form in page.forms if form.action.endswith("/revoke")]


def test_keys_that_ended_hide_none_that_works(house: House, ada: Clerk) -> None:
    now, key = house.clock.now(), _key(house)
    with house.writing() as session:
        session.add_all(
            BackendKey(
                backend_id=house.partner.id,
                prefix=f"over{number:04}",
                hash="x",
                scopes=[],
                created_at=now + timedelta(seconds=1),
                revoked_at=now if number % 2 else None,
                expires_at=None if number % 2 else now,
            )
            for number in range(products.MOST)
        )

    page = ada.get("/products")

    assert f"rk_{key.prefix}_" in page.text
    assert page.html.count("rk_over") == products.MOST - 1
    assert "200 keys are shown, and there are more" in page.text
    with house.writing() as session:
        session.delete(session.exec(select(BackendKey).where(BackendKey.id != key.id)).first())
    assert "and there are more" not in ada.get("/products").text


@pytest.mark.parametrize("more", [0, 1])
def test_products_and_webhooks_that_are_cut_say_so(house: House, ada: Clerk, more: int) -> None:
    now, (_, *others) = house.clock.now(), range(products.MOST + more)
    with house.writing() as session:
        session.add_all(Backend(name=f"p{n}", created_at=now) for n in others)
    for _ in range(products.MOST + more):
        _hook(house)

    page = ada.get("/products")

    assert page.html.count('<section aria-labelledby="product-') == products.MOST
    assert ("200 products are shown, and there are more" in page.text) is bool(more)
    assert ("200 webhooks are shown, and there are more" in page.text) is bool(more)


def test_what_was_given_up_is_sent_again_and_nothing_else(house: House, ada: Clerk) -> None:
    hook = _hook(house, "dead", "delivered", "dead", "waiting")
    other = _hook(house, "dead")

    page = ada.reader.send(ada.get("/products"), f"/webhooks/{hook}/again")

    assert "2 are sent again" in page.text
    assert _states(house, hook) == [
        ("waiting", 0), ("delivered", 7), ("waiting", 0), ("waiting", 7),
    ]  # fmt: skip
    assert _states(house, other) == [("dead", 7)]
    assert ("webhook_sent_again", f"staff:{id_of(house, 'ada')}") in events(house)
    assert ada.force(f"/products/webhooks/{hook}/again").status == 404


def test_a_closed_webhook_is_told_nothing_more(house: House, ada: Clerk) -> None:
    hook = _hook(house, "dead", closed=True)
    page = ada.get("/products")
    assert not [form for form in page.forms if form.action.endswith("/again")]

    assert ada.force(f"/products/webhooks/{hook}/again").status == 404
    assert _states(house, hook) == [("dead", 7)]


@pytest.mark.parametrize("role", ["approver", "auditor", "dpo"])
def test_nobody_else_ends_keys_or_sends_again(house: House, role: str) -> None:
    eve, hook, key = clerk(house, "eve", role), _hook(house, "dead"), _key(house)

    assert eve.get("/products").status == 403
    assert eve.force(f"/products/keys/{key.id}/revoke").status == 403
    assert eve.force(f"/products/webhooks/{hook}/again").status == 403
    assert _key(house).revoked_at is None
    assert _states(house, hook) == [("dead", 7)]
