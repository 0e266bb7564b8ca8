"""A cancellation of one product: over the API, in the portal, and in the letter about it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rights.services.notices import queue
from tests.web.correspondence import request_of
from tests.web.house import ALICE, House
from tests.workflows.desk import text_of
from workflows.embedded.smtp import Sink
from workflows.notices.send import send_due


@pytest.fixture
def office(furnished: Callable[..., House], smtp_sink: Sink) -> House:
    return furnished(smtp_host=smtp_sink.host, smtp_port=smtp_sink.port)


def _cancelling(house: House, *products: str) -> Any:
    word = house.partner.assertion(ALICE, house.clock.now(), "mfa")
    wish = {"kind": "account_cancellation", "parameters": {"products": [*products]}}
    return house.post("/v1/requests", {**wish, "assertion": word, "locale": "en"})


@pytest.mark.requirement("R-NEG-10")
def test_each_product_is_a_request_of_its_own(house: House) -> None:
    first, other = _cancelling(house, "mall"), _cancelling(house, "post")
    again = _cancelling(house, "mall")

    assert (first.status_code, other.status_code, again.status_code) == (201, 201, 200)
    assert again.json["id"] == first.json["id"] != other.json["id"]
    assert request_of(house, first.json["id"]).parameters == {"products": ["mall"]}


def test_what_is_no_product_is_named_with_those_there_are(house: House) -> None:
    wrong = _cancelling(house, "mal")

    assert wrong.status_code == 422
    (error,) = wrong.json["errors"]
    assert error["field"] == "parameters.products.0"
    assert error["allowed"] == ["mall", "post"]


def test_the_letter_says_that_it_is_about_one_product(office: House, smtp_sink: Sink) -> None:
    made = _cancelling(office, "mall")
    with office.writing() as session:
        queue(session, made.json["id"], "received", now=office.clock.now())
    send_due(office.engine, office.context, office.clock.now)

    letters = [text_of(one) for one in smtp_sink.messages]
    assert any("Only these products: The mall" in text for text in letters)
