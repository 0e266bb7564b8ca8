"""Staff sign in at the company's own provider; its groups say what they may do."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlmodel import select

from rights.services.staff_access import accounts
from rights.store.models import SignIn, Staff, StaffLogin, StaffSession
from tests.web.console.clerk import PASSWORD, Clerk, clerk
from tests.web.console.company import ANA, GIVEN, Company, inside, problem
from tests.web.house import House
from tests.web.portal.desk import Desk, asked_for, visited

_ONCE = pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)
"""What differs does not reach the register."""


@pytest.mark.requirement("R-9-1")
def test_the_first_sign_in_makes_an_account_with_the_roles_of_its_groups(company: Company) -> None:
    reader = company.reader()

    page = company.sign_in(reader)

    assert (page.status, reader.path) == (200, "/console/")
    assert "Ana Li" in page.text
    (ana,) = company.staff()
    assert (ana.name, ana.roles) == ("Ana Li", ["approver", "legal"])
    data = {"staff": ana.id, "roles": ["approver", "legal"]}
    assert company.entries("staff_added") == [("system", data)]
    assert company.entries("staff_signed_in") == [(f"staff:{ana.id}", {"by": "provider"})]
    with company.house.reading() as session:
        row = session.exec(select(StaffLogin)).one()
        assert (row.password, row.totp) == ("", b"")
        assert row.account
        assert "s-1" not in row.account
        assert session.exec(select(SignIn)).all() == []


def test_the_same_account_again_is_the_same_member_of_staff(company: Company) -> None:
    company.sign_in(company.reader())
    company.desk.person |= {"name": "Ana Wang"}

    assert company.sign_in(company.reader()).status == 200

    assert [one.name for one in company.staff()] == ["Ana Li"]
    assert company.entries("staff_roles") == []


def test_roles_are_brought_up_to_date_with_each_sign_in(company: Company) -> None:
    company.sign_in(company.reader())
    company.desk.person |= {"groups": ["Heads of office", "unknown"]}
    reader = company.reader()

    company.sign_in(reader)

    assert company.roles() == ["admin"]
    ((actor, data),) = company.entries("staff_roles")
    assert (actor, data["before"], data["roles"]) == ("system", ["approver", "legal"], ["admin"])
    assert reader.get("/console/staff").status == 200


@pytest.mark.requirement("R-9-1:bad")
@_ONCE
@pytest.mark.parametrize("groups", [None, ["others"], {"privacy": True}, [["privacy"]], "privacy "])
def test_whom_no_group_gives_a_role_is_refused(company: Company, groups: object) -> None:
    company.desk.person |= {"groups": groups}
    company.desk.said = {"groups": groups}
    reader = company.reader()

    page = company.sign_in(reader)

    assert (page.status, problem(page)) == (403, "You have no role here")
    assert "Whoever looks after accounts there" in page.text
    assert not inside(reader)
    assert company.staff() == []
    assert company.entries("staff_sign_in_refused") == [("system", {"code": "no_staff_role"})]


def test_whose_groups_were_taken_away_is_out_everywhere(company: Company) -> None:
    before = company.reader()
    company.sign_in(before)
    company.desk.person |= {"groups": []}

    page = company.sign_in(company.reader())

    assert page.status == 403
    assert not inside(before)
    assert company.roles() == []
    (ana,) = company.staff()
    refused = {"code": "no_staff_role", "staff": ana.id}
    assert company.entries("staff_sign_in_refused") == [("system", refused)]
    company.desk.person |= {"groups": ["privacy"]}
    assert company.sign_in(company.reader()).status == 200
    assert company.roles() == ["approver", "legal"]


def test_a_closed_account_stays_closed(company: Company) -> None:
    company.sign_in(company.reader())
    with company.house.writing() as session:
        ana = session.exec(select(Staff)).one()
        accounts.close(session, ana, None, now=company.house.clock.now())

    for _ in range(2):
        page = company.sign_in(company.reader())
        assert (page.status, problem(page)) == (403, "The account was closed")
    assert len(company.staff()) == 1
    with company.house.reading() as session:
        assert session.exec(select(StaffSession)).all() == []
    refused = {"code": "staff_account_closed", "staff": ana.id}
    assert company.entries("staff_sign_in_refused") == [("system", refused)] * 2


def test_who_is_called_like_a_colleague_is_not_that_colleague(company: Company) -> None:
    clerk(company.house, "Ana Li", "admin")

    company.sign_in(company.reader())
    company.desk.person = {**ANA, "sub": "s-2"}
    company.sign_in(company.reader())

    made = {one.name: one.roles for one in company.staff()}
    assert made.pop("Ana Li") == ["admin"]
    assert made == {"Ana Li 2": ["approver", "legal"], "Ana Li 3": ["approver", "legal"]}


@_ONCE
@pytest.mark.parametrize(
    ("name", "shown"),
    [("  Ana\n Li\u202e ", "Ana Li"), ("x" * 200, "x" * 80), ("李安娜", "李安娜")],
)
def test_a_name_is_one_line(company: Company, name: str, shown: str) -> None:
    company.desk.person |= {"name": name}

    company.sign_in(company.reader())

    assert [one.name for one in company.staff()] == [shown]


@_ONCE
@pytest.mark.parametrize("name", [None, " \n", ["Ana"]])
def test_who_has_no_name_is_not_let_in(company: Company, name: object) -> None:
    company.desk.person |= {"name": name}

    page = company.sign_in(company.reader())

    assert page.status == 401
    assert "does not say what you are called" in page.text
    assert company.entries("staff_sign_in_refused") == [("system", {"code": "sign_in_unknown"})]


def test_groups_may_be_told_only_when_the_provider_is_asked(company: Company) -> None:
    company.desk.person = {"sub": "s-1", "amr": ["hwk"]}
    company.desk.userinfo = {"groups": ["privacy"], "name": "Ana Li"}
    assert company.sign_in(company.reader()).status == 200

    company.desk.userinfo |= {"sub": "s-2"}
    assert company.sign_in(company.reader()).status == 401


# -- the second factor --------------------------------------------------------------------------


@pytest.mark.requirement("R-9-1")
@_ONCE
@pytest.mark.parametrize("said", [{}, {"amr": ["pwd"]}, {"amr": "otp"}, {"acr": "urn:2fa"}])
def test_our_own_second_factor_is_asked_for_where_the_provider_shows_none(
    company: Company, said: dict[str, object]
) -> None:
    company.desk.person = {k: v for k, v in ANA.items() if k != "amr"} | said
    reader = company.reader()

    page = company.sign_in(reader)

    assert reader.path == "/console/set-up"
    assert not inside(reader)
    secret = page.html.split("<code>")[1].split("</code>")[0]
    reader.send(page, "/set-up", code=company.code(secret))
    assert inside(reader)
    again = company.reader()
    page = company.sign_in(again, to="/console/requests")
    assert again.path == "/console/code"
    assert again.send(page, "/code", code="000000").status == 401
    page = again.send(page, "/code", code=company.code(secret))
    assert again.path == "/console/requests"
    # Shown at the provider next time, it is not asked for here.
    company.desk.person |= {"amr": ["mfa"]}
    assert inside_after(company)


def inside_after(company: Company) -> bool:
    reader = company.reader()
    company.sign_in(reader)
    return inside(reader)


def test_which_values_mean_a_second_factor_can_be_said(
    furnished: Callable[..., House], desk: Desk
) -> None:
    given = {**GIVEN, "staff_oidc_acrs": "urn:2fa", "staff_oidc_amrs": ""}
    house = furnished(**given, staff_oidc_issuer=desk.issuer)
    desk.now = lambda: house.clock.now().timestamp()
    company = Company(house, desk)
    assert asked_for(company.leave(company.reader()))["acr_values"] == "urn:2fa"

    assert not inside_after(company)  # by amr
    desk.person |= {"acr": "urn:2fa"}
    assert inside_after(company)


# -- passwords beside it ------------------------------------------------------------------------


def test_passwords_go_on_beside_the_provider(company: Company) -> None:
    rui = clerk(company.house, "rui", "admin")
    assert "company account" in company.reader().get("/console/sign-in").text
    company.sign_in(company.reader())
    (ana,) = (one for one in company.staff() if one.name == "Ana Li")

    page = rui.get("/staff")
    assert "Roles and way in come from the company's provider" in page.text
    for path, said in (("roles", {"roles": ["admin"]}), ("invitation", {})):
        refused = rui.force(f"/staff/{ana.id}/{path}", **said)
        assert refused.status == 409
    assert rui.reader.send(page, f"/{ana.id}/close").status == 200
    assert not inside_after(company)


def test_a_password_of_before_opens_nothing_for_whom_the_provider_signs_in(
    company: Company,
) -> None:
    company.sign_in(company.reader())
    with company.house.writing() as session:
        ana = session.exec(select(Staff)).one()
        token = accounts.invite(session, ana, None, now=company.house.clock.now())
    one = Clerk(company.house, "Ana Li")
    one.accept(token)

    assert one.password().status == 401


def test_the_provider_may_be_the_only_way(furnished: Callable[..., House], desk: Desk) -> None:
    house = furnished(**GIVEN, staff_oidc_issuer=desk.issuer, staff_oidc_only=True)
    desk.now = lambda: house.clock.now().timestamp()
    desk.person |= {"groups": ["Heads of office"]}
    company = Company(house, desk)
    with house.writing() as session:
        rui = accounts.add(session, "rui", ["admin"], None, now=house.clock.now())
        token = accounts.invite(session, rui, None, now=house.clock.now())
    reader = company.reader()
    assert [f.action for f in reader.get("/console/sign-in").forms] == ["/console/sign-in/provider"]

    assert reader.get(f"/console/invitation?w={token}").status == 403
    said = {"w": token, "password": PASSWORD, "again": PASSWORD}
    assert reader.post("/console/invitation", said).status == 403
    page = reader.post("/console/sign-in", {"name": "rui", "password": PASSWORD})
    assert (page.status, problem(page)) == (403, "Passwords are switched off")
    company.sign_in(reader)
    page = reader.send(reader.get("/console/staff"), "/staff", name="eve", roles=["admin"])
    assert page.status == 403
    assert "eve" not in [one.name for one in company.staff()]


# -- there and back -----------------------------------------------------------------------------


def test_one_arrives_where_one_was_going_and_nowhere_else(company: Company) -> None:
    for to in ("https://evil.example/", "//evil.example", "/console/\\evil", "/portal/"):
        page = company.sign_in(company.reader(), to=to)
        assert page.response.request.full_path.rstrip("?") == "/console/", to
    page = company.sign_in(company.reader(), to="/console/requests%3Fclock=late%26word=%E4%BC%9A")
    assert page.response.request.full_path.startswith("/console/requests?clock=late&word=")


def test_the_browser_is_bound_and_the_session_comes_with_our_own_pages_alone(
    company: Company,
) -> None:
    reader = company.reader()
    there = company.leave(reader)
    asked = asked_for(there)
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"].endswith("/console/sign-in/back")
    assert asked["nonce"] != asked["state"]
    cookies = reader.client._cookies or {}  # noqa: SLF001 - the only look at all of them
    (bound,) = [one for one in cookies.values() if one.key.startswith("rights_staff_sign_in_")]
    assert (bound.same_site, bound.http_only, bound.path) == ("Lax", True, "/console/sign-in")
    assert bound.value not in there

    page = reader.get(visited(there))

    assert page.status == 200  # a page, no redirect: a Strict cookie would not come with one
    cookie = reader.client.get_cookie("rights_staff", path="/console")
    assert cookie is not None
    assert (cookie.same_site, cookie.http_only) == ("Strict", True)
    assert not [one for one in cookies.values() if one.key.startswith("rights_staff_sign_in_")]


def test_signing_out_ends_the_session_here(company: Company) -> None:
    reader = company.reader()
    page = company.sign_in(reader)

    reader.send(page, "/sign-out")

    assert not inside(reader)
    with company.house.reading() as session:
        assert session.exec(select(StaffSession)).all() == []


def test_without_a_provider_there_is_no_such_way(house: House) -> None:
    reader = Company(house, Desk()).reader()
    assert "company account" not in reader.get("/console/sign-in").text
    assert reader.get("/console/sign-in/back?state=x&code=y").status == 404
    assert reader.post("/console/sign-in/provider", {}).status == 404


@_ONCE
def test_an_admin_lets_another_second_factor_be_set_up_and_nobody_their_own(
    company: Company,
) -> None:
    house = company.house
    company.desk.person |= {"amr": ["pwd"], "groups": ["Heads of office"]}
    reader = company.reader()
    page = company.sign_in(reader)
    secret = page.html.split("<code>")[1].split("</code>")[0]
    reader.send(page, "/set-up", code=company.code(secret))
    assert inside(reader)
    (her,) = company.staff()
    ada = clerk(house, "ada", "admin")
    her_key = dict(reader.get("/console/account").form("/sign-out").fields)["key"]

    own = reader.post(f"/console/staff/{her.id}/second-factor", {"key": her_key})
    done = ada.reader.send(ada.get("/staff"), f"/{her.id}/second-factor")
    again = ada.force(f"/staff/{her.id}/second-factor")

    assert (own.status, done.status, again.status) == (403, 200, 409)
    assert not inside(reader)
    with house.reading() as session:
        row = session.get_one(StaffLogin, her.id)
        assert (row.totp, row.recovery) == (b"", [])
        assert row.account
    ((_, data),) = company.entries("staff_second_factor_reset")
    assert data == {"staff": her.id, "passkeys": 0}
    assert company.sign_in(company.reader()).response.request.path == "/console/set-up"


@_ONCE
def test_a_local_account_gets_a_link_instead_and_the_page_says_how_old_its_password_is(
    company: Company,
) -> None:
    house = company.house
    ada, rui = clerk(house, "ada", "admin"), clerk(house, "rui", "reviewer")
    with house.reading() as session:
        number = session.exec(select(Staff.id).where(Staff.name == "rui")).one()

    refused = ada.force(f"/staff/{number}/second-factor")
    ada.reader.send(ada.get("/staff"), f"/{number}/invitation")

    assert refused.status == 409
    assert rui.get("/").status == 200
    page = ada.get("/staff").text
    assert "password set on" in page
    assert "a link made by ada waits until" in page
