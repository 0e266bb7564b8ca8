"""What was taken out of a copy: opened through a worker, noted, and decided on as it was shown."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import select

from rights.domain.duties import AUTOMATION, MAY, Act
from rights.domain.lifecycle import Event
from rights.domain.staff import EVERY_ROLE, SCOPES
from rights.services import additions, audit, requests
from rights.store.models import (
    Aftercare,
    Lookup,
    Notice,
    ReleasedValue,
    Request,
    StepRow,
    StepState,
)
from tests.web.console.clerk import Clerk, clerk, events, id_of, told
from tests.web.house import ALICE, BOB, House
from tests.web.portal.reader import Page

BOBS = "13900139000"
ROW = {"number": 1, "collection": "shop.users", "record": 2, "field": "note"}
ROWS = [
    {**ROW, "what": "mobile", "value": BOBS},
    {**ROW, "number": 2, "what": "email", "value": "Bob@Mail.example"},
]
SPOOL: dict[str, Any] = {
    "store": "shop",
    "file": {},
    "collections": [
        {
            "collection": "shop.users",
            "columns": ["email"],
            "records": 4,
            "documents": 1,
            "document_bytes": 2_000,
            "parts": [["records", 0, 9_000, 4], ["apart", 9_000, 70, 2]],
            "dropped": [["password", "secret", 4]],
            "redacted": [["note", "mobile", 1], ["note", "email", 1]],
        }
    ],
}


def _packed(house: House, apart: str = "apart/1.jsonl", subject: Any = ALICE, **more: Any) -> str:
    """Let a copy have been made out of which something was taken."""
    made = str(house.asserted("copy", subject, **more)["id"])
    house.package(
        made,
        b"x" * 4_000,
        complete=False,
        undecided=bool(apart),
        missing=[{"store": "crm", "collection": "notes", "code": "infeasible"}],
    )
    place = {"key": apart, "file_id": "f" * 32, "size": 70} if apart else None
    given: dict[str, Any] = {"request_id": made, "state": StepState.DONE}
    with house.writing() as session:
        for phase, action, result in (
            (1, "collect", {"spool": SPOOL}),
            (2, "package", {"files": 3, "apart": place}),
        ):
            step = f"{made}-0{phase}-{action}"
            session.add(StepRow(id=step, phase=phase, action=action, result=result, **given))
    return made


def _closed(house: House, request_id: str) -> None:
    with house.writing() as session:
        request = session.get_one(Request, request_id)
        requests.record(session, request, Event.COMPLETED, actor="system", now=house.clock.now())


def _opened(house: House, rui: Clerk, request_id: str, rows: Any = ROWS) -> Page:
    """Open what was taken out, and let a worker answer."""
    page = rui.reader.send(rui.get(f"/requests/{request_id}"), "/passages")
    assert page.status == 200, page.text
    assert page.response.headers["Refresh"].startswith("2; url=/console/")
    assert BOBS not in page.text
    house.looked_up({"rows": rows, "more": False})
    return rui.reader.get(page.response.request.path)


def _released(house: House) -> list[ReleasedValue]:
    with house.reading() as session:
        return list(session.exec(select(ReleasedValue)))


@pytest.fixture
def rui(house: House) -> Clerk:
    return clerk(house, "rui", "reviewer")


def test_the_page_of_a_request_says_what_is_in_its_package_and_what_is_not(
    house: House, rui: Clerk
) -> None:
    made = _packed(house)

    text = " ".join(rui.get(f"/requests/{made}").text.split())

    for said in ("shop.users", "4", "files: 1", "11", "Mobile number 1", "fields kept back: 1"):
        assert said in text.partition("What is in the package")[2], said
    assert "Contact" in text
    assert "crm.notes" in text
    assert BOBS not in text
    assert "redactions_seen" not in told(house, made)


def test_what_a_copy_lacked_that_was_replaced_is_not_said_to_be_missing(
    house: House, rui: Clerk
) -> None:
    made = _packed(house)
    assert "crm.notes" in rui.get(f"/requests/{made}").text
    house.clock.forward(minutes=1)
    house.package(made, b"y" * 4_000, missing=[])

    assert "crm.notes" not in rui.get(f"/requests/{made}").text


@pytest.mark.requirement("R-PKG-3")
def test_what_was_taken_out_is_opened_by_a_worker_after_an_entry_and_released(
    house: House, rui: Clerk
) -> None:
    made = _packed(house)
    _closed(house, made)
    assert "copies with somebody else's data taken out 1" in " ".join(rui.get("/").text.split())
    assert made[:8] in rui.get("/waiting").text

    page = _opened(house, rui, made)

    assert BOBS in page.text
    assert page.response.headers["Cache-Control"] == "no-store"
    assert "Refresh" not in page.response.headers
    assert told(house, made).count("redactions_seen") == 1
    page = rui.reader.send(page, "/release_passages", numbers=["1"], because="own_before")
    assert "The copy is made anew with them, and the person is told" in page.text
    assert len(_released(house)) == 1
    with house.reading() as session:
        (line,) = [e for e in audit.entries(session, made) if e.event == "redactions_released"]
    assert {**line.data, "package": ""} == {
        "values": 1,
        "because": "own_before",
        "package": "",
        "from": 1,
        "to": len(ROWS),
        "settled": True,
    }
    assert "Nothing waits for you" in rui.get("/").text


@pytest.mark.parametrize(
    ("values", "sent", "said"),
    [
        ({}, False, "will be made anew with what was let through"),
        ({"state": "making"}, False, "is being made anew"),
        ({"state": "done", "done": True, "code": "addition_failed"}, False, "could not be made"),
        ({"state": "done", "done": True}, False, "The person is being told"),
        ({"state": "done", "done": True}, True, "the person was told"),
    ],
)
def test_the_pages_say_how_far_the_copy_is_that_is_made_anew(
    house: House, rui: Clerk, *, values: dict[str, Any], sent: bool, said: str
) -> None:
    made = _packed(house)
    _closed(house, made)
    page = _opened(house, rui, made)
    assert said not in page.text
    rui.reader.send(page, "/release_passages", numbers=["1"], because="own")
    now = house.clock.now()
    with house.writing() as session:
        row = session.exec(select(Aftercare).where(Aftercare.kind == "addition")).one()
        assert (row.request_id, row.state) == (made, "waiting")
        row.state, row.code = values.get("state", row.state), values.get("code", "")
        row.done_at = now if values.get("done") else None
        if sent:
            given: dict[str, Any] = {"request_id": made, "event": "package_added", "state": "sent"}
            session.add(Notice(**given, created_at=now, sent_at=now))

    assert said in " ".join(rui.get(f"/requests/{made}").text.split())
    assert said in " ".join(rui.reader.get(page.response.request.path).text.split())


def test_what_is_let_through_twice_is_owed_once(house: House, rui: Clerk) -> None:
    made = _packed(house)
    page = _opened(house, rui, made)

    for number in ("1", "2"):
        rui.reader.send(page, "/release_passages", numbers=[number], because="own")

    with house.reading() as session:
        row = session.exec(select(Aftercare).where(Aftercare.kind == "addition")).one()
    assert (row.round, row.due_at) == (1, row.created_at + additions.GATHER)


def test_who_says_that_all_is_somebody_elses_releases_nothing(house: House, rui: Clerk) -> None:
    made = _packed(house)

    page = rui.reader.send(_opened(house, rui, made), "/confirm_passages")

    assert "they stay out" in page.text
    assert _released(house) == []
    assert "redactions_confirmed" in told(house, made)
    assert "Nothing waits for you" in rui.get("/").text
    with house.reading() as session:
        assert not session.exec(select(Aftercare).where(Aftercare.kind == "addition")).all()


@pytest.mark.parametrize(
    ("numbers", "because"),
    [
        ([], "own"),
        (["3"], "own"),
        (["1", "x", "9"], "own"),
        (["9" * 5_000], "own"),
        (["1"], "mine"),
    ],
)
def test_what_was_not_shown_or_has_no_reason_is_not_released(
    house: House, rui: Clerk, numbers: list[str], because: str
) -> None:
    made = _packed(house)
    view = _opened(house, rui, made).response.request.path.rpartition("/")[2]

    page = rui.force(
        f"/requests/{made}/release_passages", view=view, numbers=numbers, because=because
    )

    assert page.status == 422
    assert _released(house) == []
    assert ("staff_refused", f"staff:{id_of(house, 'rui')}") in events(house)


@pytest.mark.parametrize("name", ["release_passages", "confirm_passages"])
@pytest.mark.parametrize("change", ["late", "another", "waits"])
def test_a_view_that_is_over_of_another_copy_or_not_answered_is_not_decided_on(
    house: House, rui: Clerk, name: str, change: str
) -> None:
    made = _packed(house)
    if change == "waits":
        page = rui.reader.send(rui.get(f"/requests/{made}"), "/passages")
    else:
        page = _opened(house, rui, made)
    view = page.response.request.path.rpartition("/")[2]
    if change == "late":
        house.clock.forward(minutes=16)
    if change == "another":
        with house.writing() as session:
            step = session.get_one(StepRow, f"{made}-02-package")
            step.result = {"apart": {"key": "apart/2.jsonl", "file_id": "e" * 32, "size": 70}}

    page = rui.force(f"/requests/{made}/{name}", view=view, numbers=["1"], because="own")

    assert page.status == 409
    assert "Nothing was decided" in page.text
    assert _released(house) == []
    assert "redactions_confirmed" not in told(house, made)


def test_a_view_is_its_askers_alone_and_of_its_request(house: House, rui: Clerk) -> None:
    made, other = _packed(house), _packed(house, subject=BOB)
    path = _opened(house, rui, made).response.request.path
    view = path.rpartition("/")[2]
    mei = clerk(house, "mei", "reviewer")

    assert mei.reader.get(path).status == 404
    assert rui.get(f"/requests/{other}/passages/{view}").status == 404
    forced = mei.force(f"/requests/{made}/confirm_passages", view=view)
    assert forced.status == 404
    assert house.get(f"/v1/requests/{made}/lookups/{view}").status_code == 404
    house.clock.forward(minutes=16)
    assert rui.reader.get(path).status == 410


@pytest.mark.parametrize("role", [r for r in (*EVERY_ROLE, *SCOPES) if r != AUTOMATION])
def test_nobody_opens_it_whose_role_is_not_for_it(house: House, role: str) -> None:
    made, eve = _packed(house), clerk(house, "eve", role)
    allowed = role in MAY[Act.REVIEW]
    offered = [f for f in eve.get(f"/requests/{made}").forms if f.action.endswith("/passages")]
    assert bool(offered) is allowed

    page = eve.force(f"/requests/{made}/passages")

    assert page.status == (200 if allowed else 403)
    with house.reading() as session:
        assert bool(session.exec(select(Lookup)).all()) is allowed
    assert ("redactions_seen" in told(house, made)) is allowed
    if not allowed:
        assert ("staff_refused", f"staff:{id_of(house, 'eve')}") in events(house)


def test_of_a_minor_it_takes_a_colleagues_approval(house: House, rui: Clerk) -> None:
    made = _packed(house, subject_age_band="14_17")

    page = rui.force(f"/requests/{made}/passages")

    assert page.status == 403
    assert page.html.count('id="mistakes"') == 1
    assert "redactions_seen" not in told(house, made)
    with house.reading() as session:
        assert session.exec(select(Lookup)).all() == []


def test_where_nothing_was_taken_out_nothing_is_offered_or_asked(house: House, rui: Clerk) -> None:
    made = _packed(house, apart="")

    page = rui.get(f"/requests/{made}")

    assert not [form for form in page.forms if form.action.endswith("/passages")]
    assert rui.force(f"/requests/{made}/passages").status == 404
    assert "Nothing waits for you" in rui.get("/").text


def test_what_a_worker_could_not_open_is_said_and_is_never_nothing(
    house: House, rui: Clerk
) -> None:
    made = _packed(house)
    page = rui.reader.send(rui.get(f"/requests/{made}"), "/passages")
    house.looked_up(None, "failed")
    with house.writing() as session:
        session.exec(select(Lookup)).one().code = "refused"

    page = rui.reader.get(page.response.request.path)

    assert "could not be opened" in page.text
    assert "There is nothing" not in page.text


def _part(house: House, rui: Clerk, made: str, start: int, *, more: bool) -> Page:
    """Open the values behind *start*, and let a worker answer with two of them."""
    page = rui.reader.send(rui.get(f"/requests/{made}"), "/passages", start=str(start))
    rows = [{**one, "number": start + n} for n, one in enumerate(ROWS[:2], 1)]
    house.looked_up({"rows": rows, "more": more})
    return rui.reader.get(page.response.request.path)


def test_what_was_decided_in_part_waits_until_all_of_it_was(house: House, rui: Clerk) -> None:
    made = _packed(house)

    rui.reader.send(_part(house, rui, made, 2, more=False), "/confirm_passages")
    assert made[:8] in rui.get("/waiting").text, "the first two were not looked at"
    rui.reader.send(_part(house, rui, made, 0, more=True), "/confirm_passages")
    assert made[:8] in rui.get("/waiting").text, "there is more behind them"
    rui.reader.send(_part(house, rui, made, 2, more=False), "/confirm_passages")

    assert made[:8] not in rui.get("/waiting").text
    with house.reading() as session:
        found = [e for e in audit.entries(session, made) if e.event == "redactions_confirmed"]
    assert [(e.data["from"], e.data["to"], e.data["settled"]) for e in found] == [
        (3, 4, False),
        (1, 2, False),
        (3, 4, True),
    ]
