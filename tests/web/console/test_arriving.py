"""What came by letter, phone or at a counter is logged on a page, as of the moment it arrived."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlmodel import select

from rights.domain.duties import MAY, Act
from rights.domain.kinds import Kind
from rights.domain.lifecycle import State
from rights.domain.staff import ROLES, SCOPES
from rights.store.models import Challenge, Entry, IdentifierRow, Request
from tests.web.console.clerk import Clerk, clerk, events, id_of, refusals
from tests.web.house import House
from tests.web.portal.reader import Page

MONDAY = datetime(2026, 11, 30, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai
LETTER = {
    "channel": "letter",
    "received_at": "2026-11-23T09:30",
    "who.email": "alice@example.com",
    "locale": "en",
    "age_band": "unknown",
}
_ONCE = pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)
"""What differs does not reach the register."""


@pytest.fixture
def rui(house: House) -> Clerk:
    house.clock.at = MONDAY
    return clerk(house, "rui", "reviewer")


def _log(who: Clerk, ask: str, **said: Any) -> Page:
    page = who.get(f"/log?ask={ask}")
    return who.reader.send(page, "/log/request", **{**LETTER, **said})


def _one(house: House) -> Request:
    with house.reading() as session:
        made: Request = session.exec(select(Request)).one()
    return made


@pytest.mark.requirement("R-23-9")
def test_a_letter_is_logged_as_of_the_moment_it_arrived(house: House, rui: Clerk) -> None:
    page = _log(rui, "access/summary")

    made = _one(house)
    assert page.response.request.path == f"/console/requests/{made.id}"
    assert "A code is on its way" in page.text
    assert (made.channel, made.state, made.level, made.locale) == (
        "letter",
        State.VERIFYING,
        0,
        "en",
    )
    assert made.received_at == datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
    assert made.promised_at == datetime(2026, 12, 14, 15, 59, 59, tzinfo=UTC)
    with house.reading() as session:
        (who,) = session.exec(select(IdentifierRow)).all()
        assert (who.type, who.proof) == ("email", "")
        assert len(session.exec(select(Challenge)).all()) == 1
        entries = session.exec(select(Entry)).all()
    (entry,) = [one for one in entries if one.event == "received"]
    assert (entry.actor, entry.data["channel"]) == (f"staff:{id_of(house, 'rui')}", "letter")
    assert "alice" not in str([one.data for one in entries]) + page.response.request.full_path


def test_what_may_be_said_beside_a_kind_is_asked_for_and_kept(house: House, rui: Clerk) -> None:
    asked = rui.get("/log?ask=restriction/restrict")
    purposes = re.findall(r'name="more.purposes" value="([^"]+)"', asked.html)

    _log(rui, "restriction/restrict", **{"more.purposes": purposes[:1], "more.until": "2027-03-01"})

    assert purposes
    assert _one(house).parameters == {"purposes": purposes[:1], "until": "2027-03-01"}


_WRONG: list[tuple[dict[str, str], str]] = [
    ({"received_at": "2026-12-01T09:00"}, "When it arrived. It lies in the future."),
    ({"received_at": "1926-11-23T09:30"}, "When it arrived. It lies more than 10 years back."),
    ({"received_at": "yesterday"}, "When it arrived. It is no day and time."),
    ({"received_at": "2026-11-23T09:30+08:00"}, "When it arrived. It is no day and time."),
    ({"channel": "pigeon"}, "How it came. It can be: letter"),
    ({"locale": "tlh"}, "The language to answer in. Choose one of the list."),
    ({"age_band": "old"}, "How old the person is, as far as is known. Choose one of the list."),
    ({"ask": "deletion/everything"}, "What is asked for. This is not offered here."),
    ({"who.email": "no address"}, "E-mail address. It is not written as one is"),
    ({"regimes": "mars"}, "The law. It can be: "),
    (
        {"regimes": "cn_minor"},
        "How old the person is, as far as is known. Where the law for minors counts",
    ),
    ({"more.ground": "because"}, "Why, if they say so. It can be: "),
]
"""What was typed beside the rest of a letter, and the field and the rule that are told."""


@pytest.mark.requirement("R-23-9:bad")
@pytest.mark.parametrize(("said", "told"), _WRONG, ids=lambda one: str(one)[:40])
@_ONCE
def test_what_is_wrong_is_told_beside_what_was_typed(
    house: House, rui: Clerk, said: dict[str, str], told: str
) -> None:
    page = rui.get("/log?ask=deletion/delete")
    key = page.form("/log/request").holding()["key"]

    page = rui.reader.post(
        "/console/log/request",
        {"key": key, "ask": "deletion/delete", **LETTER, "who.phone": "", **said},
    )

    assert page.status == 422, page.text
    assert f"Please look again: {told}" in page.text, page.text
    if "ask" not in said:
        kept = page.form("/log/request").holding()["who.email"]
        assert kept == [said.get("who.email", LETTER["who.email"])]
    with house.reading() as session:
        assert session.exec(select(Request)).all() == []
    assert ("staff_refused", f"staff:{id_of(house, 'rui')}") in events(house)


@_ONCE
def test_the_rule_is_named_in_chinese_too(house: House, rui: Clerk) -> None:
    rui.reader.language = "zh-CN"

    page = _log(rui, "access/summary", received_at="2026-12-01T09:00")

    assert page.status == 422
    assert "。在将来。" in page.text


@pytest.mark.requirement("R-23-9:bad")
@_ONCE
def test_what_arrived_long_ago_is_logged_by_who_may_approve(house: House, rui: Clerk) -> None:
    refused = _log(rui, "access/summary", received_at="2026-09-01T09:00")

    assert refused.status == 403
    ana = clerk(house, "ana", "approver")
    assert _log(ana, "access/summary", received_at="2026-09-01T09:00").status == 200
    assert _one(house).received_at == datetime(2026, 9, 1, 1, 0, tzinfo=UTC)

    own = ana.force(f"/requests/{_one(house).id}/approve", plan="p" * 64)

    assert own.status == 403
    assert "You brought this request in: Who logged a request" in own.text
    assert refusals(house)[-1]["code"] == "own_request"


@_ONCE
@pytest.mark.parametrize("role", [*ROLES, *SCOPES])
def test_it_is_offered_to_whom_it_is_open(house: House, role: str) -> None:
    kim = clerk(house, "kim", role)
    may = role in MAY[Act.LOG_REQUEST]

    assert (kim.get("/log").status == 200) == may
    assert ("/console/log" in kim.get("/requests").html) == may


@_ONCE
@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_everything_that_is_offered_has_its_page(house: House, rui: Clerk, language: str) -> None:
    offered = [f"{k}/{o}" for k in Kind for o in house.context.policy.offered(k)]

    for ask in offered:
        page = rui.get(f"/log?ask={ask}&lang={language}")
        assert page.status == 200, ask
        assert page.form("/log/request").holding()["ask"] == [ask]
