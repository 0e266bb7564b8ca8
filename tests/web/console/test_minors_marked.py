"""What a minor's request says: marked with who looks, and never a file."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from rights.domain.representation import AgeBand
from rights.services import messages
from rights.store.models import ContentApproval, Request, StepState, TaskDocument
from tests.web.console.clerk import Clerk, clerk, events, id_of, planned, told
from tests.web.console.test_passages import BOBS, ROWS, _packed
from tests.web.console.test_samples import FOUND
from tests.web.house import ALICE, House
from tests.web.verifying import GUARDIAN, PDF, PNG, reached, upload


def _let(house: House, request_id: str, name: str, hours: int = 2) -> None:
    """Let a colleague have approved that somebody opens it."""
    now = house.clock.now()
    clerk(house, "wei", "approver")
    given: dict[str, Any] = {"asked_by": id_of(house, name), "approved_by": id_of(house, "wei")}
    with house.writing() as session:
        until = now + timedelta(hours=hours)
        given |= {"asked_at": now, "approved_at": now, "expires_at": until}
        session.add(ContentApproval(request_id=request_id, purpose="answer", **given))


def _wrote(house: House, request_id: str) -> None:
    with house.writing() as session:
        request, now = session.get_one(Request, request_id), house.clock.now()
        given: dict[str, Any] = {"actor": "subject", "now": now}
        messages.from_person(session, house.context, request, "hello", **given)


def _marked(html: str, made: str, who: str) -> bool:
    mark = html.partition('class="watermark"')[2].partition("</svg>")[0]
    return who in mark and made[:8] in mark and "2026" in mark and "is not printed" in html


@pytest.mark.requirement("R-M36-1")
def test_what_was_written_and_what_a_worker_opened_bear_the_mark_of_who_looks(
    house: House,
) -> None:
    rui = clerk(house, "rui", "reviewer")
    made = _packed(house, subject_age_band="14_17")
    _wrote(house, made)
    _let(house, made, "rui")
    page = rui.get(f"/requests/{made}")
    assert "watermark" not in page.html

    opened = rui.reader.send(page, "/open/messages")
    assert "hello" in opened.text and _marked(opened.html, made, "rui")
    asked = rui.reader.send(rui.get(f"/requests/{made}"), "/passages")
    house.looked_up({"rows": ROWS, "more": False})
    passages = rui.reader.get(asked.response.request.path)
    assert BOBS in passages.text and _marked(passages.html, made, "rui")
    asked = rui.reader.send(rui.get(f"/requests/{made}"), "/sample")
    house.looked_up({"collections": FOUND, "more": False})
    path = asked.response.request.path
    sample = rui.reader.get(path)
    assert "Mobile number" in sample.text and _marked(sample.html, made, "rui")
    for one in (opened, passages, sample):
        assert one.response.headers["Cache-Control"] == "no-store"
    with house.writing() as session:
        for row in session.exec(select(ContentApproval)):
            row.expires_at = house.clock.now()
    over = rui.reader.get(path)
    assert over.status == 403 and "Mobile number" not in over.text
    assert "staff_refused" in told(house, made)


def test_an_adults_bears_none(house: House) -> None:
    rui = clerk(house, "rui", "reviewer")
    made = str(house.asserted("access")["id"])
    _wrote(house, made)

    opened = rui.reader.send(rui.get(f"/requests/{made}"), "/open/messages")

    assert "hello" in opened.text
    assert "watermark" not in opened.html and "is not printed" not in opened.html


@pytest.mark.requirement("R-M36-1")
def test_a_complaint_about_a_minors_request_bears_it(house: House) -> None:
    rui = clerk(house, "rui", "reviewer")
    made = str(house.asserted("access", subject_age_band="14_17")["id"])
    _let(house, made, "rui")
    said = {"text": "too slow", "request_id": made, "subject": ALICE}
    number = str(house.post("/v1/complaints", said).json["id"])

    opened = rui.reader.send(rui.get(f"/complaints/{number}"), "/open")

    assert "too slow" in opened.text and _marked(opened.html, made, "rui")


def _document(house: House, vera: Clerk, content: bytes, kind: str) -> tuple[str, str]:
    given: dict[str, Any] = {"requester": GUARDIAN, "subject_age_band": "under_14"}
    made = reached(house, subject={"user_id": "u-12", "email": "kid@example.com"}, **given)
    document = str(upload(house, made, content, kind).json["id"])
    _let(house, made, vera.name)
    return made, document


@pytest.mark.requirement("R-M36-1")
def test_a_picture_is_shown_within_a_marked_page_and_is_no_file(house: House) -> None:
    vera = clerk(house, "vera", "verifier")
    made, document = _document(house, vera, PNG, "image/png")

    page = vera.reader.send(vera.get(f"/requests/{made}"), f"/documents/{document}")

    assert page.status == 200
    assert base64.b64encode(PNG).decode() in page.html
    assert _marked(page.html, made, "vera")
    headers = page.response.headers
    assert headers["Content-Type"].startswith("text/html")
    assert "Content-Disposition" not in headers
    assert headers["Cache-Control"] == "no-store"
    assert "img-src data:" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert told(house, made).count("evidence_opened") == 1


@pytest.mark.requirement("R-M36-1:bad")
def test_what_a_browser_could_only_save_is_not_sent_and_not_offered(house: House) -> None:
    vera = clerk(house, "vera", "verifier")
    made, document = _document(house, vera, PDF, "application/pdf")
    page = vera.get(f"/requests/{made}")
    assert "is not saved from here" in page.text
    assert not [form for form in page.forms if form.action.endswith(document)]

    page = vera.force(f"/requests/{made}/documents/{document}")

    assert page.status == 409
    assert "A minor's document is not saved here" in page.text
    assert PDF not in page.response.data
    assert "evidence_opened" not in told(house, made)
    assert ("staff_refused", f"staff:{id_of(house, 'vera')}") in events(house)


@pytest.mark.requirement("R-M36-1:bad")
def test_a_pdf_that_shows_a_step_of_a_minors_is_opened_elsewhere_and_the_page_says_how(
    house: House,
) -> None:
    rui = clerk(house, "rui", "reviewer")
    made = planned(house, state=StepState.MANUAL)
    with house.writing() as session:
        session.get_one(Request, made).age_band = AgeBand.FROM_14
    form = rui.get(f"/requests/{made}").form(f"/{made}/complete")
    rui.reader.attach(form.action, form.holding(), [(PDF, "form.pdf")])
    with house.reading() as session:
        document = session.exec(select(TaskDocument.id)).one()
    dee = clerk(house, "dee", "dpo")
    _let(house, made, "dee")

    page = dee.get(f"/requests/{made}")
    refused = dee.force(f"/requests/{made}/task-documents/{document}")

    assert document in page.text and "rights tasks open-document" in page.text
    assert not [form for form in page.forms if form.action.endswith(document)]
    assert refused.status == 409
    assert "rights tasks open-document" in refused.text
    assert PDF not in refused.response.data
