"""A sign-in ends once, in the browser and at the provider where it was begun, and in no frame."""

from __future__ import annotations

import pytest
from sqlmodel import select

from rights.services import backends
from tests.web.house import partner
from tests.web.portal.desk import Desk, visited
from tests.web.portal.town import (
    BOB,
    Town,
    leave,
    opened,
    people,
    problem,
)


def test_it_comes_back_once(town: Town) -> None:
    reader = town.reader()
    back = visited(leave(reader))
    assert reader.get(back).status == 200

    again = reader.get(back)

    assert (again.status, problem(again)) == (401, "sign_in_over")
    assert reader.get("/portal/").status == 200
    assert town.desk.asked.count("/token") == 1


def test_it_comes_back_in_the_browser_in_which_it_was_begun(town: Town) -> None:
    mine, theirs = town.reader(), town.reader()
    back = visited(leave(mine))
    leave(theirs)

    refused = theirs.get(back)

    assert (refused.status, problem(refused)) == (401, "sign_in_over")
    assert people(town.house) == []
    assert mine.get(back).status == 200  # nobody else used it up


def test_a_made_up_state_is_refused(town: Town) -> None:
    reader = town.reader()
    path, _, query = visited(leave(reader)).partition("?")
    for state in ("", "x", "x" * 4000, "会话"):
        page = reader.get(f"{path}?code=abc&state={state}&iss={town.desk.issuer}")
        assert problem(page) == "sign_in_over"
    assert reader.get(f"{path}?{query}").status == 200


def test_after_ten_minutes_it_is_over(town: Town) -> None:
    reader = town.reader()
    back = visited(leave(reader))
    town.house.clock.forward(minutes=11)

    assert problem(reader.get(back)) == "sign_in_over"


def test_two_tabs_do_not_get_in_each_others_way(town: Town) -> None:
    reader = town.reader()
    first, second = leave(reader), leave(reader, view="deletion")

    assert reader.get(visited(second)).status == 200
    assert reader.path == "/portal/ask/deletion"
    assert reader.get(visited(first)).status == 200
    assert len(people(town.house)) == 1


def test_a_browser_keeps_few_of_them(town: Town) -> None:
    reader = town.reader()
    for _ in range(12):
        leave(reader)

    jar = reader.client._cookies or {}  # noqa: SLF001 - the jar has no list
    kept = [key for key in jar if key[2].startswith("rights_sign_in_")]
    assert 0 < len(kept) <= 6


def test_a_form_of_another_page_begins_nothing(town: Town) -> None:
    reader = town.reader()
    form = reader.get("/portal/").form("/sign-in")

    refused = reader.post(form.action, form.holding(), origin="https://evil.example")

    assert (refused.status, problem(refused)) == (403, "forged_form")


def test_in_a_frame_nobody_signs_in(town: Town) -> None:
    reader = town.reader()
    framed = reader.get("/portal/", **{"Sec-Fetch-Dest": "iframe"})
    assert [form.action for form in framed.forms] == ["/portal/begin"]

    form = reader.get("/portal/").form("/sign-in")
    answer = reader.client.post(
        form.action, data=form.holding(), headers={"Sec-Fetch-Dest": "iframe"}
    )
    assert answer.status_code == 403


@pytest.mark.parametrize("at", ["", "0" * 32, "x"])
def test_a_provider_that_is_none(town: Town, at: str) -> None:
    assert town.reader().post("/portal/sign-in", {"at": at}).status == 404


def test_a_closed_product_lets_nobody_sign_in(town: Town) -> None:
    from rights.store.models import Backend  # noqa: PLC0415 - only here

    reader = town.reader()
    back = visited(leave(reader))
    with town.house.writing() as session:
        backend = session.exec(select(Backend)).one()
        backend.closed_at = town.house.clock.now()
        session.add(backend)

    assert reader.get(back).status == 404
    assert "Sign in with" not in reader.get("/portal/").text


def test_two_providers_are_not_mixed_up(town: Town) -> None:
    house = town.house
    with house.writing() as session:
        partner(session, house.context, "bank", house.clock.now())
    with opened(Desk(person=dict(BOB), now=town.desk.now, names_itself=False)) as bank:
        town.configure(bank, "bank")
        reader = town.reader()
        shops, banks = leave(reader, at=1), leave(reader, at=0)
        assert banks.startswith(bank.issuer)
        codes = visited(shops), visited(banks)
        paths = [code.partition("?")[0] for code in codes]
        assert paths[0] != paths[1]

        # The code of one at the address of the other, and the word of one in the other's name.
        crossed = reader.get(f"{paths[1]}?{codes[0].partition('?')[2]}")
        named = reader.get(f"{codes[1]}&iss={town.desk.issuer}")

        assert (problem(crossed), problem(named)) == ("sign_in_over", "sign_in_failed")
        assert "/token" not in bank.asked


def test_a_provider_that_names_itself_has_to(town: Town) -> None:
    reader = town.reader()
    back = visited(leave(reader)).partition("&iss=")[0]

    assert problem(reader.get(back)) == "sign_in_failed"


def test_a_provider_set_up_anew_meanwhile(town: Town) -> None:
    reader = town.reader()
    back = visited(leave(reader))
    with opened(Desk(person=dict(BOB))) as other:
        town.configure(other)

        assert problem(reader.get(back)) == "sign_in_over"


def test_nothing_of_a_sign_in_outlasts_it(town: Town) -> None:
    from rights.services import purge  # noqa: PLC0415 - only here

    leave(town.reader())
    town.house.clock.forward(minutes=11)
    counts = purge.purge(
        town.house.engine, town.house.context, town.house.blobs, now=town.house.clock.now()
    )

    assert counts["sign_ins"] == 1


def test_backends_without_a_provider_stay_as_they_are(town: Town) -> None:
    with town.house.writing() as session:
        backends.add(session, "forum", now=town.house.clock.now())

    landing = town.reader().get("/portal/")

    assert "open this page from your account settings" in landing.text
    assert landing.text.count("Sign in with") == 1
