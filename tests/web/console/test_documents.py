"""Documents that show who acts for somebody: looked at and decided on in the console."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from rights.domain.lifecycle import Event, State
from rights.services import requests
from rights.store.models import AskedPoint, Evidence, Representation, Request
from rights.web.parts import NAME as PARTS
from tests.web.console.clerk import Clerk, clerk, events, id_of, told
from tests.web.house import ALICE, House
from tests.web.portal.reader import Page
from tests.web.test_arrangements import NOBODY, arrange
from tests.web.test_representatives import AGENT
from tests.web.verifying import GUARDIAN, PDF, PNG, RELATIVE, reached, upload

RELATIVES = RELATIVE["contact"]["email"]  # type: ignore[index]  # a dict of strings and dicts


def _waiting(house: House, content: bytes = PNG, kind: str = "image/png") -> tuple[str, str]:
    """Return a relative's request whose document waits, and the document."""
    request_id = reached(house)
    made = upload(house, request_id, content, kind)
    assert made.status_code == 201, made.json
    return request_id, str(made.json["id"])


def _state(house: House, request_id: str) -> State:
    with house.reading() as session:
        return State(session.get_one(Request, request_id).state)


def _row(house: House, document: str) -> Evidence:
    with house.reading() as session:
        found: Evidence = session.get_one(Evidence, document)
    return found


def _offered(page: Page) -> list[str]:
    return [form.action.rpartition("/")[2] for form in page.forms]


def _denials(page: Page) -> set[str]:
    """Return the reasons to deny that the form about documents offers."""
    offered = page.html.partition('id="documents-reason"')[2].partition("</select>")[0]
    return {*re.findall(r'<option value="(\w+)"', offered)}


def _look_at(verifier: Clerk, request_id: str, *documents: str) -> None:
    """Open documents, each of them one that is there."""
    for one in documents:
        assert verifier.force(f"/requests/{request_id}/documents/{one}").status == 200


@pytest.fixture
def wang(house: House) -> Clerk:
    return clerk(house, "wang", "verifier")


@pytest.mark.requirement("R-ID-3")
@pytest.mark.parametrize(
    ("content", "kind", "how"), [(PNG, "image/png", "inline"), (PDF, "application/pdf", "save")]
)
def test_a_verifier_opens_a_document_and_that_they_did_is_an_entry(
    house: House, wang: Clerk, content: bytes, kind: str, how: str
) -> None:
    made, document = _waiting(house, content, kind)
    page = wang.get(f"/requests/{made}")
    assert "evidence_opened" not in told(house, made)

    page = wang.reader.send(page, f"/documents/{document}")

    assert page.response.data == content
    headers = page.response.headers
    assert headers["Content-Type"] == kind
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in headers["Content-Security-Policy"]
    assert headers["Content-Disposition"].startswith("inline" if how == "inline" else "attachment")
    assert told(house, made).count("evidence_opened") == 1


def test_whom_it_is_about_and_who_asks_is_opened_to_hold_it_against(
    house: House, wang: Clerk
) -> None:
    made, _ = _waiting(house)
    page = wang.get(f"/requests/{made}")
    assert ALICE["email"] not in page.html
    assert RELATIVES not in page.html

    page = wang.reader.send(page, "/open/authority")

    for said in (ALICE["email"], RELATIVES, "child", "I settle my mother"):
        assert said in page.text, said
    assert "authority_opened" in told(house, made)


@pytest.mark.requirement("R-ID-3:bad")
@pytest.mark.parametrize("role", ["reviewer", "approver", "admin", "auditor"])
def test_nobody_else_opens_one_or_decides(house: House, role: str) -> None:
    eve = clerk(house, "eve", role)
    made, document = _waiting(house)
    offered = _offered(eve.get(f"/requests/{made}"))
    assert not {document, "authority", "accept_documents", "return_documents"} & {*offered}

    for path in (f"documents/{document}", "open/authority", "accept_documents", "return_documents"):
        page = eve.force(f"/requests/{made}/{path}", missing="evidence_relation")
        assert page.status == 403, path
        assert PNG not in page.response.data

    assert _state(house, made) is State.VERIFYING
    assert ("staff_refused", f"staff:{id_of(house, 'eve')}") in events(house)
    assert "evidence_opened" not in told(house, made)


def test_a_document_is_opened_from_its_own_request_only(house: House, wang: Clerk) -> None:
    made, _ = _waiting(house)
    _, other = _waiting(house)

    page = wang.force(f"/requests/{made}/documents/{other}")

    assert page.status == 404
    assert told(house, made).count("evidence_opened") == 0


