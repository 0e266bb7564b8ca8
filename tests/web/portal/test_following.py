"""One request on one page: proof, progress, what is missing, cancelling, and whose it is."""

from __future__ import annotations

import re
from typing import Any

import orjson
import pytest
from sqlmodel import select

from rights.domain.kinds import Kind
from rights.domain.lifecycle import Event, State, Wait
from rights.services import requests as lifecycle
from rights.store.ids import new_id
from rights.store.models import ReceiptRow, Request
from tests.web.house import ALICE, BOB, House
from tests.web.portal.reader import Page, Reader

EVE = "eve@example.com"


def ask(reader: Reader, kind: str, **said: Any) -> Page:
    return reader.send(reader.get(f"/portal/ask/{kind}"), f"/ask/{kind}", **said)


def only(house: House) -> Request:
    with house.reading() as session:
        found: Request = session.exec(select(Request)).one()
    return found


def close(house: House, request_id: str, happened: str = "not_found", **more: Any) -> None:
    """End a request as its worker would, with a receipt."""
    line = {
        "store": "shop",
        "collection": "users",
        "action": "erase",
        "categories": ["contact", "profile"],
        "happened": [happened],
        "at": house.clock.now().isoformat(),
        "affected": 1200,
        "retained": 3,
        "because": "E-Commerce Law Art. 31",
        "until": "2029-11-30",
        "missing": "",
        **more,
    }
    body = orjson.dumps({"outcome": [line], "zh": {"E-Commerce Law Art. 31": "电商法第31条"}})
    with house.writing() as session:
        request = session.get_one(Request, request_id)
        request.level = max(request.level, 0)
        lifecycle.record(session, request, Event.COMPLETED, actor="system", now=house.clock.now())
        session.add(
            ReceiptRow(
                request_id=request_id,
                body=body.decode(),
                key_id="s1",
                signature="c2ln",
                created_at=house.clock.now(),
            )
        )


def test_a_code_by_mail_starts_the_work(shop: House, reader: Reader) -> None:
    reader.enter(ALICE)
    page = ask(reader, "deletion")
    assert "Waiting for your proof" in page.text

    page = reader.send(page, "/proof", code=shop.code(only(shop).id))

    assert only(shop).state is State.IN_PROGRESS
    assert "Being worked on" in page.text
    assert "Proved; work begins" in page.text


def test_the_token_of_the_mail_does_too(shop: House, reader: Reader) -> None:
    reader.begin()
    page = ask(reader, "restriction", who__email=EVE)

    with shop.reading() as session:
        from rights.services import verification  # noqa: PLC0415 - only here
        from rights.store.models import Challenge  # noqa: PLC0415 - only here

        row = session.exec(select(Challenge)).one()
        token = verification.token_of(shop.context, row)
    page = reader.send(page, "/proof", code=f" {token} ")

    assert page.status == 200
    assert only(shop).state is State.IN_PROGRESS


def test_a_wrong_code_is_said_and_the_sixth_try_is_for_nothing(shop: House, reader: Reader) -> None:
    reader.enter(ALICE)
    page = ask(reader, "deletion")
    right = shop.code(only(shop).id)
    wrong = "000000" if right != "000000" else "111111"

    for _ in range(5):
        page = reader.send(page, "/proof", code=wrong)
        assert page.status == 401
        assert "wrong, was used already, or is too old" in page.text
    again = reader.send(page, "/proof", code=right)

    assert again.status == 429
    assert int(again.response.headers["Retry-After"]) == 15 * 60
    assert "Too many wrong codes" in again.text
    assert "open this page from your account settings" in again.text
    assert only(shop).state is State.VERIFYING
    shop.clock.forward(minutes=16)
    page = reader.send(page, "/code")
    assert "A code is on its way" in page.text
    reader.send(page, "/proof", code=shop.code(only(shop).id))
    assert only(shop).state is State.IN_PROGRESS


