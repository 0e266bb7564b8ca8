"""A person without an account proves two contacts, one after the other, in one visit."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlmodel import select

from rights.domain.lifecycle import State
from rights.store.models import Challenge, PortalSession, Request
from tests.web.house import ALICE, House
from tests.web.portal.reader import Page, Reader
from tests.web.portal.test_following import EVE, ask, close
from tests.web.test_contacts import PHONE, SMS, code_to, wrong

BOTH = {"who__email": EVE, "who__phone": PHONE}


@pytest.fixture
def texting(furnished: Callable[..., House]) -> House:
    return furnished(**SMS)


@pytest.fixture
def reader(texting: House) -> Reader:
    made = Reader(texting)
    made.begin()
    return made


def last(house: House) -> Request:
    with house.reading() as session:
        found = session.exec(select(Request)).all()
    newest: Request = max(found, key=lambda one: one.received_at)
    return newest


def buttons(page: Page) -> list[str]:
    """Return what the buttons say that send a code."""
    words = ("Send a code by e-mail", "Send a code by text message", "Send a new code")
    return [one for one in words if one in page.text]


def enter(reader: Reader, page: Page, to: str, purpose: str = "request", **said: Any) -> Page:
    made = last(reader.house)
    return reader.send(page, "/proof", code=code_to(reader.house, made.id, to, purpose), **said)


def find(reader: Reader, reference: str, to: str = "") -> Page:
    """Find a request again by a code to one of its contacts."""
    page = reader.send(reader.get("/portal/find"), "/find", reference=reference, to=to)
    code = code_to(reader.house, reference, to or "email", "visit")
    return reader.send(page, "/find/open", code=code)


def test_two_contacts_start_a_copy_and_the_visit_reads_its_answer(
    texting: House, reader: Reader
) -> None:
    page = ask(reader, "copy", **BOTH)
    assert "needs two proofs" in page.text
    assert buttons(page) == ["Send a code by e-mail", "Send a code by text message"]
    assert EVE not in page.html
    assert "13800138000" not in page.html

    page = enter(reader, page, "email")
    assert "The first proof is done" in page.text
    assert buttons(page) == ["Send a code by text message"]
    assert not any(form.action.endswith("/proof") for form in page.forms)
    page = reader.send(page, "/code", to="phone")
    page = enter(reader, page, "phone")

    made = last(texting)
    assert (made.state, made.level) == (State.IN_PROGRESS, 2)
    assert "Being worked on" in page.text
    close(texting, made.id, "disclosed")
    assert "What was done" in reader.get(reader.path).text
    assert reader.get(f"/portal/requests/{made.id}/receipt").status == 200


def test_the_other_contact_can_be_added_and_gets_its_code_at_once(
    texting: House, reader: Reader
) -> None:
    page = ask(reader, "deletion", who__email=EVE)
    assert "Add another way to reach you" in page.text
    page = enter(reader, page, "email")

    page = reader.send(page, "/information", who__phone="138 0013 8000")
    page = enter(reader, page, "phone")

    assert (last(texting).state, last(texting).level) == (State.IN_PROGRESS, 2)
    assert "Being worked on" in page.text


def test_a_contact_added_before_the_first_code_is_answered_waits_for_its_button(
    texting: House, reader: Reader
) -> None:
    page = ask(reader, "deletion", who__phone=PHONE)

    page = reader.send(page, "/information", who__email=EVE)

    assert len(buttons(page)) == 2
    page = enter(reader, page, "phone")
    page = reader.send(page, "/code", to="email")
    enter(reader, page, "email")
    assert last(texting).state is State.IN_PROGRESS


def test_with_one_proof_of_a_moment_ago_the_second_code_goes_out_at_once(
    texting: House, reader: Reader
) -> None:
    page = ask(reader, "restriction", who__email=EVE)
    enter(reader, page, "email")
    texting.clock.forward(seconds=1)

    page = ask(reader, "copy", **BOTH)

    assert "The first proof is done" in page.text
    assert (last(texting).state, last(texting).level) == (State.VERIFYING, 1)
    page = enter(reader, page, "phone")
    assert (last(texting).state, last(texting).level) == (State.IN_PROGRESS, 2)
    close(texting, last(texting).id, "disclosed")
    assert "What was done" in reader.get(f"/portal/requests/{last(texting).id}").text


def test_one_contact_twice_is_not_two(texting: House, reader: Reader) -> None:
    page = ask(reader, "copy", **BOTH)
    page = enter(reader, page, "email")
    key = page.form("/code").holding()["key"]
    path = reader.path
    reader.post(f"{path}/code", {"key": key, "to": "email"})

    code = code_to(texting, last(texting).id, "email")
    page = reader.post(f"{path}/proof", {"key": key, "code": code})

    assert page.status == 200
    assert (last(texting).state, last(texting).level) == (State.VERIFYING, 1)
    with texting.reading() as session:
        (row,) = session.exec(select(PortalSession)).all()
    assert row.requests[last(texting).id][0] == 1


def test_each_code_is_worth_its_level_to_the_browser_it_was_answered_in(
    texting: House, reader: Reader
) -> None:
    page = ask(reader, "copy", **BOTH)
    made = last(texting)
    enter(reader, page, "email")
    texting.post(f"/v1/requests/{made.id}/verification", {"to": "phone"})
    code = code_to(texting, made.id, "phone")
    texting.post(f"/v1/requests/{made.id}/verification/answer", {"code": code})
    close(texting, made.id, "disclosed")

    page = reader.get(f"/portal/requests/{made.id}")

    assert last(texting).level == 2
    assert "What was done" not in page.text
    assert reader.get(f"/portal/requests/{made.id}/receipt").status == 404


def test_an_answer_that_needs_two_is_found_again_with_two(texting: House, reader: Reader) -> None:
    page = ask(reader, "copy", **BOTH)
    page = enter(reader, page, "email")
    enter(reader, reader.send(page, "/code", to="phone"), "phone")
    made = last(texting)
    close(texting, made.id, "disclosed")
    later = Reader(texting)
    later.begin()

    page = find(later, made.id)
    assert "What was done" not in page.text
    assert "prove once more" in page.text
    page = reader_sends(later, page, made.id)

    assert "What was done" in page.text


def reader_sends(reader: Reader, page: Page, reference: str) -> Page:
    page = reader.send(page, "/find", to="phone")
    return reader.send(page, "/find/open", code=code_to(reader.house, reference, "phone", "visit"))


def test_looking_up_offers_every_way_and_says_the_same_of_any(
    texting: House, reader: Reader
) -> None:
    ask(reader, "restriction", who__email=EVE)
    reference = last(texting).id
    start = reader.get("/portal/find")
    assert len(buttons(start)) == 2

    told = set()
    key = start.form("/find").holding()["key"]
    for name in (reference, "0" * 32):
        for to in ("email", "sms", "phone", "user_id", "x"):
            page = reader.send(start, "/find", reference=name, to=to)
            told.add((page.status, page.html.replace(name, "")))
        for _ in range(7):
            said = {"key": key, "reference": name, "code": "x"}
            page = reader.post("/portal/find/open", said)
            told.add((page.status, page.html.replace(name, "")))

    assert {status for status, _ in told} == {200, 401}
    assert len(told) == 2


def test_the_copy_of_somebody_without_an_account_takes_both_codes_afresh(
    texting: House, reader: Reader
) -> None:
    page = ask(reader, "copy", **BOTH)
    page = enter(reader, page, "email")
    enter(reader, reader.send(page, "/code", to="phone"), "phone")
    made = last(texting)
    package = texting.package(made.id, b"a copy")
    path = f"/packages/{package}"
    texting.clock.forward(minutes=11)
    page = reader.get(f"/portal/requests/{made.id}")
    assert len(buttons(page)) == 2

    page = reader.send(page, f"{path}/code", to="email")
    page = reader.send(page, f"{path}/open", code=code_to(texting, made.id, "email", "grant"))
    assert page.status == 401
    page = reader.get(f"/portal/requests/{made.id}")
    assert "This copy needs two" in page.text
    page = reader.send(page, f"{path}/code", to="phone")
    file = reader.send(page, f"{path}/open", code=code_to(texting, made.id, "phone", "grant"))

    assert file.response.data == b"a copy"
    assert "Download the copy" in reader.get(f"/portal/requests/{made.id}").text


@pytest.mark.parametrize("to", ["phone", "user_id", "<script>", "\x00"])
def test_a_contact_that_was_not_given_gets_nothing(texting: House, reader: Reader, to: str) -> None:
    page = ask(reader, "restriction", who__email=EVE)
    texting.clock.forward(seconds=61)

    page = reader.send(page, "/code", to=to)

    assert page.status == 422
    assert "No code can go there" in page.text
    assert "<script>x" not in page.html
    with texting.reading() as session:
        assert len(session.exec(select(Challenge)).all()) == 1


def test_six_wrong_codes_lock_both_and_a_new_one_goes_on(texting: House, reader: Reader) -> None:
    page = ask(reader, "copy", **BOTH)
    texting.clock.forward(seconds=61)
    page = reader.send(page, "/code", to="phone")
    made = last(texting)
    right = [code_to(texting, made.id, to) for to in ("email", "phone")]

    told = [reader.send(page, "/proof", code=wrong(*right)) for _ in range(6)]
    late = [reader.send(page, "/proof", code=code) for code in right]

    assert [one.status for one in told] == [401] * 5 + [429]
    assert [one.status for one in late] == [429, 429]
    assert last(texting).level == 0
    texting.clock.forward(minutes=16)
    page = reader.send(late[0], "/code", to="email")
    enter(reader, page, "email")
    assert last(texting).level == 1


def test_the_code_of_another_request_is_nothing_here(texting: House, reader: Reader) -> None:
    ask(reader, "restriction", who__phone=PHONE)
    theirs = code_to(texting, last(texting).id, "phone")
    texting.clock.forward(seconds=1)
    page = ask(reader, "copy", **BOTH)
    assert theirs != code_to(texting, last(texting).id, "email"), "one chance in a million"

    page = reader.send(page, "/proof", code=theirs)

    assert page.status == 401
    assert last(texting).level == 0


def test_two_tabs_and_a_double_click_prove_each_contact_once(
    texting: House, reader: Reader
) -> None:
    page = ask(reader, "copy", **BOTH)
    made = last(texting)
    texting.clock.forward(seconds=61)
    reader.send(page, "/code", to="phone")
    codes = [code_to(texting, made.id, to) for to in ("email", "phone")]

    first = reader.send(page, "/proof", code=codes[0])
    again = reader.send(page, "/proof", code=codes[0])
    other_tab = reader.send(page, "/proof", code=codes[1])
    late = reader.send(page, "/proof", code=codes[1])

    assert [p.status for p in (first, again, other_tab, late)] == [200, 401, 200, 200]
    assert (last(texting).state, last(texting).level) == (State.IN_PROGRESS, 2)


def test_a_repeat_by_two_contacts_reads_the_first_only_as_far_as_it_has_them(
    texting: House, reader: Reader
) -> None:
    page = ask(reader, "copy", who__email=EVE)
    page = enter(reader, page, "email")
    page = reader.send(page, "/information", who__phone=PHONE)
    enter(reader, page, "phone")
    first = last(texting)
    assert first.state is State.IN_PROGRESS
    texting.clock.forward(seconds=5)
    other = Reader(texting)
    other.begin()

    page = ask(other, "copy", who__email=EVE)
    page = enter(other, page, "email")
    page = other.send(page, "/information", who__phone="+8613900139000")
    page = enter(other, page, "phone")

    assert last(texting).merged_into == first.id
    close(texting, first.id, "disclosed")
    page = other.get(f"/portal/requests/{first.id}")
    assert page.status == 200
    assert "What was done" not in page.text
    assert other.get(f"/portal/requests/{first.id}/receipt").status == 404


def test_adding_a_number_is_counted_like_typing_it(texting: House, reader: Reader) -> None:
    statuses = []
    for number in range(13):
        page = ask(reader, "deletion", who__email=f"e{number}@example.com")
        statuses.append(reader.send(page, "/information", who__phone=PHONE).status)

    assert statuses == [200] * 12 + [429]


def test_without_a_provider_nothing_offers_a_text_message(furnished: Callable[..., House]) -> None:
    house = furnished()
    reader = Reader(house)
    reader.begin()

    page = ask(reader, "copy", **BOTH)
    path = reader.path

    assert "text message" not in page.text + reader.get("/portal/find").text
    assert buttons(page) == ["Send a new code"]
    assert "sign in to the product" in page.text
    key = page.form("/code").holding()["key"]
    house.clock.forward(seconds=61)
    assert reader.post(f"{path}/code", {"key": key, "to": "phone"}).status == 422


@pytest.mark.requirement("R-NEG-25")
def test_known_and_unknown_pairs_look_alike_at_every_step(texting: House) -> None:
    texting.asserted("access", {**ALICE, "phone": PHONE})
    pairs = [(ALICE["email"], PHONE), ("other@example.com", "+8613900139000")]
    seen = []
    for email, phone in pairs:
        reader = Reader(texting)
        reader.begin()
        texting.clock.forward(seconds=1)
        pages = [ask(reader, "copy", who__email=email, who__phone=phone)]
        pages.append(enter(reader, pages[-1], "email"))
        pages.append(reader.send(pages[-1], "/code", to="phone"))
        pages.append(reader.send(pages[-1], "/proof", code="x"))
        pages.append(enter(reader, pages[-1], "phone"))
        made = last(texting).id
        random = rf'{made}|name="(key|once)" value="[^"]+"'
        seen.append([(p.status, re.sub(random, "", p.html)) for p in pages])

    assert seen[0] == seen[1]
