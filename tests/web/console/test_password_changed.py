"""After a changed password nothing of before it lets anybody in, but the browser itself goes on."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlmodel import select

from rights.services.staff_access import accounts
from rights.store.models import Staff, StaffSession
from rights.web.auth import STAFF_COOKIE
from tests.web.console.clerk import PASSWORD, Clerk, clerk
from tests.web.house import House
from tests.web.portal.reader import Page, Reader

NEW = "another long walk by the sea"


def _cookie(who: Clerk) -> str:
    found = who.reader.client.get_cookie(STAFF_COOKIE, path="/console")
    assert found is not None
    return found.value


def _thief(house: House, cookie: str) -> Reader:
    reader = Reader(house)
    reader.client.set_cookie(STAFF_COOKIE, cookie, path="/console", secure=True, httponly=True)
    return reader


def _changed(who: Clerk, old: str = PASSWORD) -> Page:
    page = who.get("/account")
    return who.reader.send(page, "/account/password", old=old, new=NEW, again=NEW)


def _session(house: House) -> tuple[datetime, datetime, datetime]:
    with house.reading() as session:
        row = session.exec(select(StaffSession)).one()
        return row.created_at, row.proved_at, row.expires_at


@pytest.mark.requirement("R-9-1")
def test_a_copy_of_the_cookie_is_worth_nothing_and_the_browser_goes_on(house: House) -> None:
    kim = clerk(house, "kim", "auditor")
    thief = _thief(house, _cookie(kim))
    assert thief.get("/console/account").response.request.path == "/console/account"
    ends = _session(house)

    page = _changed(kim)

    assert "The password was changed" in page.text
    assert thief.get("/console/account").response.request.path == "/console/sign-in"
    assert kim.get("/account").response.request.path == "/console/account"
    assert _session(house) == ends  # a password alone puts off no end
    assert kim.reader.send(page, "/sign-out").response.request.path == "/console/sign-in"


def test_one_that_was_mistyped_changes_nothing(house: House) -> None:
    kim = clerk(house, "kim", "auditor")
    before = _cookie(kim)

    assert _changed(kim, "not it at all").status == 403

    assert _cookie(kim) == before
    assert kim.get("/account").response.request.path == "/console/account"


def test_links_that_were_not_used_end_with_it_and_those_of_others_do_not(house: House) -> None:
    kim, now = clerk(house, "kim", "auditor"), house.clock.now()
    with house.writing() as session:
        mine = session.exec(select(Staff).where(Staff.name == "kim")).one()
        other = accounts.add(session, "rui", ("reviewer",), None, now=now)
        links = [accounts.invite(session, one, None, now=now) for one in (mine, other)]

    _changed(kim)

    opened = [Reader(house).get(f"/console/invitation?w={link}").status for link in links]
    assert opened == [401, 200]
