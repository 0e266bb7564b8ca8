"""Signing in once more in place of a code: only the same person, only afresh."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from rights.domain.levels import Acr
from rights.domain.lifecycle import State
from rights.store.models import Entry, Request
from tests.web.house import partner
from tests.web.portal.desk import asked_for, visited
from tests.web.portal.reader import Page, Reader
from tests.web.portal.test_following import close
from tests.web.portal.town import (
    BOB,
    Town,
    leave,
    people,
    problem,
    sign_in,
)


@pytest.fixture
def asked(town: Town) -> tuple[Reader, Page]:
    """Somebody who signed in and asked for a deletion, which needs more than a session."""
    town.configure(acrs={"gold": Acr.MFA}, ask_acrs=("gold",))
    reader = town.reader()
    sign_in(reader)
    page = reader.send(reader.get("/portal/ask/deletion"), "/ask/deletion")
    return reader, page


def _again(reader: Reader, page: Page) -> str:
    form = next(one for one in page.forms if one.action.endswith("/sign-in"))
    going = reader.post(form.action, form.holding())
    assert going.status == 200, going.text
    return next(one for one in going.links if one.startswith("http"))


def _only(town: Town) -> Request:
    with town.house.reading() as session:
        found: Request = session.exec(select(Request)).one()
    return found


def test_a_fresh_sign_in_is_proof_in_place_of_a_code(
    town: Town, asked: tuple[Reader, Page]
) -> None:
    reader, page = asked
    assert _only(town).state is State.VERIFYING
    (before,) = people(town.house)
    town.desk.said = {"acr": "gold"}

    there = _again(reader, page)
    after = reader.get(visited(there))

    said = asked_for(there)
    assert (said["prompt"], said["max_age"], said["acr_values"]) == ("login", "0", "gold")
    assert reader.path == f"/portal/requests/{_only(town).id}"
    request = _only(town)
    assert (request.state, request.level, request.acr) == (State.IN_PROGRESS, 2, "mfa")
    assert "In place of a code" not in after.text
    (now,) = people(town.house)
    assert now.id != before.id
    with town.house.reading() as session:
        events = [e.event for e in session.exec(select(Entry).where(Entry.chain == request.id))]
    assert "assertion_accepted" in events


def test_without_a_second_factor_it_does_not_suffice(
    town: Town, asked: tuple[Reader, Page]
) -> None:
    reader, page = asked

    after = reader.get(visited(_again(reader, page)))

    assert "without a second factor" in after.text
    assert _only(town).state is State.VERIFYING


def test_beside_a_code_it_suffices(town: Town, asked: tuple[Reader, Page]) -> None:
    reader, page = asked
    done = reader.send(page, "/proof", code=town.house.code(_only(town).id))

    assert done.status == 200
    assert _only(town).state is State.IN_PROGRESS
    assert "In place of a code" not in done.text


def test_the_cap_of_the_backend_holds(town: Town, asked: tuple[Reader, Page]) -> None:
    from rights.store.models import Backend  # noqa: PLC0415 - only here

    reader, page = asked
    town.desk.said = {"acr": "gold"}
    there = _again(reader, page)
    with town.house.writing() as session:
        backend = session.exec(select(Backend)).one()
        backend.level_cap = 1
        session.add(backend)
    town.house.parts.keys._live.clear()  # noqa: SLF001 - what five seconds do

    after = reader.get(visited(there))

    assert _only(town).level == 1
    assert _only(town).state is State.VERIFYING
    assert "In place of a code" not in after.text  # it would not help


@pytest.mark.parametrize(
    "said", [{"auth_time": None}, {"auth_time": "now"}, {"old": 3600}, {"old": -3600}]
)
def test_who_only_was_signed_in_has_not_signed_in_again(
    town: Town, asked: tuple[Reader, Page], said: dict[str, Any]
) -> None:
    reader, page = asked
    if "old" in said:
        said = {"auth_time": int(town.desk.now()) - said["old"]}
    town.desk.said = {"acr": "gold", **said}

    after = reader.get(visited(_again(reader, page)))

    assert problem(after) == "sign_in_failed"
    assert _only(town).state is State.VERIFYING


def test_somebody_else_gets_a_session_of_their_own_and_nothing_of_the_others(
    town: Town, asked: tuple[Reader, Page]
) -> None:
    reader, page = asked
    mine = _only(town).id
    town.desk.person, town.desk.said = dict(BOB), {"acr": "gold"}

    home = reader.get(visited(_again(reader, page)))

    assert reader.path == "/portal/"
    assert mine not in home.html
    assert reader.get(f"/portal/requests/{mine}").status == 404
    assert _only(town).state is State.VERIFYING
    assert len(people(town.house)) == 1


def test_another_account_with_the_same_address_is_somebody_else(
    town: Town, asked: tuple[Reader, Page]
) -> None:
    reader, page = asked
    town.desk.person = {**town.desk.person, "sub": "u-9"}
    town.desk.said = {"acr": "gold"}

    reader.get(visited(_again(reader, page)))

    assert reader.path == "/portal/"
    assert _only(town).state is State.VERIFYING


def test_an_address_that_has_changed_since_stands_in_no_ones_way(
    town: Town, asked: tuple[Reader, Page]
) -> None:
    reader, page = asked
    town.desk.person = {**town.desk.person, "email": "alice@new.example"}
    town.desk.said = {"acr": "gold"}

    reader.get(visited(_again(reader, page)))

    assert _only(town).state is State.IN_PROGRESS


def test_after_leaving_it_is_a_sign_in_like_any_other(
    town: Town, asked: tuple[Reader, Page]
) -> None:
    reader, page = asked
    there = _again(reader, page)
    town.desk.said = {"acr": "gold"}
    reader.send(page, "/leave")

    reader.get(visited(there))

    assert reader.path == "/portal/"
    assert _only(town).state is State.VERIFYING


def test_a_session_at_another_product_of_the_same_provider_is_another(
    town: Town, asked: tuple[Reader, Page]
) -> None:
    with town.house.writing() as session:
        partner(session, town.house.context, "bank", town.house.clock.now())
    town.configure(name="bank")
    reader, page = asked
    town.desk.said = {"acr": "gold"}
    there = _again(reader, page)
    reader.send(page, "/leave")
    sign_in(reader)  # at the bank, which comes first
    assert "Signed in through bank" in reader.get("/portal/").text

    reader.get(visited(there))

    assert reader.path == "/portal/"
    assert _only(town).state is State.VERIFYING


def test_only_whom_the_provider_brought_is_asked_to(town: Town) -> None:
    town.configure(acrs={"gold": Acr.MFA})
    reader = town.reader()
    reader.enter({"user_id": "u-1", "email": "alice@example.com"}, origin="")
    page = reader.send(reader.get("/portal/ask/deletion"), "/ask/deletion")

    assert "In place of a code" not in page.text
    form = page.form("/proof")
    refused = reader.post(form.action.replace("/proof", "/sign-in"), form.holding())
    assert refused.status == 404


def test_where_it_could_not_suffice_it_is_not_offered(town: Town) -> None:
    reader = town.reader()
    sign_in(reader)

    page = reader.send(reader.get("/portal/ask/deletion"), "/ask/deletion")

    assert "In place of a code" not in page.text
    assert page.form("/proof")


def test_a_copy_opens_after_signing_in_again(town: Town) -> None:
    town.configure(acrs={"gold": Acr.MFA})
    reader = town.reader()
    sign_in(reader)
    made = town.house.asserted("access", {"user_id": "u-1", "email": "alice@example.com"})
    close(town.house, made["id"], "disclosed")
    town.house.package(made["id"], b"x")
    page = reader.get(f"/portal/requests/{made['id']}")
    assert "Download the copy" not in page.text
    town.desk.said = {"acr": "gold"}

    after = reader.get(visited(_again(reader, page)))

    got = reader.send(after, "/open")
    assert got.status == 200
    assert "In place of a code" not in after.text
    town.house.clock.forward(minutes=11)
    assert "In place of a code" in reader.get(f"/portal/requests/{made['id']}").text


def test_the_address_of_the_form_leads_back(town: Town, asked: tuple[Reader, Page]) -> None:
    reader, _ = asked
    path = f"/portal/requests/{_only(town).id}"

    assert reader.get(f"{path}/sign-in").status == 200
    assert reader.path == path


def test_it_is_over_after_ten_minutes_too(town: Town, asked: tuple[Reader, Page]) -> None:
    reader, page = asked
    back = visited(_again(reader, page))
    town.house.clock.at += timedelta(minutes=11)

    assert problem(reader.get(back)) == "sign_in_over"
    assert leave(town.reader())
