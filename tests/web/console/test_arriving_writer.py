"""A letter may have been written by somebody else: who, and as what, is logged beside it."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlmodel import select

from rights import logs
from rights.domain.lifecycle import State
from rights.services import reaching, representatives, subjects
from rights.store.models import Challenge, Entry, Notice, Representation, Request
from tests.web.console.clerk import Clerk, clerk, id_of
from tests.web.house import House
from tests.web.portal.reader import Page

pytestmark = pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)

MONDAY = datetime(2026, 11, 30, 2, 0, tzinfo=UTC)
LETTER = {
    "channel": "letter",
    "received_at": "2026-11-23T09:30",
    "who.email": "alice@example.com",
    "locale": "en",
    "age_band": "unknown",
}
LAWYER = "lawyer@firm.example"
AGENT: dict[str, Any] = {
    "role": "agent",
    "relation": "lawyer",
    "contact": {"email": LAWYER},
    "name": "Li Na",
    "matters": ["access", "copy"],
    "scope": "receive",
    "until": "2999-12-31",
    "signed": True,
}
BARE: dict[str, dict[str, Any]] = {
    "agent": {"role": "agent", "relation": "lawyer"},
    "guardian": {"role": "guardian", "relation": "parent"},
    "guardian_adult": {"role": "guardian_adult", "relation": "spouse"},
    "close_relative": {"role": "close_relative", "relation": "child"},
}
WHOLE: dict[str, dict[str, Any]] = {
    "agent": AGENT,
    "guardian": {**BARE["guardian"], "contact": {"email": "mum@example.com"}},
    "guardian_adult": {
        **BARE["guardian_adult"],
        "contact": {"email": "spouse@example.com"},
        "matters": ["copy"],
        "until": "2999-12-31",
    },
    "close_relative": {
        **BARE["close_relative"],
        "contact": {"email": "son@example.com"},
        "interest": "I settle my mother's estate.",
    },
}


def _typed(said: dict[str, Any]) -> dict[str, Any]:
    """Return what the API is told of a requester as the form has it."""
    out: dict[str, Any] = {f"writer.{n}": v for n, v in said.items() if n != "contact"}
    out |= {f"writer.contact.{n}": v for n, v in said.get("contact", {}).items()}
    if "relation" in said:
        out["writer.relation"] = f"{said['role']}.{said['relation']}"
    return out


@pytest.fixture
def rui(house: House) -> Clerk:
    house.clock.at = MONDAY
    return clerk(house, "rui", "reviewer")


def _log(who: Clerk, said: dict[str, Any], ask: str = "copy/all", **more: Any) -> Page:
    page = who.get(f"/log?ask={ask}")
    return who.reader.send(page, "/log/request", **{**LETTER, **_typed(said), **more})


def _force(who: Clerk, **said: Any) -> Page:
    return who.force("/log/request", ask="copy/all", **{**LETTER, **said})


def _one(house: House) -> Request:
    with house.reading() as session:
        made: Request = session.exec(select(Request).where(Request.channel == "letter")).one()
    return made


def _none(house: House) -> bool:
    with house.reading() as session:
        return not session.exec(select(Request)).all()


@pytest.mark.requirement("R-23-9")
@pytest.mark.parametrize("said", [*WHOLE.values(), *BARE.values()])
def test_a_letter_of_somebody_elses_asks_for_what_the_api_asks_for(
    house: House, rui: Clerk, said: dict[str, Any]
) -> None:
    asked = {"contact": {"email": "r@example.com"}, **said}
    by_api = house.submit("copy", subject={"email": "alice@example.com"}, requester=asked)

    page = _log(rui, asked)

    made = _one(house)
    assert page.response.request.path == f"/console/requests/{made.id}"
    assert (made.state, made.level, made.requester_role) == (State.VERIFYING, 0, asked["role"])
    names = ("needs", "wait", "level_needed", "delivers_to")
    assert [getattr(made, one) or None for one in names] == [by_api[one] or None for one in names]


@pytest.mark.requirement("R-CC165-1")
def test_what_was_said_is_written_beside_the_request_and_sealed(house: House, rui: Clerk) -> None:
    _log(rui, AGENT)

    made = _one(house)
    with house.reading() as session:
        row = session.get_one(Representation, made.id)
        (contact,) = reaching.representatives(session, made.id)
        own = subjects.identifier_rows(session, made.id)
    assert (row.role, row.relation, row.matters) == ("agent", "lawyer", ["access", "copy"])
    assert (row.scope, row.signed, row.attested, row.method) == ("receive", True, False, "")
    assert representatives.told(house.context, row)["name"] == "Li Na"
    assert (contact.type, contact.proof, [one.type for one in own]) == ("email", "", ["email"])
    assert b"Li Na" not in row.sealed
    assert LAWYER.encode() not in contact.sealed


def test_the_code_goes_to_who_wrote_and_the_principal_is_told(house: House, rui: Clerk) -> None:
    _log(rui, AGENT)

    made = _one(house)
    with house.reading() as session:
        (theirs,) = [one.id for one in reaching.representatives(session, made.id)]
        (own,) = [one.id for one in subjects.identifier_rows(session, made.id)]
        letters = {n.event: n.identifier_id for n in session.exec(select(Notice))}
        codes = [one.identifier_id for one in session.exec(select(Challenge))]
    assert letters == {"received": theirs, "represented": own}
    assert codes == [theirs]


def test_a_code_alone_lets_who_wrote_a_letter_act_for_nobody(house: House, rui: Clerk) -> None:
    _log(rui, AGENT)
    path, code = f"/v1/requests/{_one(house).id}", house.code(_one(house).id)

    answered = house.post(f"{path}/verification/answer", {"code": code})

    assert (answered.json["state"], answered.json["needs"]) == ("verifying", ["evidence"])


@pytest.mark.requirement("R-CC165-1:bad")
@pytest.mark.parametrize(
    ("left_out", "gap"),
    [
        ("name", "poa_name"),
        ("matters", "poa_matters"),
        ("scope", "poa_scope"),
        ("until", "poa_until"),
        ("signed", "poa_signed"),
    ],
)
def test_what_a_letter_leaves_unsaid_is_asked_for_by_name(
    house: House, rui: Clerk, left_out: str, gap: str
) -> None:
    page = _log(rui, {name: value for name, value in AGENT.items() if name != left_out})

    assert _one(house).needs == [gap, "evidence"]
    assert "Something is missing" in page.text


@pytest.mark.parametrize(
    ("said", "gap"),
    [({"until": "2020-01-01"}, "poa_expired"), ({"matters": ["portability"]}, "poa_matter")],
)
def test_an_authority_that_does_not_reach_is_asked_for_anew(
    house: House, rui: Clerk, said: dict[str, Any], gap: str
) -> None:
    _log(rui, {**AGENT, **said})

    assert _one(house).needs == [gap, "evidence"]


def test_a_letter_without_an_address_of_who_wrote_is_taken_in_and_written_back_to(
    house: House, rui: Clerk
) -> None:
    page = _log(rui, {name: value for name, value in AGENT.items() if name != "contact"})

    made = _one(house)
    assert "No contact was given" in page.text
    with house.reading() as session:
        assert reaching.representatives(session, made.id) == []
        assert session.exec(select(Challenge)).all() == []
        assert [one.event for one in session.exec(select(Notice))] == ["represented"]


_WRONG: list[tuple[dict[str, Any], str]] = [
    ({"writer.role": "friend"}, "As who they ask. Choose one of the list."),
    ({"writer.role": "self"}, "As who they ask. Choose one of the list."),
    ({"writer.role": ""}, "As who they ask. Something is said of who wrote"),
    ({"writer.relation": ""}, "What they are to the person. Nothing was typed here."),
    ({"writer.relation": "guardian.parent"}, "What they are to the person. It is none of"),
    ({"writer.relation": "agent.friend"}, "What they are to the person. It is none of"),
    ({"writer.contact.email": "at firm"}, "How who wrote can be reached. It is not written"),
    (
        {"writer.contact.email": "", "writer.contact.phone": "+8613800138000"},
        "How who wrote can be reached. It needs an e-mail address",
    ),
    ({"writer.name": "n" * 201}, "Name of who wrote. It has more than 200 characters."),
    ({"writer.name": "Li\u009bNa"}, "Name of who wrote. It holds characters"),
    ({"writer.interest": "i" * 2001}, "as a close relative puts it. It has more than 2000"),
    ({"writer.matters": ["copy", "all"]}, "What the authority is for. Choose one of the list."),
    ({"writer.scope": "everything"}, "How far a power of attorney goes. Choose one of the list."),
    ({"writer.until": "20261231"}, "Until when the authority is good. It is no day."),
    ({"writer.until": "the end"}, "Until when the authority is good. It is no day."),
]
"""What is wrong in what was typed of who wrote, and the field and the rule that are told."""


@pytest.mark.requirement("R-23-9:bad")
@pytest.mark.parametrize(("said", "told"), _WRONG, ids=lambda one: str(one)[:40])
def test_what_is_wrong_is_told_by_its_rule_and_nothing_that_was_typed_is_lost(
    house: House, rui: Clerk, said: dict[str, Any], told: str
) -> None:
    sent = {**_typed(AGENT), "writer.interest": "My own.", **said}

    page = _force(rui, **sent)

    assert page.status == 422, page.text
    assert told in page.text, page.text
    assert _none(house)
    assert "<details open>" in page.html
    held = page.form("/log/request").holding()
    for name in ("writer.name", "writer.contact.email", "writer.until", "who.email"):
        assert held[name] == [{**LETTER, **sent}[name]], name
    assert f">{sent['writer.interest']}</textarea>" in page.html
    known = [one for one in sent["writer.matters"] if one != "all"]
    assert (held["writer.matters"], held["writer.signed"]) == (known, ["1"])


@pytest.mark.requirement("R-P49-1:bad")
@pytest.mark.parametrize("name", ["writer.name", "writer.interest", "writer.contact.email"])
def test_what_is_said_of_a_writer_who_is_none_is_not_dropped(
    house: House, rui: Clerk, name: str
) -> None:
    page = _force(rui, **{name: "son@example.com"})

    assert page.status == 422
    assert "not as who they ask" in page.text
    assert _none(house)


def test_every_mistake_is_told_and_in_chinese_too(house: House, rui: Clerk) -> None:
    rui.reader.language = "zh-CN"

    page = _force(rui, **{**_typed(AGENT), "writer.role": "friend", "writer.until": "never"})

    assert page.status == 422
    assert "以何种身份提出。请从列表中选择。" in page.text
    assert "有效期至。不是有效的日期。" in page.text


def test_nothing_of_who_wrote_is_in_the_trail_the_log_or_an_address(
    house: House, rui: Clerk
) -> None:
    stream = io.StringIO()
    logs.configure(stream)
    said = {**AGENT, "interest": "an estate of a mother"}

    refused = _force(rui, **{**_typed(said), "writer.until": "never"})
    page = _log(rui, said)

    made = _one(house)
    with house.reading() as session:
        entries = session.exec(select(Entry)).all()
    told = str([one.data for one in entries]) + stream.getvalue()
    told += page.response.request.full_path + refused.response.request.full_path
    for secret in ("Li Na", LAWYER, "estate", "alice"):
        assert secret not in told
    (entry,) = [one for one in entries if one.event == "received"]
    assert (entry.actor, entry.data["requester_role"]) == (f"staff:{id_of(house, 'rui')}", "agent")
    shown = rui.get(f"/requests/{made.id}")
    assert "an agent" in shown.text
    assert "Li Na" not in shown.html


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_the_form_offers_what_the_law_knows_and_lies_folded(
    house: House, rui: Clerk, language: str
) -> None:
    page = rui.get(f"/log?ask=copy/all&lang={language}")

    assert {f"writer.{one}" for one in AGENT if one != "contact"} <= page.names
    assert {"writer.interest", "writer.contact.email"} <= page.names
    assert "<details open>" not in page.html
    for value in ("agent.lawyer", "guardian.parent", "close_relative.grandchild", "submit"):
        assert f'value="{value}"' in page.html
