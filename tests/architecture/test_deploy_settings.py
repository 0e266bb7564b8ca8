"""Settings at run time, and what else waits for a colleague, with the roles of ``deploy/``."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from rights.services.live_settings import values
from rights.store.db import open_engine
from rights.store.models import AskedPoint, AskProposal, SettingProposal, SettingValue, StaffLogin
from tests.architecture.deployed import PROCESSES, Register
from tests.architecture.desk import Office
from tests.web.console.clerk import Clerk, id_of, planned
from tests.web.portal.reader import Page

RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE")


def _did(page: Page) -> Page:
    assert page.status == 200, page.text
    return page


def _propose(who: Clerk, name: str, value: str) -> None:
    _did(who.force(f"/settings/{name}", value=value, because="night shifts"))


def test_settings_are_changed_proposed_and_decided_with_the_consoles_role(office: Office) -> None:
    ada, bea = office.clerk("ada"), office.clerk("bea")

    _did(ada.get("/settings"))
    _did(ada.force("/settings/idle_days", value="2"))
    _propose(ada, "staff_hours", "24")
    _propose(ada, "code_tries", "9")
    made = {one.name: one.id for one in office.rows(SettingProposal)}
    _did(bea.force(f"/settings/proposals/{made['staff_hours']}/agree"))
    _did(bea.force(f"/settings/proposals/{made['code_tries']}/dismiss"))
    _propose(ada, "idle_days", "9")
    _did(ada.force("/settings/idle_days", value="1"))

    assert {one.outcome for one in office.rows(SettingProposal)} == {
        "agreed",
        "dismissed",
        "withdrawn",
    }
    kept = {one.name: one.value for one in office.rows(SettingValue)}
    assert (kept["staff_hours"], kept["idle_days"]) == ("24", "1")


@pytest.mark.parametrize("process", PROCESSES)
def test_every_process_reads_what_staff_set_with_its_role(
    office: Office, register: Register, process: str
) -> None:
    office.add(SettingValue(name="staff_hours", value="8"))
    engine = open_engine(register.as_role(process))
    office.house.context.in_force.look_again()

    values.refresh(engine, office.house.context, at=1e9)

    assert office.house.context.settings.staff_hours == 8
    engine.dispose()


def test_web_and_worker_set_and_propose_nothing(register: Register) -> None:
    def may(process: str, table: str) -> list[str]:
        return [one for one in RIGHTS if register.may(process, one, table)]

    for process in ("web", "worker"):
        assert may(process, "setting_value") == ["SELECT"]
        assert may(process, "setting_proposal") == may(process, "ask_proposal") == []
    assert may("console", "setting_value") == ["SELECT", "INSERT"]
    assert may("console", "setting_proposal") == ["SELECT", "INSERT"]
    assert may("console", "ask_proposal") == ["SELECT", "INSERT"]


@pytest.mark.requirement("R-NEG-28:bad")
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE setting_value SET name = ''",
        "DELETE FROM setting_value",
        "UPDATE setting_proposal SET proposed_by = ''",
        "UPDATE setting_proposal SET value = ''",
        "DELETE FROM setting_proposal",
        "UPDATE ask_proposal SET proposed_by = ''",
        "UPDATE ask_proposal SET said_id = ''",
    ],
)
def test_who_proposed_what_stays_as_it_was_for_the_consoles_role(
    register: Register, statement: str
) -> None:
    engine = open_engine(register.as_role("console"))
    with pytest.raises(DBAPIError, match="permission denied"), engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


SECOND: dict[str, Any] = {"question.1": "In Chengdu?", "why.1": "Two more are named."}


def test_a_person_is_asked_once_more_with_the_consoles_role(office: Office) -> None:
    ana, wei, made = office.clerk("ana"), office.clerk("wei"), office.asserted()
    _did(ana.force(f"/requests/{made}/ask", **{"question.1": "Which?", "why.1": "Two."}))
    given = {"answers": {"question_1": "The first."}}
    assert office.house.post(f"/v1/requests/{made}/information", given).status_code == 200

    _did(ana.force(f"/requests/{made}/ask_again", **SECOND))
    first = office.only(AskProposal).id
    _did(wei.force(f"/requests/{made}/dismiss_asking", asking=first))
    _did(ana.force(f"/requests/{made}/ask_again", **SECOND))
    second = office.only(AskProposal, AskProposal.outcome == "").id
    assert "Chengdu" in _did(wei.force(f"/requests/{made}/open/asking", asking=second)).text
    _did(wei.force(f"/requests/{made}/agree_asking", asking=second))

    assert [one.name for one in office.rows(AskedPoint, AskedPoint.agreed_by != "")] == [
        "question_2"
    ]


def test_a_contact_is_vouched_for_with_the_consoles_role(office: Office) -> None:
    vera = office.clerk("vera")
    made = planned(office.house, "copy", action="prepare", state="failed", code="contact_changed")

    _did(vera.force(f"/requests/{made}/trust", why="called back at the old number"))


def test_a_second_factor_is_set_anew_with_the_consoles_role(office: Office) -> None:
    ada, rui = office.clerk("ada"), office.clerk("rui", "reviewer")
    number = id_of(office.console, rui.name)
    with office.house.writing() as session:
        session.get_one(StaffLogin, number).account = "at-the-provider"

    _did(ada.force(f"/staff/{number}/second-factor"))

    assert office.only(StaffLogin, StaffLogin.staff_id == number).totp == b""
    assert rui.get("/").response.request.path == "/console/sign-in"
