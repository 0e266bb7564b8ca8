"""A copy is downloaded with a fresh code, by whose it is, in as many pieces as it takes."""

from __future__ import annotations

import pytest

from tests.web.house import ALICE, BOB, House
from tests.web.portal.reader import Page, Reader

CONTENT = bytes(range(256)) * 40


def _ready(house: House, reader: Reader) -> tuple[str, str, Page]:
    made = house.asserted("access", ALICE)
    package = house.package(made["id"], CONTENT)
    reader.enter(ALICE, "mfa")
    house.clock.forward(minutes=11)  # from then on the product's word needs a code beside it
    return made["id"], package, reader.get(f"/portal/requests/{made['id']}")


def test_a_code_opens_it_and_a_download_that_broke_off_goes_on(shop: House, reader: Reader) -> None:
    request_id, package, page = _ready(shop, reader)
    assert "Your copy" in page.text
    page = reader.send(page, f"/packages/{package}/code")

    file = reader.send(page, f"/packages/{package}/open", code=shop.code(request_id, "grant"))

    assert file.response.data == CONTENT
    assert file.response.headers["Content-Disposition"].startswith("attachment")
    path = f"/portal/requests/{request_id}/packages/{package}/content"
    assert reader.path == path
    rest = reader.get(path, Range="bytes=10000-")
    assert (rest.status, rest.response.data) == (206, CONTENT[10000:])
    assert "4 more times" in reader.get(f"/portal/requests/{request_id}").text


@pytest.mark.parametrize(
    ("acr", "minutes", "status"),
    [
        ("mfa", 9, 200),
        ("mfa", 11, 401),
        ("session", 1, 401),
        (None, 1, 401),
    ],
)
def test_the_products_strong_word_is_enough_while_it_is_fresh(
    shop: House, reader: Reader, acr: str | None, minutes: int, status: int
) -> None:
    request_id, package, _ = _ready(shop, reader)
    reader.enter(ALICE, acr)
    shop.clock.forward(minutes=minutes)
    page = reader.get(f"/portal/requests/{request_id}")

    key = reader.get("/portal/ask/access").form("/ask/access").holding()["key"]
    path = f"/portal/requests/{request_id}/packages/{package}/open"
    answer = reader.post(path, {"key": key, "code": ""})

    assert answer.status == status
    assert ("Download the copy" in page.text) is (status == 200)
    assert (answer.response.data == CONTENT) is (status == 200)


def test_a_wrong_code_opens_nothing(shop: House, reader: Reader) -> None:
    request_id, package, page = _ready(shop, reader)
    page = reader.send(page, f"/packages/{package}/code")
    right = shop.code(request_id, "grant")
    wrong = "000000" if right != "000000" else "111111"

    refused = reader.send(page, f"/packages/{package}/open", code=wrong)

    assert refused.status == 401
    assert "wrong, was used already" in refused.text
    for _ in range(4):
        reader.send(page, f"/packages/{package}/open", code=wrong)
    locked = reader.send(page, f"/packages/{package}/open", code=right)
    assert locked.status == 429
    assert int(locked.response.headers["Retry-After"]) > 0
    assert "Too many wrong codes" in locked.text
    path = f"/portal/requests/{request_id}/packages/{package}/content"
    assert reader.get(path).status == 404


def test_no_other_browser_gets_it_and_neither_does_the_session_alone(
    shop: House, reader: Reader
) -> None:
    request_id, package, page = _ready(shop, reader)
    page = reader.send(page, f"/packages/{package}/code")
    reader.send(page, f"/packages/{package}/open", code=shop.code(request_id, "grant"))
    path = f"/portal/requests/{request_id}/packages/{package}/content"

    same, other = Reader(shop), Reader(shop)
    same.enter(ALICE, "mfa")
    other.enter(BOB, "mfa")

    assert same.get(path).status == 404
    assert other.get(path).status == 404
    assert Reader(shop).get(path).status == 401


@pytest.mark.parametrize("what", ["used", "old", "gone"])
def test_a_copy_that_is_no_longer_there_says_so(shop: House, reader: Reader, what: str) -> None:
    request_id, package, page = _ready(shop, reader)
    form = page.form(f"/packages/{package}/code")
    if what == "used":
        sent = reader.send(page, f"{package}/code")
        reader.send(sent, f"/packages/{package}/open", code=shop.code(request_id, "grant"))
        for _ in range(4):
            shop.clock.forward(minutes=2)  # the code is fresh for ten minutes
            reader.send(reader.get(f"/portal/requests/{request_id}"), f"/packages/{package}/open")
    else:
        shop.clock.forward(days=8)
        reader.enter(ALICE, "mfa")

    page = reader.get(f"/portal/requests/{request_id}")

    assert "no longer there" in page.text
    assert form.action not in [one.action for one in page.forms]
