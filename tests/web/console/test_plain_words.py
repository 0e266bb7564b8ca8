"""Words that staff read are true, say a thing once, and leave nobody guessing."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import col, select

from rights.domain.kinds import OPTIONS
from rights.domain.lifecycle import Event
from rights.services import catalogue, notices, requests
from rights.store.models import Notice, Request, StepState
from rights.web.console import showing, words
from tests.web.console import reporting
from tests.web.console.clerk import Clerk, clerk, planned
from tests.web.house import ALICE, BOB, House

pytestmark = pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)

NOT_REACHED = "did not reach the person"
NOT_CONFIRMED = "No letter has told the person that the request arrived"


def _asked(house: House, who: dict[str, str] = ALICE) -> str:
    """Let somebody ask under a law by which receipt is confirmed."""
    return str(house.submit("deletion", who, regimes=["us_ca"])["id"])


def _letters(house: House, request_id: str, state: str) -> None:
    with house.writing() as session:
        about = select(Notice).where(Notice.request_id == request_id)
        for one in session.exec(about.order_by(col(Notice.id))):
            one.state = state
            session.add(one)


def _told(staff: Clerk, made: str) -> tuple[bool, str]:
    """Return whether the form is there in which staff say how somebody was told; and the page."""
    page = staff.get(f"/requests/{made}")
    return any(form.action.endswith("/told") for form in page.forms), page.text


def test_telling_another_way_is_offered_once_a_letter_is_lost_and_not_while_it_waits(
    house: House,
) -> None:
    rui, made = clerk(house, "rui", "reviewer"), _asked(house)

    offered, text = _told(rui, made)
    assert (offered, NOT_REACHED in text, NOT_CONFIRMED in text) == (False, False, False)

    _letters(house, made, notices.GIVEN_UP[0])
    offered, text = _told(rui, made)
    assert (offered, NOT_REACHED in text, NOT_CONFIRMED in text) == (True, True, False)
    assert "written down" in rui.act(made, "told", how="phone").text
    assert _told(rui, made)[0] is False


def test_telling_another_way_is_offered_where_no_letter_confirms_receipt_or_none_did_in_time(
    house: House,
) -> None:
    rui, made, late = clerk(house, "rui", "reviewer"), _asked(house), _asked(house, BOB)
    _letters(house, made, notices.NO_CONTACT)
    offered, text = _told(rui, made)
    assert (offered, NOT_REACHED in text, NOT_CONFIRMED in text) == (True, False, True)

    house.clock.forward(days=30)
    offered, text = _told(clerk(house, "mei", "reviewer"), late)
    assert (offered, NOT_REACHED in text, NOT_CONFIRMED in text) == (True, False, True)


def test_a_day_that_is_past_is_not_said_to_come(house: House) -> None:
    rui, made, ended = clerk(house, "rui", "reviewer"), _asked(house), _asked(house, BOB)
    assert "Receipt is to be confirmed by" in rui.get(f"/requests/{made}").text
    with house.writing() as session:
        row = session.get_one(Request, ended)
        requests.record(session, row, Event.REVOKED, actor="subject", now=house.clock.now())

    house.clock.forward(days=30)
    mei = clerk(house, "mei", "reviewer")

    late = mei.get(f"/requests/{made}").text
    assert "Receipt was to be confirmed by" in late
    over = mei.get(f"/requests/{ended}").text
    assert "Receipt had not been confirmed when this ended" in over
    assert "to be confirmed by" not in late.replace("was to be confirmed by", "") + over
    assert _told(mei, ended)[0] is False


@pytest.mark.parametrize(
    ("language", "said"), [("en", "In the store shop: Delete"), ("zh-CN", "在存储 shop 中：删除")]
)
def test_a_step_that_waits_says_that_it_is_done_in_a_store(
    house: House, language: str, said: str
) -> None:
    planned(house, state=StepState.MANUAL)
    rui = clerk(house, "rui", "reviewer")
    rui.reader.language = language

    text = rui.get(f"/waiting?lang={language}").text

    assert said in text


def test_levels_are_told_by_what_they_mean(house: House) -> None:
    made = str(house.asserted("access")["id"])
    with house.writing() as session:
        session.get_one(Request, made).level, session.get_one(Request, made).level_needed = 1, 2

    text = clerk(house, "rui", "reviewer").get(f"/requests/{made}").text

    assert "proved: that a contact is theirs (level 1)" in text
    assert "needed: that the account is theirs, as strongly as it can be (level 2)" in text
    assert all(
        set(words.of(one).codes("levels")) == {"0", "1", "2", "3"} for one in ("en", "zh-CN")
    )


def test_every_request_has_a_heading_that_says_kind_and_option_once(house: House) -> None:
    kinds: Any = catalogue.words()["kinds"]

    for kind, options in OPTIONS.items():
        assert set(kinds[kind]["headings"]) == set(options)
    for language in ("en", "zh-CN"):
        said = [text[language] for one in kinds.values() for text in one["headings"].values()]
        assert len(set(said)) == len(said)
    with house.app.test_request_context("/console/?lang=en"):
        assert showing.title("deletion", "delete") in ("Deletion", "删除")
        assert showing.title("none", "such") == "none/such"


def test_who_has_no_request_reads_nobody_in_the_list_too(house: House) -> None:
    made = str(house.asserted("access", BOB)["id"])
    rui = clerk(house, "rui", "reviewer")

    page = rui.get("/requests")

    assert '<th scope="col">Given to</th>' in page.html
    assert "<td>nobody</td>" in page.html
    rui.act(made, "assign", to="me")
    assert "<td>rui</td>" in rui.get("/requests").html


FIELDS = {
    "figures": {"year", "quarter", "public"},
    "california": {"year"},
    "audit": {"first", "last", "items"},
}


@pytest.mark.parametrize("name", FIELDS)
def test_a_report_asks_for_what_belongs_to_it_and_no_more(house: House, name: str) -> None:
    page = clerk(house, "lea", "legal").get(f"/reports?report={name}")

    form = page.html.partition('action="/console/reports"')[2].partition("</form>")[0]
    asked = {one for one in set().union(*FIELDS.values()) if f'name="{one}"' in form}
    assert asked == FIELDS[name]
    assert dict(page.form("/reports").fields)["report"] == name
    assert {f"/console/reports?report={one}" for one in FIELDS} <= set(page.links)
    assert f'href="/console/reports?report={name}" aria-current="page"' in page.html


def test_items_of_the_guide_are_ticked_and_stay_ticked_when_something_is_wrong(
    house: House,
) -> None:
    lea, year = clerk(house, "lea", "legal"), house.clock.now().year
    page = lea.get("/reports?report=audit&items=17")
    assert ("items", "17") in page.form("/reports").fields
    days = {"first": f"{year}-01-01", "last": f"{year}-12-31"}

    bad = {"items": ["2", "16"], "first": "", "last": days["last"]}
    wrong = lea.reader.send(page, "/reports", **bad)

    assert wrong.status == 422
    assert "Please look again: First day" in " ".join(wrong.text.split())
    assert [v for n, v in wrong.form("/reports").fields if n == "items"] == ["2", "16"]
    made = reporting.made(house, lea, wrong, **days)
    assert "--items 2,16" in made.text
    refused = lea.force("/reports/signed", first="", last="")
    assert dict(refused.form("/reports").fields)["report"] == "audit"


def test_two_pages_that_make_reports_say_so_in_the_same_words(house: House) -> None:
    page = clerk(house, "lea", "legal").get("/reports")

    assert "<button>Make the report</button>" in page.html
    for language in ("en", "zh-CN"):
        assert not words.of(language).find("organisation", "send")
