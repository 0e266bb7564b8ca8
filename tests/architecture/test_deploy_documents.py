"""The console's role suffices to look at documents and to decide on them."""

from __future__ import annotations

import base64

import pytest
from sqlmodel import col

from rights.domain.lifecycle import State
from rights.store.models import Evidence, Request, StepState, TaskDocument
from tests.architecture.desk import Office
from tests.architecture.test_deploy_console import _did, _do
from tests.web.console.clerk import Clerk, planned
from tests.web.test_arrangements import NOBODY, arrange
from tests.web.verifying import GUARDIAN, PDF, PNG, RELATIVE, reached, upload


@pytest.mark.parametrize(
    ("requester", "kind", "act", "said", "ends"),
    [
        (RELATIVE, "copy", "accept_documents", {}, State.IN_PROGRESS),
        (GUARDIAN, "deletion", "accept_documents", {}, State.IN_PROGRESS),
        (RELATIVE, "copy", "return_documents", {"missing": "evidence_death"}, State.VERIFYING),
        (RELATIVE, "copy", "deny_documents", {"reason": "identity_unverified"}, State.DENIED),
    ],
)
def test_documents_are_decided_on_with_the_consoles_role(
    office: Office, requester: object, kind: str, act: str, said: dict[str, str], ends: State
) -> None:
    wang, house = office.clerk("wang"), office.house
    made = reached(house, kind, requester)
    document = upload(house, made, PNG, "image/png").json["id"]
    if requester is RELATIVE:
        _did(wang.force(f"/requests/{made}/open/authority"))
    else:
        _approved(office, wang, made)
    if act == "accept_documents":
        shown = wang.force(f"/requests/{made}/documents/{document}")
        if requester is RELATIVE:
            assert shown.response.data == PNG
        else:  # a minor's is shown in a page, and is no file
            assert base64.b64encode(PNG).decode() in shown.html

    _do(wang, made, act, facts="Another name stands there.", seen=document, **said)

    with house.reading() as session:
        assert session.get_one(Request, made).state is ends
        assert session.get_one(Evidence, document).wrapped_key == b""


def _approved(office: Office, wang: Clerk, made: str) -> None:
    """Let a colleague agree that a minor's document is looked at."""
    _do(wang, made, "ask_minor", purpose="verify")
    ana = office.clerk("ana")
    waiting = next(f for f in ana.get("/waiting").forms if "/waiting/minors/" in f.action)
    _did(ana.force(waiting.action.removeprefix("/console"), hours="2"))


def test_what_the_deceased_arranged_is_found_with_the_consoles_role(office: Office) -> None:
    wang, house = office.clerk("wang"), office.house
    arrange(house, NOBODY)
    made = reached(house, "copy", RELATIVE)
    document = upload(house, made, PNG, "image/png").json["id"]

    assert wang.force(f"/requests/{made}/documents/{document}").response.data == PNG

    page = _did(wang.force(f"/requests/{made}/accept_documents", seen=document))

    assert page.response.request.args["done"] == "deny_documents"
    with house.reading() as session:
        assert session.get_one(Request, made).state is State.DENIED


def test_what_shows_a_step_is_attached_and_opened_with_the_consoles_role(office: Office) -> None:
    ana = office.clerk("ana")
    made = planned(office.house, state=StepState.MANUAL)
    form = ana.get(f"/requests/{made}").form(f"/{made}/complete")
    wrong = ana.reader.attach(form.action, form.holding(), [(PDF, "a"), (b"x", "b")])
    assert wrong.status == 422

    _did(ana.reader.attach(form.action, form.holding(), [(PDF, "a")]), "complete")

    (kept,) = office.rows(TaskDocument, col(TaskDocument.kept_at).is_not(None))
    page = ana.force(f"/requests/{made}/task-documents/{kept.id}")
    assert page.response.data == PDF


def test_what_a_letters_writer_gives_later_is_put_in_with_the_consoles_role(
    office: Office,
) -> None:
    wang, ana, house = office.clerk("wang"), office.clerk("ana"), office.house
    page = ana.get("/log?ask=copy/all")
    said = {f"writer.{n}": v for n, v in RELATIVE.items() if n in ("role", "interest")}
    said |= {"writer.relation": "close_relative.child", "who.email": "alice@example.com"}
    said |= {"channel": "letter", "received_at": f"{house.clock.now():%Y-%m-%dT00:00}"}
    ana.reader.send(page, "/log/request", **said, locale="en", age_band="unknown")
    (made,) = [one.id for one in office.rows(Request, col(Request.channel) == "letter")]

    _do(ana, made, "add_contact", **{"contact.email": "son@example.com"})
    house.post(f"/v1/requests/{made}/verification/answer", {"code": house.code(made)})
    form = ana.get(f"/requests/{made}").form("/add_document")
    large = ana.reader.attach(form.action, form.holding(), [(PDF + b"x" * 6_000_000, "a")])
    assert large.status in (413, 422)
    _did(ana.reader.attach(form.action, form.holding(), [(PDF, "a")]), "add_document")

    (kept,) = office.rows(Evidence, col(Evidence.file_id) != "")
    assert wang.force(f"/requests/{made}/documents/{kept.id}").response.data == PDF
    _do(wang, made, "accept_documents", seen=kept.id)
    with house.reading() as session:
        assert session.get_one(Request, made).state is State.IN_PROGRESS
