"""Another proof beside the code: what the page offers, compares and says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from sqlmodel import Session, select

from rights.domain.lifecycle import State
from rights.services import backends, matching
from rights.services.matching import Found
from rights.store.models import Entry, Lookup, ProofTry, Request
from tests.web.house import House
from tests.web.portal.reader import SHOP, Page, Reader
from tests.web.portal.test_following import EVE, ask, close, only
from tests.workflows.facts_shop import ANN, ANN_BY_NAME, BORN, CITY, MAP

FILLED = {"filled": [BORN, CITY, "shop.users.name", "shop.users.id_number"]}


@pytest.fixture
def shop(furnished: Callable[..., House], tmp_path: Path) -> House:
    file = tmp_path / "map.yaml"
    file.write_text(MAP, encoding="utf-8")
    house = furnished(datamap=file)
    with house.writing() as session:
        backends.allow_origins(session, "shop", [SHOP], now=house.clock.now())
    return house


@pytest.fixture
def reader(shop: House) -> Reader:
    return Reader(shop)


def coded(reader: Reader, kind: str = "copy") -> Page:
    """Ask without an account, and answer the code."""
    reader.begin()
    page = ask(reader, kind, who__email=EVE)
    return reader.send(page, "/proof", code=reader.house.code(only(reader.house).id))


def looked(reader: Reader) -> Page:
    """The worker has looked which marked fields are filled."""
    reader.house.looked_up(FILLED)
    return reader.get(f"/portal/requests/{only(reader.house).id}")


def facts(values: dict[str, str]) -> dict[str, str]:
    return {f"fact.{path}".replace(".", "__"): value for path, value in values.items()}


def compared(house: House, *, enough: bool | None) -> None:
    """Decide the comparison that waits, as the worker does."""
    with house.writing() as session:
        row = waiting(session)
        row.state = "failed" if enough is None else "answered"
        if enough is not None:
            said = orjson.dumps({"enough": int(enough)})
            row.sealed_answer = house.context.vault.seal(said, aad=f"lookup|{row.id}|answer")
        found = Found(enough, (BORN, CITY) if enough else ())
        matching.settle(session, house.context, row, found, now=house.clock.now())


def waiting(session: Session) -> Lookup:
    query = select(Lookup).where(Lookup.state == "waiting", Lookup.question == "match")
    return session.exec(query).one()


def give(reader: Reader, page: Page, values: dict[str, str] | None = None) -> Page:
    return reader.send(page, "/ways/known_facts", **facts(values or ANN))


def test_before_the_code_nothing_depends_on_a_person(reader: Reader) -> None:
    reader.begin()
    page = ask(reader, "copy", who__email=EVE)

    assert "After the code we show which further ways there are" in page.text
    assert "Date of birth" not in page.text
    assert [f for f in page.forms if "/ways" in f.action] == []


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_a_code_and_two_details_start_the_work(shop: House, language: str) -> None:
    reader = Reader(shop, language)
    page = coded(reader)
    assert ("Looking which ways" if language == "en" else "正在查看") in page.text
    assert 'http-equiv="refresh"' in page.html

    page = looked(reader)
    assert ("Date of birth" if language == "en" else "出生日期") in page.text
    page = give(reader, page)
    assert ("Comparing" if language == "en" else "正在核对") in page.text
    compared(shop, enough=True)
    page = reader.get(reader.path)

    assert only(shop).state is State.IN_PROGRESS
    assert ("Being worked on" if language == "en" else "正在处理") in page.text
    assert 'id="ways"' not in page.html


def test_what_is_wrong_is_never_told_which(shop: House, reader: Reader) -> None:
    coded(reader)
    give(reader, looked(reader), {BORN: "1990-02-01", CITY: "Nowhere-at-all"})
    compared(shop, enough=False)

    page = reader.get(reader.path)

    assert "That was not enough. We do not say which detail was right." in page.text
    assert "Nowhere-at-all" not in page.html
    assert only(shop).state is State.VERIFYING


def test_a_store_that_is_down_is_said_and_costs_no_try(shop: House, reader: Reader) -> None:
    coded(reader)
    page = looked(reader)
    for _ in range(4):
        give(reader, page)
        compared(shop, enough=None)
    page = reader.get(reader.path)

    assert "could not be asked" in page.text
    assert "not counted as a try" in page.text
    assert give(reader, page).status == 200


def test_the_fourth_try_is_for_tomorrow_and_other_ways_stay(shop: House, reader: Reader) -> None:
    coded(reader)
    page = looked(reader)
    for _ in range(3):
        give(reader, page)
        compared(shop, enough=False)

    page = give(reader, page)

    assert page.status == 429
    assert 0 < int(page.response.headers["Retry-After"]) <= 86_400
    assert "too often today" in page.text
    assert "sign in to the product" in page.text


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "two different details"),
        ({BORN: "1990-02-01"}, "two different details"),
        ({BORN: "1990-02-01", CITY: "   "}, "two different details"),
        ({BORN: "1990-02-01", CITY: "19900201"}, "two different details"),
        ({BORN: "01/02/1990", CITY: "Shanghai"}, "year-month-day: Date of birth"),
        ({BORN: "1990-02-01", CITY: "\u200b\u202e"}, "Please check: City"),
        ({BORN: "1990-02-01", CITY: "海" * 10_000}, "Please check: City"),
    ],
)
def test_what_cannot_be_compared_is_said_and_costs_no_try(
    shop: House, reader: Reader, values: dict[str, str], said: str
) -> None:
    coded(reader)
    page = looked(reader)

    page = reader.send(page, "/ways/known_facts", **facts(values))

    assert page.status == 422
    assert said in page.text
    with shop.reading() as session:
        assert session.exec(select(ProofTry)).all() == []


def test_what_was_typed_is_in_no_address_and_no_entry(shop: House, reader: Reader) -> None:
    coded(reader)
    page = give(reader, looked(reader), {BORN: "1901-05-06", CITY: "Atlantis"})

    with shop.reading() as session:
        entries = str([e.data for e in session.exec(select(Entry))])
        sealed = b"".join(r.sealed_input for r in session.exec(select(Lookup)))
    assert "Atlantis" not in page.html + entries + reader.path
    assert b"Atlantis" not in sealed


def test_a_real_name_is_asked_for_last_and_only_where_it_is_needed(
    shop: House, reader: Reader
) -> None:
    coded(reader, "portability")
    page = looked(reader)
    assert "Your real name and the number of your identity card" in page.text
    assert not any(f.action.endswith("/ways/real_name") for f in page.forms)
    give(reader, page)
    compared(shop, enough=True)
    page = reader.get(reader.path)
    assert only(shop).level == 2
    assert not any(f.action.endswith("/ways/known_facts") for f in page.forms)

    page = reader.send(page, "/ways/real_name", **ANN_BY_NAME)
    compared(shop, enough=True)

    assert (only(shop).level, only(shop).state) == (3, State.IN_PROGRESS)


def test_nothing_more_is_asked_where_a_code_is_enough(shop: House, reader: Reader) -> None:
    reader.begin()
    page = ask(reader, "restriction", who__email=EVE)

    assert 'id="ways"' not in page.html
    key = page.form("/proof").holding()["key"]
    reply = reader.post(f"{reader.path}/ways/known_facts", {"key": key, **_plain(ANN)})
    assert reply.status == 401


def _plain(values: dict[str, str]) -> dict[str, str]:
    return {f"fact.{path}": value for path, value in values.items()}


def test_whoever_answered_no_code_here_sees_and_compares_nothing(
    shop: House, reader: Reader
) -> None:
    """Somebody else typed the same address, and the person answers the code elsewhere."""
    page = coded(reader)
    looked(reader)
    thief = Reader(shop)
    thief.begin()
    mine = ask(thief, "copy", who__email=EVE)
    key = mine.form("/proof").holding()["key"]
    with shop.reading() as session:
        made = session.exec(select(Request.id)).all()
    (theirs,) = (one for one in made if one in thief.path)
    (hers,) = (one for one in made if one in reader.path)
    with shop.writing() as session:  # the person answers that code too, in another browser
        session.get_one(Request, theirs).level = 1

    page = thief.get(f"/portal/requests/{theirs}")
    assert "Date of birth" not in page.text
    tried = thief.post(f"/portal/requests/{theirs}/ways/known_facts", {"key": key, **_plain(ANN)})
    assert tried.status == 401
    assert thief.get(f"/portal/requests/{hers}").status == 404


def test_a_copy_opens_with_a_code_where_the_details_were_given_and_nowhere_else(
    shop: House, reader: Reader
) -> None:
    coded(reader)
    give(reader, looked(reader))
    compared(shop, enough=True)
    reader.get(reader.path)
    request_id = only(shop).id
    close(shop, request_id, "disclosed")
    shop.package(request_id, b"PK-the-copy")
    shop.clock.forward(minutes=11)  # what was proved a moment ago would open it by itself

    page = reader.get(f"/portal/requests/{request_id}")
    page = reader.send(page, "/code")
    code = shop.code(request_id, "grant")
    got = reader.send(page, "/open", code=code)
    assert got.response.data == b"PK-the-copy"

    other = Reader(shop)  # whoever reads the mail box, and knows the reference
    other.begin()
    found = other.send(other.get("/portal/find"), "/find", reference=request_id)
    page = other.send(
        found, "/find/open", reference=request_id, code=shop.code(request_id, "visit")
    )
    assert "Your copy" not in page.text
    assert not any(form.action.endswith("/open") for form in page.forms)
    shop.clock.forward(minutes=16)
    page = other.send(other.get(other.path), "/ways")
    shop.looked_up(FILLED)
    give(other, other.get(other.path))
    compared(shop, enough=True)
    page = other.get(other.path)
    assert "Your copy" in page.text


def test_after_an_hour_the_details_open_no_copy_any_more(shop: House, reader: Reader) -> None:
    coded(reader)
    give(reader, looked(reader))
    compared(shop, enough=True)
    reader.get(reader.path)
    request_id = only(shop).id
    close(shop, request_id, "disclosed")
    package = shop.package(request_id, b"PK-the-copy")
    with shop.writing() as session:
        for row in session.exec(select(ProofTry)):
            row.at = shop.clock.now().replace(year=2020)
            session.add(row)
    page = reader.get(reader.path)

    assert not any(form.action.endswith("/open") for form in page.forms)
    key = page.form("/ways/known_facts").holding()["key"]
    sent = reader.post(f"{reader.path}/packages/{package}/code", {"key": key})
    assert sent.status == 200
    code = shop.code(request_id, "grant")
    refused = reader.post(f"{reader.path}/packages/{package}/open", {"key": key, "code": code})
    assert refused.status == 401
