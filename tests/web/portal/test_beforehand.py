"""What would happen, and what is there now, in words, for whom a product vouches."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from sqlmodel import select

from rights.services import notes
from rights.store.models import Lookup, Request
from tests.web.house import ALICE, BOB, House
from tests.web.portal.reader import Page, Reader

HELD = {
    "what": "held",
    "rows": 3,
    "code": "statutory_retention",
    "basis": "E-Commerce Law 31",
    "rank": "law",
    "until": "2029-11-30",
}
FORESEEN = {
    "collections": [
        {
            "store": "shop",
            "collection": "users",
            "action": "erase",
            "deleted": 1200,
            "anonymised": 1,
            "held": 3,
            "reasons": [HELD],
        },
        {"store": "mailer", "collection": "switches", "action": "suppress", "rows": 1},
    ],
    "unknown": ["recommender.switches"],
    "unsettled": [],
}

BY_PRODUCT: dict[str, Any] = {
    "collections": [
        {"store": store, "collection": name, "action": "erase", "deleted": 4, "reasons": []}
        for store, name in (("recommender", "tags"), ("mailer", "switches"), ("shop", "users"))
    ],
    "unknown": [],
    "unsettled": ["shop.orders"],
}


def _asked(shop: House, reader: Reader, acr: str = "session") -> Page:
    page = reader.enter(ALICE, acr, view="deletion")
    return reader.send(page, "/beforehand/deletion")


def test_what_would_go_and_what_would_stay_is_said_with_why_and_until_when(
    shop: House, reader: Reader
) -> None:
    page = _asked(shop, reader)
    assert "Looking" in page.text
    path = reader.path
    shop.looked_up(FORESEEN)

    page = reader.get(path)

    for said in (
        "1,200 deleted",
        "1 made anonymous",
        "3 locked away",
        "Why it stays: E-Commerce Law 31. Until November 30, 2029 at the latest",
        "Not known beforehand: recommender: switches",
        "You may want a copy first",
    ):
        assert said in page.text, said
    assert "/portal/ask/deletion" in page.links
    with shop.reading() as session:
        row = session.exec(select(Lookup)).one()
        assert session.exec(select(Request)).all() == []
    sealed = shop.context.vault.open(row.sealed_input, aad=f"lookup|{row.id}|input")
    assert orjson.loads(sealed)["about"] == {"kind": "deletion", "option": "delete", "regimes": []}


def test_when_it_cannot_be_told_one_can_go_on_all_the_same(shop: House, reader: Reader) -> None:
    _asked(shop, reader)
    path = reader.path
    shop.looked_up(None, "failed")

    page = reader.get(path)

    assert "You can ask all the same" in page.text
    assert "/portal/ask/deletion" in page.links


def test_what_is_not_known_is_never_said_to_be_nothing(shop: House, reader: Reader) -> None:
    _asked(shop, reader)
    path = reader.path
    shop.looked_up({"collections": [], "unknown": ["recommender.switches"]})

    text = reader.get(path).text
    assert "Not known beforehand" in text
    assert "nothing of yours" not in text


def test_nothing_there_is_said_as_that(shop: House, reader: Reader) -> None:
    _asked(shop, reader)
    path = reader.path
    shop.looked_up({"collections": [], "unknown": []})

    assert "nothing of yours that this would change" in reader.get(path).text


def test_the_answer_is_for_one_person_and_one_page(shop: House, reader: Reader) -> None:
    _asked(shop, reader)
    path = reader.path
    shop.looked_up(FORESEEN)
    other = Reader(shop)
    other.enter(BOB)

    assert other.get(path).status == 404
    assert reader.get(path.replace("/beforehand/deletion/", "/held/")).status == 404
    assert reader.get(path.replace("deletion", "access")).status == 404


@pytest.mark.parametrize(("acr", "values"), [("session", False), ("mfa", True), (None, False)])
def test_values_are_offered_to_whom_is_surely_known(
    reader: Reader, acr: str | None, *, values: bool
) -> None:
    page = reader.enter(ALICE, acr, view="correction")

    assert any(form.action.endswith("/values") for form in page.forms) is values
    key = page.form("/ask/correction").holding()["key"]
    assert reader.post("/portal/values", {"key": key}).status == (200 if values else 401)


def test_a_correction_is_made_beside_what_is_there_now(shop: House, reader: Reader) -> None:
    page = reader.enter(ALICE, "mfa", view="correction")
    reader.send(page, "/values")
    path = reader.path
    now = {
        "shop.users.email": ["alice@example.com"],
        "shop.users.nickname": ["<b>Al</b>"],
        "shop.users.birthday": [None],
        "shop.users.verdict": ["none"],
    }
    shop.looked_up(now)

    page = reader.get(path)
    assert "alice@example.com" in page.text
    assert "&lt;b&gt;Al" in page.html
    assert "(empty)" in page.text
    assert "court records are changed by the court" in page.text
    form = page.form("/ask/correction")
    fields = {value: name for name, value in form.fields if value in now}
    assert "shop.users.verdict" not in fields
    typed = fields["shop.users.nickname"].replace(".field", ".value").replace(".", "__")
    page = reader.send(page, "/ask/correction", **{typed: "Ali"})

    assert page.status == 200, page.text
    with shop.reading() as session:
        request = session.exec(select(Request)).one()
        (kept,) = notes.read(session, shop.context.vault, request.id, "values")
    assert kept == {"changes": [{"field": "shop.users.nickname", "value": "Ali"}]}


def test_many_corrections_at_once_are_kept_when_one_is_wrong(reader: Reader) -> None:
    page = reader.enter(ALICE, view="correction")
    said: dict[str, Any] = {"option": "correct"}
    for number in range(1, 7):
        said[f"correct__changes__{number}__field"] = "shop.users.birthday"
        said[f"correct__changes__{number}__value"] = "1990-01-01" if number < 6 else "then"

    page = reader.send(page, "/ask/correction", **said)

    assert page.status == 422
    kept = page.form("/ask/correction").holding()
    assert kept["correct.changes.6.value"] == ["then"]


def test_a_record_of_very_many_fields_loses_none(shop: House, reader: Reader) -> None:
    page = reader.enter(ALICE, "mfa", view="correction")
    form = page.form("/ask/correction").holding(option="correct")
    for number in range(1, 400):
        form[f"correct.changes.{number}.field"] = ["shop.users.nickname"]
        form[f"correct.changes.{number}.value"] = ["Ali" if number == 399 else ""]

    assert reader.post("/portal/ask/correction", form).status == 200
    with shop.reading() as session:
        request = session.exec(select(Request)).one()
        (kept,) = notes.read(session, shop.context.vault, request.id, "values")
    assert kept == {"changes": [{"field": "shop.users.nickname", "value": "Ali"}]}


def test_more_corrections_than_a_request_takes_are_refused_and_shown(
    shop: House, reader: Reader
) -> None:
    page = reader.enter(ALICE, "mfa", view="correction")
    form = page.form("/ask/correction").holding(option="correct")
    for number in range(1, 121):
        form[f"correct.changes.{number}.field"] = ["shop.users.nickname"]
        form[f"correct.changes.{number}.value"] = [f"Ali {number}"]

    page = reader.post("/portal/ask/correction", form)

    assert page.status == 422
    assert page.form("/ask/correction").holding()["correct.changes.120.value"] == ["Ali 120"]


@pytest.mark.requirement("R-APP6-2")
def test_beforehand_each_product_is_told_apart_with_what_is_not_settled_and_a_way_to_settle_it(
    shop: House, reader: Reader
) -> None:
    page = reader.enter(ALICE, "mfa", view="account_cancellation")
    reader.send(page, "/beforehand/account_cancellation")
    path = reader.path
    shop.looked_up(BY_PRODUCT)

    page = reader.get(path)

    at = [page.text.index(words) for words in ("The mall", "The mail service", "Shared by several")]
    assert at == sorted(at)
    assert "https://shop.example/orders" in page.links
    assert "Open orders" in page.text
    only = next(link for link in page.links if link.endswith("?products=mall"))
    form = reader.get(only).form("/ask/account_cancellation")
    assert ("all.products", "mall") in form.fields
    sent = reader.post(form.action, form.holding())
    assert "Only these products: The mall. The account and the rest stay." in sent.text