def test_who_accepts_lets_the_request_go_on_and_the_document_is_gone_at_once(
    house: House, wang: Clerk
) -> None:
    made, document = _waiting(house)
    page = wang.get(f"/requests/{made}")
    assert "accept_documents" not in _offered(page)
    assert "Not accepted yet: A document was not opened" in page.text
    seen = dict(page.form("/return_documents").fields)["seen"]
    page = wang.force(f"/requests/{made}/accept_documents", seen=seen)
    assert page.status == 409
    assert "has opened every one of them" in page.text
    assert _state(house, made) is State.VERIFYING
    assert _row(house, document).wrapped_key != b""
    assert ("staff_refused", f"staff:{id_of(house, 'wang')}") in events(house)
    _look_at(wang, made, document)

    page = wang.act(made, "accept_documents")

    assert "work goes on" in page.text
    assert _state(house, made) is State.IN_PROGRESS
    assert _row(house, document).wrapped_key == b""
    assert wang.force(f"/requests/{made}/documents/{document}").status == 404
    with house.reading() as session:
        kept = session.get_one(Representation, made)
    assert (kept.result, kept.verifier) == ("accepted", f"staff:{id_of(house, 'wang')}")
    assert not {"accept_documents", document} & {*_offered(wang.get(f"/requests/{made}"))}


def test_that_a_colleague_opened_a_document_does_not_count(house: House, wang: Clerk) -> None:
    made, document = _waiting(house)
    _look_at(clerk(house, "mei", "verifier"), made, document)

    page = wang.force(f"/requests/{made}/accept_documents", seen=document)

    assert page.status == 409
    assert _row(house, document).wrapped_key != b""


def test_what_the_deceased_arranged_denies_and_the_page_says_so(house: House, wang: Clerk) -> None:
    arrange(house, NOBODY)
    made, document = _waiting(house)
    _look_at(wang, made, document)

    page = wang.act(made, "accept_documents")

    assert _state(house, made) is State.DENIED
    assert _row(house, document).wrapped_key == b""
    assert "Denied; the documents are destroyed" in page.text
    assert "work goes on" not in page.text


def test_who_sends_them_back_asks_for_all_that_is_missing(house: House, wang: Clerk) -> None:
    made, document = _waiting(house)

    page = wang.act(made, "return_documents", missing=["evidence_relation", "evidence_death"])

    assert page.status == 200
    with house.reading() as session:
        needs = session.get_one(Request, made).needs
    assert {"evidence_relation", "evidence_death"} <= {*needs}
    assert "shows that the person has died" in page.text
    assert _row(house, document).wrapped_key == b""


@pytest.mark.parametrize("more", [False, True])
def test_a_second_time_it_takes_a_colleague_and_the_documents_stay_until_then(
    house: House, wang: Clerk, *, more: bool
) -> None:
    ana, (made, _) = clerk(house, "ana", "approver"), _waiting(house)
    wang.act(made, "return_documents", missing=["evidence_relation"])
    second = str(upload(house, made, PNG, "image/png").json["id"])
    assert "The person was asked before" in wang.get(f"/requests/{made}").text

    page = wang.act(made, "return_documents", missing=["evidence_death", "evidence_identity"])
    assert "Proposed; a colleague decides" in page.text
    assert "return_documents" not in _offered(page)
    assert _row(house, second).wrapped_key != b""
    if more:
        upload(house, made, PDF, "application/pdf")
    page = ana.reader.send(ana.get(f"/requests/{made}"), "/open/asking")
    assert "shows that the person has died" in page.text

    if more:  # nobody has looked at what came since
        assert "something changed since it was proposed" in page.text
        assert {"agree_asking", "dismiss_asking"} & {*_offered(page)} == {"dismiss_asking"}
        return
    ana.reader.send(page, "/agree_asking")
    assert _row(house, second).wrapped_key == b""
    with house.reading() as session:
        needs = session.get_one(Request, made).needs
        asked = session.exec(select(AskedPoint).where(AskedPoint.request_id == made)).all()
    assert {"evidence_death", "evidence_identity"} <= {*needs}
    both = tuple(f"staff:{id_of(house, one)}" for one in ("wang", "ana"))
    assert {(p.asked_by, p.agreed_by) for p in asked if p.name == "evidence_death"} == {both}


def test_sending_back_for_nothing_is_refused_and_nothing_is_destroyed(
    house: House, wang: Clerk
) -> None:
    made, document = _waiting(house)

    page = wang.act(made, "return_documents")

    assert page.status == 422
    assert _row(house, document).wrapped_key != b""
    assert _state(house, made) is State.VERIFYING


