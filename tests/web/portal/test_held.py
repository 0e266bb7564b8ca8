"""What we hold at a glance: asked of the workers, for whom a product vouches."""

from __future__ import annotations

import pytest
from sqlmodel import select

from rights.store.models import Lookup, OutboxMessage
from tests.web.house import ALICE, BOB, House
from tests.web.portal.reader import Reader


def test_it_is_asked_answered_and_shown_in_words(shop: House, reader: Reader) -> None:
    page = reader.enter(ALICE, view="held")
    page = reader.send(page, "/held")
    assert "Looking" in page.text
    assert 'http-equiv="refresh"' in page.html
    path = reader.path
    with shop.reading() as session:
        (message,) = [m for m in session.exec(select(OutboxMessage)) if m.job == "lookup"]
    assert path.endswith(message.args["lookup_id"])

    shop.looked_up(
        {
            "shop.users": {"rows": 1, "restricted": 2},
            "recommender.switches": {"rows": 0},
            "mailer.switches": None,
        },
    )
    page = reader.get(path)

    assert "Contact details" in page.text
    assert "Providing the service" in page.text
    assert "of these kept for the law only: 2" in page.text
    assert "cannot be counted" in page.text
    assert "http-equiv" not in page.html


def test_a_store_that_cannot_answer_is_said_never_nothing(shop: House, reader: Reader) -> None:
    reader.send(reader.enter(ALICE, view="held"), "/held")
    path = reader.path

    shop.looked_up(None, "failed")

    assert "could not answer" in reader.get(path).text


@pytest.mark.parametrize("who", ["other", "typed", "nobody"])
def test_an_answer_is_for_whom_it_was_asked_alone(shop: House, reader: Reader, who: str) -> None:
    reader.send(reader.enter(ALICE, view="held"), "/held")
    path = reader.path
    shop.looked_up({"shop.users": {"rows": 1}})
    other = Reader(shop)
    if who == "nobody":
        other.begin()
    else:
        other.enter(BOB if who == "other" else ALICE, "session" if who == "other" else None)

    assert other.get(path).status == 404


def test_after_a_quarter_of_an_hour_it_is_forgotten(shop: House, reader: Reader) -> None:
    reader.send(reader.enter(ALICE, view="held"), "/held")
    path = reader.path
    shop.clock.forward(minutes=16)

    page = reader.get(path)

    assert page.status == 410
    assert "a quarter of an hour only" in page.text


def test_without_a_products_word_nothing_is_asked(shop: House, reader: Reader) -> None:
    page = reader.enter(ALICE, None, view="held")

    assert "Open this page from your account settings" in page.text
    key = reader.get("/portal/ask/access").form("/ask/access").holding()["key"]
    assert reader.post("/portal/held", {"key": key}).status == 401
    with shop.reading() as session:
        assert session.exec(select(Lookup)).all() == []
