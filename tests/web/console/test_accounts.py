"""Who may do what: the table of permissions row by row, and accounts in the hands of admins."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import Session, select

from rights.domain import duties, staff
from rights.domain.duties import Act
from rights.domain.errors import Conflict, Forbidden
from rights.services import audit
from rights.services.staff_access import accounts
from rights.store.models import Appeal, Assignment, DayChain, Staff
from tests.web.console import permissions
from tests.web.console.clerk import Clerk, clerk, events, id_of, refusals
from tests.web.console.permissions import MAY
from tests.web.correspondence import Office
from tests.web.house import House

NONE = "0" * 32
PAGES = {
    "/": Act.LOOK,
    "/requests": Act.LOOK,
    "/requests.csv": Act.LOOK,
    "/waiting": Act.LOOK,
    "/holds": Act.LOOK,
    f"/holds/{NONE}": Act.LOOK,
    "/stores": Act.LOOK,
    "/rechecks": Act.LOOK,
    "/incidents": Act.LOOK,
    "/organisation": Act.LOOK,
    "/account": Act.LOOK,
    "/log": Act.LOG_REQUEST,
    "/find": Act.FIND_PERSON,
    "/reports": Act.REPORT,
    "/staff": Act.MANAGE_STAFF,
    "/products": Act.MANAGE_PRODUCTS,
    "/settings": Act.CHANGE_SETTINGS,
    "/trail": Act.READ_TRAIL,
    "/complaints": Act.ANSWER_COMPLAINT,
    "/appeals": Act.LOOK,
    f"/complaints/{NONE}": Act.ANSWER_COMPLAINT,
    f"/requests/{NONE}/passages/{NONE}": Act.REVIEW,
    f"/requests/{NONE}/sample/{NONE}": Act.REVIEW,
}
"""Whom a page is for is asked before whether there is what it shows."""


@pytest.mark.requirement("R-9-1")
@pytest.mark.parametrize("role", [*staff.ROLES, *staff.SCOPES])
def test_each_page_opens_for_whom_the_table_lets_in(house: House, role: str) -> None:
    one = clerk(house, "kim", role)

    closed = set()
    for path, act in PAGES.items():
        there = 404 if NONE in path else 200
        allowed = role in MAY[act]
        page = one.get(path)
        page.response.close()  # a file is on its way: nobody reads it
        assert (path, page.status) == (path, there if allowed else 403)
        closed |= set() if allowed else {str(act)}
    assert {said["needs"] for said in refusals(house)} == closed


@pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)
def test_every_page_of_the_console_is_in_the_list(house: House) -> None:
    areas = {path.split("/")[1].partition(".")[0] for path in PAGES}
    rules = [r for r in house.app.url_map.iter_rules() if r.endpoint.startswith("console-")]
    gets = {r.rule.split("/")[2].partition(".")[0] for r in rules if "GET" in (r.methods or ())}
    nobody_yet = {"sign-in", "code", "set-up", "invitation", "readyz", "<path:anything>"}
    assert gets - areas == nobody_yet


@pytest.mark.requirement("R-9-1")
def test_the_table_of_permissions_says_what_was_written_down_apart_from_it() -> None:
    assert dict(duties.MAY) == MAY
    assert set(Act) - duties.BY_A_PERSON == {a for a, who in MAY.items() if "automation" in who}


@pytest.mark.requirement("R-9-1")
def test_the_page_for_staff_has_every_act_and_its_roles() -> None:
    rows = permissions.written()

    assert [who for _, who in rows] == [who for _, who in permissions.wanted()]
    for (row, _), (begins, _) in zip(rows, permissions.wanted(), strict=True):
        assert row.startswith(begins)


@pytest.mark.requirement("R-9-1")
@pytest.mark.parametrize("act", list(Act))
def test_the_table_of_permissions_row_by_row(act: Act) -> None:
    for role in staff.KNOWN:
        if role in MAY[act]:
            duties.check([role], act)
        else:
            with pytest.raises(Forbidden) as refused:
                duties.check([role], act)
            assert refused.value.act == str(act)
            assert {*refused.value.roles} == MAY[act] - {"automation"}


@pytest.mark.requirement("R-NEG-28:bad")
@pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)
def test_who_lacks_a_role_reads_which_rule_it_is_and_it_is_an_entry(house: House) -> None:
    uma = clerk(house, "uma", "auditor")

    page = uma.get("/staff")
    assert "manage the accounts of staff" in page.text
    assert "Administrator" in page.text
    assert "API" not in page.text
    chinese = uma.get("/staff?lang=zh-CN")
    assert "管理工作人员账号" in chinese.text
    assert "管理员" in chinese.text
    sent = uma.force("/products/keys/" + NONE + "/revoke")

    assert (page.status, chinese.status, sent.status) == (403, 403, 403)
    listed = {"code": "forbidden", "act": "staff.listed", "needs": "manage_staff"}
    sent_ = {"code": "forbidden", "act": "products.revoke", "needs": "manage_products"}
    assert refusals(house) == [listed, listed, sent_]


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


def test_an_admin_signs_a_colleague_out_of_every_browser_who_then_comes_in_anew(
    house: House, tmp_path: Path
) -> None:
    ada, kim = clerk(house, "ada", "admin"), clerk(house, "kim", "reviewer")
    lost = Clerk(house, "kim", kim.secret)
    lost.come_in()
    who, page = id_of(house, "kim"), ada.get("/staff")
    assert "signed in, browsers: 2" in page.text

    page = ada.reader.send(page, f"/{who}/sign-out")

    assert "browsers: 2" not in page.text
    assert not any(form.action.endswith(f"/{who}/sign-out") for form in page.forms)
    for one in (kim, lost):
        assert one.get("/").response.request.path == "/console/sign-in"
    assert ("staff_signed_out", f"staff:{id_of(house, 'ada')}") in events(house)
    assert kim.come_in().status == 200

    assert Office(house, tmp_path).run("staff", "sign-out", "kim").exit_code == 0  # no console

    assert kim.get("/").response.request.path == "/console/sign-in"
    assert ("staff_signed_out", "operator") in events(house)
    assert ada.get("/").status == 200


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