def test_a_code_too_soon_after_another_is_told_to_wait(shop: House, reader: Reader) -> None:
    reader.enter(ALICE)
    page = ask(reader, "deletion")

    page = reader.send(page, "/code")

    assert page.status == 429
    assert int(page.response.headers["Retry-After"]) > 0
    assert "wait a moment" in page.text


def test_an_address_for_the_code_can_be_added(shop: House, reader: Reader) -> None:
    reader.begin()
    page = ask(reader, "restriction", who__phone="+8613800138000")
    assert "not given an address" in page.text

    page = reader.send(page, "/information", who__email=EVE)
    assert page.status == 200
    reader.send(page, "/proof", code=shop.code(only(shop).id))

    assert only(shop).state is State.IN_PROGRESS


def test_what_is_missing_is_asked_for_and_work_goes_on(shop: House, reader: Reader) -> None:
    reader.enter(ALICE)
    page = ask(reader, "correction", correct__text="my name is wrong")
    with shop.writing() as session:
        request = session.exec(select(Request)).one()
        lifecycle.record(session, request, Event.HELD, actor="system", now=shop.clock.now())
        request.wait = Wait.NEEDS_INFO
    page = reader.get(reader.path)
    assert "This is missing" in page.text
    assert "We need something from you" in page.text

    empty = reader.send(page, "/information")
    assert empty.status == 422
    assert "Please fill in" in empty.text
    said = {"changes__1__field": "shop.users.nickname", "changes__1__value": "Ali"}
    page = reader.send(empty, "/information", **said)

    assert page.status == 200
    assert (only(shop).state, only(shop).needs) == (State.IN_PROGRESS, [])


@pytest.mark.requirement("R-23-10")
def test_it_can_be_cancelled_until_something_cannot_be_undone(shop: House, reader: Reader) -> None:
    reader.enter(ALICE)
    first = ask(reader, "restriction")
    page = reader.send(first, "/cancel")
    assert "Cancelled by you" in page.text
    assert not any(form.action.endswith("/cancel") for form in page.forms)

    ask(reader, "restriction", restrict__purposes=["newsletter"])
    path = reader.path
    page = reader.get(path)
    with shop.writing() as session:
        request = session.get_one(Request, path.rpartition("/")[2])
        request.irreversible_at = shop.clock.now()
    late = reader.send(page, "/cancel")

    assert late.status == 409
    assert "can no longer be cancelled" in late.text
    assert "can no longer be cancelled" in reader.get(path).text


@pytest.mark.requirement("R-23-10:bad")
def test_another_persons_page_and_no_page_are_the_same_page(shop: House, reader: Reader) -> None:
    theirs = Reader(shop)
    theirs.enter(BOB)
    ask(theirs, "restriction")
    path = theirs.path
    visitor = Reader(shop)
    visitor.begin()
    reader.enter(ALICE)

    for one in (reader, visitor):
        missing = f"/portal/requests/{new_id()}"
        none = one.get(missing)
        assert none.status == 404
        for suffix in ("", "/live", "/receipt"):
            page = one.get(path + suffix)
            there = (page.status, page.html.replace(path + suffix, ""))
            assert there == (404, none.html.replace(missing, ""))
        for action in ("/cancel", "/code", "/proof", "/information"):
            key = {"key": one.get("/portal/ask/access").form("/ask/access").holding()["key"]}
            assert one.post(path + action, key).status == 404


@pytest.mark.requirement("R-23-10")
def test_a_thousand_references_and_somebody_elses_are_the_same_answer(
    shop: House, reader: Reader
) -> None:
    theirs = shop.asserted("access", BOB)["id"]
    reader.enter(ALICE)

    seen = set()
    for reference in (theirs, *(new_id() for _ in range(1000))):
        answer = reader.client.get(
            f"/portal/requests/{reference}", headers={"Accept-Language": "en"}
        )
        seen.add((answer.status_code, answer.text.replace(reference, "")))

    assert {status for status, _ in seen} == {404}
    assert len(seen) == 1


