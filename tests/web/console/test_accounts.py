"""Who may do what: the table of permissions row by row, and accounts in the hands of admins."""

from __future__ import annotations

import pytest
from sqlmodel import Session, select

from rights.domain import duties, staff
from rights.domain.duties import Act
from rights.domain.errors import Conflict, Forbidden
from rights.services import audit
from rights.services.staff_access import accounts
from rights.store.models import Appeal, Assignment, DayChain, Staff
from tests.web.console.clerk import Clerk, clerk, events, id_of
from tests.web.house import House

PAGES = {
    "/": Act.LOOK,
    "/requests": Act.LOOK,
    "/waiting": Act.LOOK,
    "/stores": Act.LOOK,
    "/rechecks": Act.LOOK,
    "/account": Act.LOOK,
    "/find": Act.FIND_PERSON,
    "/staff": Act.MANAGE_STAFF,
    "/products": Act.MANAGE_PRODUCTS,
    "/settings": Act.CHANGE_SETTINGS,
    "/trail": Act.READ_TRAIL,
}


@pytest.mark.requirement("R-9-1")
@pytest.mark.parametrize("role", [*staff.ROLES, *staff.SCOPES])
def test_each_page_opens_for_whom_the_table_lets_in(house: House, role: str) -> None:
    one = clerk(house, "kim", role)

    for path, act in PAGES.items():
        allowed = role in duties.MAY[act]
        assert (path, one.get(path).status) == (path, 200 if allowed else 403)


@pytest.mark.requirement("R-9-1")
@pytest.mark.parametrize("act", list(Act))
def test_the_table_of_permissions_row_by_row(act: Act) -> None:
    assert duties.MAY[act], act
    for role in staff.KNOWN:
        allowed = role in duties.MAY[act]
        if role == duties.AUTOMATION and act in duties.BY_A_PERSON:
            allowed = False
        if allowed:
            duties.check([role], act)
        else:
            with pytest.raises(Forbidden):
                duties.check([role], act)


def test_an_admin_adds_somebody_who_sets_a_password_and_comes_in(house: House) -> None:
    ada = clerk(house, "ada", "admin")

    page = ada.reader.send(ada.get("/staff"), "/staff", name="rui", roles=["reviewer"])

    link = page.html.split("<code>")[1].split("</code>")[0]
    rui = Clerk(house, "rui")
    rui.accept(link.partition("w=")[2])
    assert rui.come_in().status == 200
    assert ("staff_added", f"staff:{id_of(house, 'ada')}") in events(house)
    assert "w=" not in ada.get("/staff").html  # shown once


def test_roles_count_from_the_next_click_on(house: House) -> None:
    ada, rui = clerk(house, "ada", "admin"), clerk(house, "rui", "reviewer")
    assert rui.get("/find").status == 200

    page = ada.get("/staff")
    ada.reader.send(page, f"/{id_of(house, 'rui')}/roles", roles=["auditor"])

    assert rui.get("/find").status == 403


@pytest.mark.requirement("R-NEG-28:bad")
def test_nobody_makes_themselves_more_than_they_are(house: House) -> None:
    ada = clerk(house, "ada", "admin")
    mine = id_of(house, "ada")

    for path, said in (("roles", {"roles": ["admin", "approver"]}), ("close", {})):
        page = ada.force(f"/staff/{mine}/{path}", **said)
        assert page.status == 403
    with house.reading() as session:
        assert session.get_one(Staff, mine).roles == ["admin"]
    assert ("staff_refused", f"staff:{mine}") in events(house)


def test_somebody_stays_who_can_manage_accounts(house: House) -> None:
    ada, eve = clerk(house, "ada", "admin"), clerk(house, "eve", "admin")
    ada.reader.send(ada.get("/staff"), f"/{id_of(house, 'eve')}/roles", roles=["auditor"])
    assert eve.get("/staff").status == 403
    with house.writing() as session:
        found = session.exec(select(Staff).where(Staff.name == "eve")).one()
        found.roles = ["admin"]

    for none in ([], ["owner"]):
        page = ada.force(f"/staff/{id_of(house, 'eve')}/roles", roles=none)
        assert page.status == 422

    now = house.clock.now()
    with house.writing() as session:  # from the command line, where nobody acts on themselves
        ada_, eve_ = (_of(session, name) for name in ("ada", "eve"))
        accounts.change_roles(session, ada_, ["auditor"], None, now=now)
        with pytest.raises(Conflict) as kept:
            accounts.change_roles(session, eve_, ["auditor"], None, now=now)
        with pytest.raises(Conflict) as open_still:
            accounts.close(session, eve_, None, now=now)
    assert [kept.value.code, open_still.value.code] == ["last_admin"] * 2


def _of(session: Session, name: str) -> Staff:
    return session.exec(select(Staff).where(Staff.name == name)).one()


def test_a_name_is_somebodys_for_ever(house: House) -> None:
    ada = clerk(house, "ada", "admin")
    clerk(house, "rui", "reviewer")
    ada.reader.send(ada.get("/staff"), f"/{id_of(house, 'rui')}/close")

    for name in ("rui", "  rui ", "", "x" * 81, "a\u202eb"):
        page = ada.force("/staff", name=name, roles=["reviewer"])
        assert page.status in (409, 422), name


def test_closing_an_account_ends_what_it_is_signed_in_with(house: House) -> None:
    ada, rui = clerk(house, "ada", "admin"), clerk(house, "rui", "reviewer")

    ada.reader.send(ada.get("/staff"), f"/{id_of(house, 'rui')}/close")

    assert rui.get("/").response.request.path == "/console/sign-in"
    assert "closed on" in ada.get("/staff").text


def test_what_was_given_to_somebody_is_nobodys_once_their_account_is_closed(house: House) -> None:
    ada, ana = clerk(house, "ada", "admin"), clerk(house, "ana", "approver")
    clerk(house, "rui", "reviewer")
    rui, request_id = id_of(house, "rui"), str(house.asserted("access")["id"])
    ana.reader.send(ana.get("/requests"), "/requests/assign", requests=[request_id], to=rui)
    now = house.clock.now()
    appeal = Appeal(
        request_id=request_id, assigned_to=rui, received_at=now, due_at=now, promised_at=now
    )
    with house.writing() as session:
        session.add(appeal)
    assert request_id in ana.get(f"/requests?assigned={rui}").html

    ada.reader.send(ada.get("/staff"), f"/{rui}/close")

    with house.reading() as session:
        assert session.exec(select(Assignment)).all() == []
        assert session.exec(select(Appeal.assigned_to)).one() == ""
        (closed,) = [
            e.data
            for day in session.exec(select(DayChain.name)).all()
            for e in audit.entries(session, day)
            if e.event == "staff_closed"
        ]
    assert closed == {"staff": rui, "given_back": 2}
