"""How members of staff get into the console, and how they are kept out."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyotp
import pytest
from sqlmodel import select

from rights.domain.errors import Unauthenticated
from rights.services.staff_access import accounts
from rights.services.staff_access.tries import MOST
from rights.store.models import Staff, StaffLogin, StaffSession
from tests.web.console.clerk import PASSWORD, Clerk, clerk, events, id_of, refusals
from tests.web.house import House
from tests.web.portal.reader import Reader


def _invited(house: House, name: str = "ana", *roles: str) -> tuple[Clerk, str]:
    with house.writing() as session:
        now = house.clock.now()
        staff = accounts.add(session, name, roles or ("approver",), None, now=now)
        token = accounts.invite(session, staff, None, now=now)
    return Clerk(house, name), token


@pytest.mark.requirement("R-9-1")
def test_a_password_and_a_second_factor_let_somebody_in_and_nothing_less(house: House) -> None:
    ana, token = _invited(house)

    assert "Sign in" in ana.accept(token).text
    page = ana.password()
    assert ana.reader.path == "/console/set-up"
    assert any(link.startswith("otpauth://totp/") for link in page.links)  # opens the app
    assert ana.get("/").response.request.path == "/console/set-up"  # a password is not enough
    assert "Codes on paper" in ana.set_up(page).text
    assert ana.get("/").status == 200
    assert len(ana.paper) == 10

    again = Clerk(house, "ana", ana.secret)
    assert again.password().form("/code")
    assert again.get("/").response.request.path == "/console/code"
    page = again.come_in()
    assert (page.status, again.reader.path) == (200, "/console/")


def test_passwords_are_kept_as_argon2id_and_the_secret_of_an_app_is_sealed(house: House) -> None:
    ana = clerk(house, "ana", "approver")
    with house.reading() as session:
        row = session.exec(select(StaffLogin)).one()
    assert row.password.startswith("$argon2id$")
    assert ana.secret.encode() not in row.totp
    assert not any(code in str(row.recovery) for code in ana.paper)


@pytest.mark.parametrize(
    ("password", "again"),
    [
        ("short", "short"),
        ("aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaa"),
        ("my name is ana-li", ""),
        ("x" * 300, "x" * 300),
    ],
)
def test_a_password_that_is_guessed_first_is_not_taken(
    house: House, password: str, again: str
) -> None:
    ana, token = _invited(house)
    page = ana.reader.get(f"/console/invitation?w={token}")

    page = ana.reader.send(page, "/invitation", password=password, again=again)

    assert page.status == 422
    assert ana.password(password).status == 401


def test_a_link_works_once_and_not_for_ever(house: House) -> None:
    ana, token = _invited(house)
    ana.accept(token)
    assert ana.reader.get(f"/console/invitation?w={token}").status == 401
    assert ana.reader.get("/console/invitation?w=made-up").status == 401
    rui, late = _invited(house, "rui")
    house.clock.forward(days=3, minutes=1)
    assert rui.reader.get(f"/console/invitation?w={late}").status == 401


@pytest.mark.parametrize("register_url", ["postgres"], indirect=True)
def test_of_two_who_use_a_link_at_once_one_sets_a_password(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, token = _invited(house)
    looked, both = accounts.invited, threading.Barrier(2, timeout=20)

    def look(*given: Any, **more: Any) -> Staff:
        found = looked(*given, **more)
        both.wait()
        return found

    def use(password: str) -> str:
        try:
            with house.writing() as session:
                accounts.accept(session, token, password, now=house.clock.now())
        except Unauthenticated as error:
            return error.code
        return "set"

    monkeypatch.setattr(accounts, "invited", look)
    with ThreadPoolExecutor(2) as pool:
        done = sorted(pool.map(use, ("a long walk by the river", "a short walk by the sea")))

    assert done == ["invitation_over", "set"]


def test_a_link_lets_codes_count_again_too(house: House) -> None:
    ana = clerk(house, "ana", "approver")
    page = ana.password()
    for _ in range(MOST):
        ana.reader.send(page, "/code", code="000000")
    assert ana.reader.send(page, "/code", code=ana.code()).status == 429
    with house.writing() as session:
        found = accounts.named(session, "ana")
        assert found is not None
        token = accounts.invite(session, found, None, now=house.clock.now())

    ana.accept(token)
    ana.secret = ""

    assert ana.come_in().status == 200


def test_a_wrong_name_and_a_wrong_password_look_the_same(house: House) -> None:
    clerk(house, "ana", "approver")

    known, unknown = (
        Clerk(house, "ana").password("wrong wrong wrong"),
        Clerk(house, "eve").password(),
    )

    assert (known.status, unknown.status) == (401, 401)
    assert known.text == unknown.text


def test_who_guesses_waits_and_the_trail_says_so(house: House) -> None:
    ana = clerk(house, "ana", "approver")
    eve = Clerk(house, "ana")
    for _ in range(MOST):
        assert eve.password("wrong wrong wrong").status == 401

    assert eve.password(PASSWORD).status == 429  # the right one is not looked at either
    assert ("staff_sign_in_blocked", "system") in events(house)
    house.clock.forward(minutes=16)
    assert Clerk(house, "ana", ana.secret).come_in().status == 200


def test_a_code_is_good_once_and_one_on_paper_too(house: House) -> None:
    ana = clerk(house, "ana", "approver")
    other = Clerk(house, "ana", ana.secret)
    code = other.code()
    page = other.password()
    assert other.reader.send(page, "/code", code=code).status == 200
    third = Clerk(house, "ana", ana.secret)
    assert third.reader.send(third.password(), "/code", code=code).status == 401
    for status in (200, 401):
        fourth = Clerk(house, "ana")
        assert fourth.reader.send(fourth.password(), "/code", code=ana.paper[0]).status == status


@pytest.mark.requirement("R-9-1")
def test_who_does_nothing_is_signed_out_and_everybody_is_after_a_day_of_work(house: House) -> None:
    ana = clerk(house, "ana", "approver")
    house.clock.forward(minutes=29)
    assert ana.get("/").response.request.path == "/console/"
    house.clock.forward(minutes=31)
    for _ in range(2):
        assert ana.get("/").response.request.path == "/console/sign-in"
    assert refusals(house) == [{"code": "staff_session_over", "act": "home.home"}]  # once
    assert ("staff_refused", f"staff:{id_of(house, 'ana')}") in events(house)
    ana.come_in()
    for _ in range(26):
        house.clock.forward(minutes=28)
        ana.get("/")
    assert ana.get("/").response.request.path == "/console/sign-in"


def test_where_one_was_going_is_where_one_arrives_and_nowhere_else(house: House) -> None:
    ana = clerk(house, "ana", "approver")
    house.clock.forward(hours=1)
    page = ana.get("/requests?clock=late")
    assert ana.reader.path == "/console/sign-in"
    page = ana.reader.send(page, "/sign-in", name="ana", password=PASSWORD)
    page = ana.reader.send(page, "/code", code=ana.code())
    assert page.response.request.full_path == "/console/requests?clock=late"
    for evil in ("https://evil.example/", "//evil.example", "/console/\\evil"):
        other = Clerk(house, "ana", ana.secret)
        page = other.password(to=evil)
        page = other.reader.send(page, "/code", code=other.code())
        assert page.response.request.full_path.rstrip("?") == "/console/"


def test_a_changed_password_signs_every_other_browser_out(house: House) -> None:
    ana = clerk(house, "ana", "approver")
    other = Clerk(house, "ana", ana.secret)
    other.come_in()
    new = "quite another long password"

    page = ana.reader.send(
        ana.get("/account"), "/account/password", old=PASSWORD, new=new, again=new
    )

    assert "was changed" in page.text
    assert ana.get("/").response.request.path == "/console/"
    assert other.get("/").response.request.path == "/console/sign-in"
    assert Clerk(house, "ana").password(PASSWORD).status == 401
    assert ("staff_password_set", f"staff:{id_of(house, 'ana')}") in events(house)


def test_the_password_in_use_is_asked_for_before_it_is_changed(house: House) -> None:
    ana = clerk(house, "ana", "approver")
    new = "quite another long password"

    page = ana.reader.send(
        ana.get("/account"), "/account/password", old="not it at all", new=new, again=new
    )

    assert page.status == 403
    assert Clerk(house, "ana").password(PASSWORD).form("/code")


def test_another_app_takes_the_one_in_use(house: House) -> None:
    ana = clerk(house, "ana", "approver")
    page = ana.reader.get("/console/set-up")
    fresh = Clerk(house, "ana", page.html.split("<code>")[1].split("</code>")[0])

    refused = ana.reader.send(page, "/set-up", old="000000", code=fresh.code())
    assert refused.status == 422
    old_code, new_code = ana.code(), pyotp.TOTP(fresh.secret).at(house.clock.now())
    done = ana.reader.send(page, "/set-up", old=old_code, code=new_code)

    assert "Codes on paper" in done.text
    old = Clerk(house, "ana", ana.secret)
    assert old.reader.send(old.password(), "/code", code=old.code()).status == 401
    assert fresh.come_in().status == 200


def test_one_browser_or_all_others_can_be_signed_out(house: House) -> None:
    ana = clerk(house, "ana", "approver")
    phone, tablet = Clerk(house, "ana", ana.secret), Clerk(house, "ana", ana.secret)
    phone.come_in()
    tablet.come_in()
    page = ana.get("/account")
    assert page.html.count("last used") == 3

    others = [f for f in page.forms if ("which", "others") in f.fields]
    ana.reader.post(others[0].action, others[0].holding())

    assert ana.get("/").response.request.path == "/console/"
    assert phone.get("/").response.request.path == "/console/sign-in"
    assert tablet.get("/").response.request.path == "/console/sign-in"


def test_a_closed_account_is_out_at_once_and_stays_out(house: House) -> None:
    ana = clerk(house, "ana", "approver")
    with house.writing() as session:
        found = session.exec(select(Staff).where(Staff.name == "ana")).one()
        accounts.close(session, found, None, now=house.clock.now())

    assert ana.get("/").response.request.path == "/console/sign-in"
    assert ana.password().status == 401


def test_an_automaton_has_no_way_in(house: House) -> None:
    with house.writing() as session:
        now = house.clock.now()
        bot = accounts.add(session, "bot", ("automation",), None, now=now)
        with pytest.raises(Exception, match="nobody signs in"):
            accounts.invite(session, bot, None, now=now)


@pytest.mark.requirement("R-9-1:bad")
@pytest.mark.parametrize("cookie", ["", "made-up", "x" * 3000])
def test_a_forged_session_opens_nothing(house: House, cookie: str) -> None:
    clerk(house, "ana", "approver")
    reader = Reader(house)
    reader.client.set_cookie("rights_staff", cookie, path="/console")

    assert reader.get("/console/requests").response.request.path == "/console/sign-in"
    assert reader.post("/console/requests/assign", {"to": ""}).status == 401
    told = [{"code": "staff_session_over", "act": "listing.listed"}] if cookie else []
    assert refusals(house) == told  # once, whatever is made up; nothing of who has no cookie


def test_a_form_of_another_page_does_nothing(house: House) -> None:
    ana = clerk(house, "ana", "admin")
    page = ana.get("/staff")
    form = page.form("/staff")
    given = form.holding(name="eve", roles=["admin"])

    forged = ana.reader.post(form.action, {**given, "key": "0" * 64})
    assert forged.status == 403
    assert "did not come from the console" in forged.text
    assert ana.reader.post(form.action, given, origin="https://evil.example").status == 403
    with house.reading() as session:
        assert session.exec(select(Staff).where(Staff.name == "eve")).first() is None
    assert refusals(house) == [{"code": "form_not_ours", "act": "staff.add"}] * 2


def test_the_secret_of_before_the_second_factor_is_worth_nothing_after_it(house: House) -> None:
    ana = clerk(house, "ana", "approver")
    other = Clerk(house, "ana", ana.secret)
    page = other.password()
    before = other.reader.client.get_cookie("rights_staff", path="/console")
    assert before is not None
    other.reader.send(page, "/code", code=other.code())

    thief = Reader(house)
    thief.client.set_cookie("rights_staff", before.value, path="/console")
    assert thief.get("/console/").response.request.path == "/console/sign-in"
    with house.reading() as session:
        assert session.exec(select(StaffSession)).all()


def test_the_cookie_is_the_consoles_alone(house: House) -> None:
    ana = clerk(house, "ana", "approver")
    page = ana.reader.send(
        Clerk(house, "ana").reader.get("/console/sign-in"),
        "/sign-in",
        name="ana",
        password=PASSWORD,
    )
    del page
    cookie = ana.reader.client.get_cookie("rights_staff", path="/console")
    assert cookie is not None
    assert (cookie.http_only, cookie.same_site, cookie.path) == (True, "Strict", "/console")


def test_a_password_alone_replaces_no_app_that_was_set_up_meanwhile(house: House) -> None:
    ana, token = _invited(house)
    ana.accept(token)
    thief = Clerk(house, "ana")
    page = thief.password()
    thief.secret = page.html.split("<code>")[1].split("</code>")[0]
    ana.come_in()

    refused = thief.reader.send(page, "/set-up", code=thief.code())

    assert refused.status in (401, 403)
    assert ana.get("/").response.request.path == "/console/"
    again = Clerk(house, "ana", ana.secret)
    assert again.come_in().status == 200


def test_wrong_passwords_of_strangers_keep_nobody_out_who_is_past_theirs(house: House) -> None:
    ana = clerk(house, "ana", "approver")
    half = Clerk(house, "ana", ana.secret)
    page = half.password()
    for _ in range(MOST):
        Clerk(house, "ana").password("wrong wrong wrong")

    assert half.reader.send(page, "/code", code=half.code()).status == 200
    assert ana.get("/account").status == 200


@pytest.mark.parametrize("field", ["name", "password", "to"])
def test_what_no_database_takes_is_a_wrong_form_and_no_alarm(house: House, field: str) -> None:
    form = {"name": "ana", "password": "x", "to": "", field: "a\x00b"}

    assert Reader(house).post("/console/sign-in", form).status == 400
    assert Reader(house).get("/console/sign-in?to=%00").status == 400


def test_an_admin_makes_no_link_for_themselves(house: House) -> None:
    ada = clerk(house, "ada", "admin")

    page = ada.force(f"/staff/{id_of(house, 'ada')}/invitation")

    assert page.status == 403
    assert "invitation?w=" not in page.html