def test_the_page_tells_what_was_done_and_gives_the_receipt(shop: House, reader: Reader) -> None:
    reader.enter(ALICE, "mfa")
    page = ask(reader, "restriction")
    made = only(shop)

    close(shop, made.id, "restricted")
    page = reader.get(f"/portal/requests/{made.id}")

    assert "Done" in page.text
    assert "locked away, used for nothing else" in page.text
    assert "1,200" in page.text
    assert "3 kept until" in page.text
    assert "E-Commerce Law Art. 31" in page.text
    file = reader.get(f"/portal/requests/{made.id}/receipt")
    assert file.response.headers["Content-Disposition"].startswith("attachment")
    assert orjson.loads(file.response.data)["request_id"] == made.id
    check = reader.get("/portal/receipt-check")
    assert "attachment" in check.response.headers["Content-Disposition"]
    chinese = reader.get(f"/portal/requests/{made.id}?lang=zh-CN")
    assert "电商法第31条" in chinese.text
    assert "已封存" in chinese.text


@pytest.mark.requirement("R-NEG-25")
def test_who_only_typed_an_address_learns_nothing_from_the_answer(shop: House) -> None:
    pages = []
    for happened in ("not_found", "switched_off"):
        reader = Reader(shop)
        reader.begin()
        ask(reader, "recommendation_opt_out", who__email=f"{happened}@example.com")
        path = reader.path
        close(shop, path.rpartition("/")[2], happened)
        page = reader.get(path)
        assert reader.get(f"{path}/receipt").status == 404
        html = page.html.replace(path.rpartition("/")[2], "")
        pages.append(re.sub(r'name="(key|once)" value="[^"]+"', "", html))

    assert "What was done" not in pages[0]
    assert pages[0] == pages[1]


def test_the_part_that_lives_is_the_same_as_on_the_page(shop: House, reader: Reader) -> None:
    reader.enter(ALICE)
    page = ask(reader, "restriction")
    path = reader.path

    part = reader.get(f"{path}/live")

    assert part.response.headers["Rights-State"] == "in_progress"
    for piece in part.html.split("</section>")[:2]:
        assert piece.strip() in page.html
    assert f'data-live="{path}/live"' in page.html
    assert '<noscript><meta http-equiv="refresh"' in page.html


def test_every_request_of_the_person_is_on_the_first_page(shop: House, reader: Reader) -> None:
    shop.asserted("access", ALICE)
    shop.asserted("access", BOB)
    reader.enter(ALICE)
    ask(reader, "explanation")

    home = reader.get("/portal/")

    found = [link for link in home.links if "/requests/" in link]
    assert len(found) == 2
    assert "answer by" in home.text


@pytest.mark.parametrize("kind", [k for k in Kind if k is not Kind.PORTABILITY])
def test_a_page_says_until_when_it_is_answered(shop: House, reader: Reader, kind: Kind) -> None:
    page = reader.enter(ALICE, view=str(kind))

    assert "You get an answer by" in page.text or "takes effect at once" in page.text
    assert "You need not give a reason" in page.text


@pytest.mark.parametrize(
    ("language", "reason", "article"),
    [
        ("en", "It is needed to comply with a legal obligation", "GDPR, Art. 17(3)(b)"),
        ("zh-CN", "为履行法律义务或者执行公共任务所必需", "第十七条第三款第 b 项"),
    ],
)
def test_what_is_kept_is_shown_with_the_exception_of_the_law(
    shop: House, language: str, reason: str, article: str
) -> None:
    reader = Reader(shop, language)
    reader.enter(ALICE, "mfa")
    page = ask(reader, "deletion")
    law = {"zh": "《通用数据保护条例》第十七条第三款第 b 项", "en": "GDPR, Art. 17(3)(b)"}
    assert reason not in page.text
    close(shop, only(shop).id, "restricted", exempt=["kept_by_legal_obligation"], law=[law])

    shown = reader.get(f"/portal/requests/{only(shop).id}")

    assert reason in shown.text
    assert article in shown.text