def test_what_documents_show_denies_and_nothing_else_does(house: House, wang: Clerk) -> None:
    made, document = _waiting(house)
    page = wang.act(made, "deny_documents", reason="excessive", facts="x")
    assert page.status == 422
    assert _row(house, document).wrapped_key != b""

    wang.act(made, "deny_documents", reason="identity_unverified", facts="Another name.")

    assert _state(house, made) is State.DENIED
    assert _row(house, document).wrapped_key == b""


def test_where_the_console_has_no_place_it_says_how_documents_are_opened(
    house: House, wang: Clerk
) -> None:
    made, document = _waiting(house)
    house.app.extensions[PARTS] = replace(house.app.extensions[PARTS], evidence=None)

    page = wang.get(f"/requests/{made}")

    assert document not in _offered(page)
    assert "rights evidence open" in page.text
    assert document in page.text
    assert wang.force(f"/requests/{made}/documents/{document}").status == 503
    assert "evidence_opened" not in told(house, made)
    assert "return_documents" in _offered(page)


def test_what_was_changed_where_it_lies_is_not_shown(house: House, wang: Clerk) -> None:
    made, document = _waiting(house)
    root = Path(house.context.settings.evidence_url.removeprefix("file://"))
    (kept,) = (path for path in root.rglob("*") if path.is_file())
    kept.write_bytes(kept.read_bytes()[:-1] + b"\0")

    page = wang.force(f"/requests/{made}/documents/{document}")

    assert page.status >= 400
    assert PNG not in page.response.data


def test_of_a_minor_it_takes_a_colleagues_approval(house: House, wang: Clerk) -> None:
    made = reached(house, "access", GUARDIAN)
    document = str(upload(house, made, PNG, "image/png").json["id"])

    for path in (f"documents/{document}", "open/authority"):
        page = wang.force(f"/requests/{made}/{path}")
        assert page.status == 403, path
        assert PNG not in page.response.data
        assert page.html.count('id="mistakes"') == 1, path

    assert not {"evidence_opened", "authority_opened"} & {*told(house, made)}
    assert not {document, "authority"} & {*_offered(wang.get(f"/requests/{made}"))}


@pytest.mark.parametrize(
    ("act", "said"),
    [
        ("accept_documents", {}),
        ("return_documents", {"missing": ["evidence_relation"]}),
        ("deny_documents", {"reason": "identity_unverified", "facts": "Another name."}),
    ],
)
def test_what_came_after_the_page_was_shown_is_not_decided_on_with_it(
    house: House, wang: Clerk, act: str, said: dict[str, Any]
) -> None:
    made, first = _waiting(house)
    _look_at(wang, made, first)
    page = wang.get(f"/requests/{made}")
    second = str(upload(house, made, PDF, "application/pdf").json["id"])

    page = wang.reader.send(page, f"/{made}/{act}", **said)

    assert page.status == 409
    assert "are not those that were shown" in page.text
    assert _state(house, made) is State.VERIFYING
    assert all(_row(house, one).wrapped_key for one in (first, second))
    assert second in _offered(page)
    _look_at(wang, made, first, second)
    assert wang.act(made, act, **said).status == 200
    assert not any(_row(house, one).wrapped_key for one in (first, second))


def test_of_a_closed_request_nothing_is_opened_before_the_sweep_takes_it(
    house: House, wang: Clerk
) -> None:
    made, document = _waiting(house)
    with house.writing() as session:
        request = session.get_one(Request, made)
        requests.record(session, request, Event.REVOKED, actor="system", now=house.clock.now())
    assert _row(house, document).wrapped_key != b""

    assert wang.force(f"/requests/{made}/documents/{document}").status == 404
    assert wang.force(f"/requests/{made}/open/authority").status == 409

    assert not {"evidence_opened", "authority_opened"} & {*told(house, made)}


def test_how_far_an_agents_authority_goes_is_opened_beside_who_they_are(
    house: House, wang: Clerk
) -> None:
    made = reached(house, "copy", AGENT)
    upload(house, made, PNG, "image/png")
    page = wang.get(f"/requests/{made}")
    assert {"identity_unverified"} == _denials(page)
    assert {"identity_unverified", "deceased_arrangement"} == _denials(
        wang.get(f"/requests/{_waiting(house)[0]}")
    )

    page = wang.reader.send(page, "/open/authority")

    opened = page.text.partition("Who is asked for")[2]
    for said in ("Li Na", "lawyer", "Access, Copy", "the answer goes to the person", "2999"):
        assert said in opened, said
