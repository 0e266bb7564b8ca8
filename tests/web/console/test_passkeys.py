"""Passkeys of staff: beside a password, in place of it, and everything that is none."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlmodel import select

from rights.services.staff_access import accounts
from rights.services.staff_access.tries import MOST
from rights.store.models import KeyChallenge, Staff, StaffPasskey
from tests.web.console.clerk import Clerk, clerk, events, id_of
from tests.web.console.company import GIVEN, Company, inside, problem
from tests.web.house import House
from tests.web.portal.desk import Desk
from tests.web.portal.passkey import RIGHTS, Passkey
from tests.web.portal.reader import Page, Reader

ALONE = "/sign-in/passkey"

_ONCE = pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)
"""What differs does not reach the register."""


@pytest.fixture
def office(furnished: Callable[..., House]) -> House:
    return furnished(base_url=RIGHTS)


@pytest.fixture
def ana(office: House) -> Clerk:
    return clerk(office, "ana", "approver")


@pytest.fixture
def passkey(ana: Clerk) -> Passkey:
    made = Passkey()
    page = _add(ana, made)
    assert "My laptop" in page.text, page.text
    return made


def _asked(reader: Reader, page: Page, action: str) -> dict[str, Any]:
    """Return what the script of a page is given before its form is sent."""
    form = page.form(action)
    answer = reader.client.post(f"{form.action}/options", data=form.holding())
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return dict(answer.json or {})


def _add(one: Clerk, passkey: Passkey, code: str = "") -> Page:
    page = one.get("/account/passkeys")
    options = _asked(one.reader, page, "/account/passkeys")
    code = code or one.code()
    said = {"name": "My laptop", "code": code, "answer": passkey.made(options)}
    return one.reader.send(page, "/account/passkeys", **said)


def _beside(one: Clerk, passkey: Passkey, **asked: Any) -> Page:
    """Give a password, and the passkey in place of the code."""
    page = one.password()
    options = _asked(one.reader, page, "/code/passkey")
    return one.reader.send(page, "/code/passkey", answer=passkey.answers({**options, **asked}))


def _alone(reader: Reader, passkey: Passkey, to: str = "") -> Page:
    page = reader.get(f"/console/sign-in?to={to}")
    options = _asked(reader, page, ALONE)
    return reader.send(page, ALONE, answer=passkey.answers(options))


def test_a_passkey_stands_in_place_of_the_code(ana: Clerk, passkey: Passkey) -> None:
    other = Clerk(ana.house, "ana", ana.secret)

    page = other.password()
    assert page.form("/code")  # the code works beside it
    options = _asked(other.reader, page, "/code/passkey")
    other.reader.send(page, "/code/passkey", answer=passkey.answers(options))

    assert options["userVerification"] == "required"
    assert len(options["allowCredentials"]) == 1
    assert inside(other.reader)
    with ana.house.reading() as session:
        key = session.exec(select(StaffPasskey)).one()
        assert (key.sign_count, session.exec(select(KeyChallenge)).all()) == (1, [])
        assert passkey.identity not in key.sealed
    assert ("staff_passkey_added", f"staff:{id_of(ana.house, 'ana')}") in events(ana.house)


@_ONCE
def test_where_the_console_has_an_address_of_its_own_its_passkeys_are_for_that(
    furnished: Callable[..., House],
) -> None:
    apart = furnished(base_url=RIGHTS, console_url="https://desk.example")
    one, passkey = (
        clerk(apart, "ana", "approver"),
        Passkey(origin="https://desk.example", host="desk.example"),
    )

    assert "My laptop" in _add(one, passkey).text
    other, reader = Clerk(apart, "ana", one.secret), Reader(apart)
    _beside(other, passkey)
    _alone(reader, passkey)

    assert (inside(other.reader), inside(reader)) == (True, True)
    public = Passkey(identity=b"of-the-portals-address")
    assert _add(one, public).status == 422


def test_a_passkey_stands_in_place_of_password_and_code(ana: Clerk, passkey: Passkey) -> None:
    reader = Reader(ana.house)

    page = _alone(reader, passkey, to="/console/requests")

    assert page.response.request.path == "/console/requests"
    assert "ana" in page.text
    for evil in ("https://evil.example/", "//evil.example"):
        page = _alone(Reader(ana.house), passkey, to=evil)
        assert page.response.request.full_path.rstrip("?") == "/console/"


@pytest.mark.requirement("R-9-1:bad")
@_ONCE
@pytest.mark.parametrize(
    "changed",
    [
        {"unlocked": False},
        {"origin": "https://evil.example"},
        {"host": "evil.example"},
        {"framed_by": "https://evil.example"},
        {"identity": b"another-passkey"},
        {"key": Passkey().key},
        {"count": -1},
    ],
    ids=lambda one: next(iter(one)),
)
def test_a_passkey_that_is_none(ana: Clerk, passkey: Passkey, changed: dict[str, Any]) -> None:
    _beside(Clerk(ana.house, "ana"), passkey)  # once, so that its count is known
    wrong = replace(passkey, **changed)

    other = Clerk(ana.house, "ana")
    assert _beside(other, wrong).status == 401
    assert not inside(other.reader)
    wrong.count = changed.get("count", wrong.count)
    reader = Reader(ana.house)
    assert _alone(reader, wrong).status == 401
    assert not inside(reader)
    suspect = "staff_passkey_suspect" in [event for event, _ in events(ana.house)]
    assert suspect == ("count" in changed)


def test_a_challenge_is_of_one_session_and_good_once(ana: Clerk, passkey: Passkey) -> None:
    one, other = Clerk(ana.house, "ana"), Clerk(ana.house, "ana")
    page, theirs = one.password(), other.password()
    options = _asked(one.reader, page, "/code/passkey")
    answer = passkey.answers(options)
    _asked(other.reader, theirs, "/code/passkey")

    assert other.reader.send(theirs, "/code/passkey", answer=answer).status == 401
    assert one.reader.send(page, "/code/passkey", answer=answer).status == 200
    third = Clerk(ana.house, "ana")
    assert third.reader.send(third.password(), "/code/passkey", answer=answer).status == 401

    reader = Reader(ana.house)
    landing = reader.get("/console/sign-in")
    answer = passkey.answers(_asked(reader, landing, ALONE))
    stranger = Reader(ana.house)
    assert stranger.send(stranger.get("/console/sign-in"), ALONE, answer=answer).status == 401
    ana.house.clock.forward(minutes=11)
    assert reader.send(landing, ALONE, answer=answer).status == 401


@_ONCE
@pytest.mark.parametrize("answer", ["", "{}", "[]", "null", "会", '{"id": 7, "response": {}}'])
def test_an_answer_that_is_none(ana: Clerk, passkey: Passkey, answer: str) -> None:
    del passkey
    other = Clerk(ana.house, "ana")
    page = other.password()
    _asked(other.reader, page, "/code/passkey")
    assert other.reader.send(page, "/code/passkey", answer=answer).status == 401
    reader = Reader(ana.house)
    landing = reader.get("/console/sign-in")
    _asked(reader, landing, ALONE)
    assert reader.send(landing, ALONE, answer=answer).status == 401


def test_the_passkey_of_a_colleague_is_not_ones_own(ana: Clerk, passkey: Passkey) -> None:
    rui = clerk(ana.house, "rui", "admin")
    theirs = Passkey(identity=b"passkey-of-rui")
    _add(rui, theirs)

    assert _beside(Clerk(ana.house, "ana"), theirs).status == 401
    page = _add(rui, passkey)  # already somebody's
    assert page.status == 422
    with ana.house.reading() as session:
        mine = session.exec(
            select(StaffPasskey).where(StaffPasskey.staff_id == id_of(ana.house, "ana"))
        ).one()
    removed = rui.force(f"/account/passkeys/{mine.id}/remove", code=rui.code())
    assert removed.status == 404


def test_wrong_passkeys_let_nobody_in_and_keep_nobody_out(ana: Clerk, passkey: Passkey) -> None:
    for _ in range(MOST):
        wrong = replace(passkey, key=Passkey().key)
        assert _beside(Clerk(ana.house, "ana"), wrong).status == 401

    assert Clerk(ana.house, "ana").password().status == 200
    assert _alone(Reader(ana.house), passkey).status == 200


def test_adding_and_removing_takes_the_factor_in_use(ana: Clerk) -> None:
    passkey = Passkey()
    assert _add(ana, passkey, code="000000").status == 422
    with ana.house.reading() as session:
        assert session.exec(select(StaffPasskey)).all() == []
    page = _add(ana, passkey)

    assert ana.reader.send(page, "/remove", code="000000").status == 422
    assert "My laptop" in ana.get("/account/passkeys").text
    ana.reader.send(page, "/remove", code=ana.code())

    assert "My laptop" not in ana.get("/account/passkeys").text
    assert _alone(Reader(ana.house), passkey).status == 401
    assert ("staff_passkey_removed", f"staff:{id_of(ana.house, 'ana')}") in events(ana.house)


def test_a_fresh_link_and_a_closed_account_end_passkeys(ana: Clerk, passkey: Passkey) -> None:
    house = ana.house
    with house.writing() as session:
        found = session.exec(select(Staff)).one()
        token = accounts.invite(session, found, None, now=house.clock.now())
    Clerk(house, "ana").accept(token)
    assert _alone(Reader(house), passkey).status == 401

    fresh = Clerk(house, "ana")
    fresh.come_in()
    _add(fresh, passkey)
    assert _alone(Reader(house), passkey).status == 200
    with house.writing() as session:
        accounts.close(session, session.exec(select(Staff)).one(), None, now=house.clock.now())
    assert _alone(Reader(house), passkey).status == 401


def test_where_browsers_make_none_none_is_offered(house: House) -> None:
    one = clerk(house, "ana", "approver")  # at an address, not a name

    assert "data-passkey" not in one.get("/account/passkeys").html
    assert "data-passkey" not in Reader(house).get("/console/sign-in").html
    assert one.force("/account/passkeys/options").status == 404


def test_beside_the_provider_a_passkey_is_a_second_factor_and_no_way_around_it(
    furnished: Callable[..., House], desk: Desk
) -> None:
    house = furnished(**GIVEN, base_url=RIGHTS, staff_oidc_issuer=desk.issuer)
    desk.now = lambda: house.clock.now().timestamp()
    desk.person |= {"amr": ["pwd"]}
    company = Company(house, desk)
    one = Clerk(house, "Ana Li")
    one.set_up(company.sign_in(one.reader))
    passkey = Passkey()
    _add(one, passkey)

    reader = company.reader()
    page = company.sign_in(reader)
    options = _asked(reader, page, "/code/passkey")
    reader.send(page, "/code/passkey", answer=passkey.answers(options))
    assert inside(reader)
    assert _alone(company.reader(), passkey).status == 401


def test_where_passwords_are_off_a_passkey_alone_is_too(
    furnished: Callable[..., House], desk: Desk
) -> None:
    house = furnished(**GIVEN, base_url=RIGHTS, staff_oidc_issuer=desk.issuer, staff_oidc_only=True)
    reader = Reader(house)

    assert "data-passkey" not in reader.get("/console/sign-in").html
    page = reader.post("/console/sign-in/passkey", {"answer": json.dumps({})})
    assert (page.status, problem(page)) == (403, "Passwords are switched off")
