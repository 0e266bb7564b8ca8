"""``rights requests add-contact``, ``rights evidence add``: what a letter's writer gives later."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlmodel import col, select

from rights.domain.errors import Conflict, Forbidden, Invalid
from rights.services import contacts, reaching, representatives
from rights.store.models import Entry, Evidence, Representation, Request
from tests.web.correspondence import Office, request_of
from tests.web.test_logged_writers import LAWYER, _letters, _logged
from tests.web.test_representatives import AGENT, without
from tests.web.verifying import PDF

pytestmark = pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)

FILE = ("--contact-file", "FILE")


@pytest.fixture
def made(office: Office) -> str:
    """A lawyer's letter that names no address."""
    return _logged(office, without(AGENT, "contact"))


def _added(office: Office, request_id: str, said: Any, who: str = "rui") -> Any:
    words = ("requests", "add-contact", request_id, *FILE, "--as", who)
    return office.run(*words, text=said if isinstance(said, str) else json.dumps(said))


def _known(office: Office, request_id: str) -> list[str]:
    with office.house.reading() as session:
        rows = reaching.representatives(session, request_id)
        return [contacts.value(office.house.context.vault, one) for one in rows]


def _refused(office: Office) -> list[str]:
    with office.house.reading() as session:
        found = session.exec(select(Entry).where(col(Entry.event) == "staff_refused")).all()
    return [one.data["code"] for one in found]


@pytest.mark.requirement("R-23-9")
def test_an_address_that_came_later_gets_the_letter_with_the_code(
    office: Office, made: str
) -> None:
    done = _added(office, made, {"email": LAWYER.upper()})

    assert (done.exit_code, LAWYER in done.output) == (0, False), done.output
    assert _known(office, made) == [LAWYER]
    assert "received" in _letters(office, made)
    code = {"code": office.house.code(made)}
    answered = office.house.post(f"/v1/requests/{made}/verification/answer", code)
    assert answered.status_code == 200


@pytest.mark.requirement("R-23-9:bad")
@pytest.mark.parametrize(
    "said",
    ["", "secret", "[]", {}, {"email": 7}, {"email": "secret"}, {"passport": "secret"}],
    ids=str,
)
def test_what_is_no_address_is_refused_and_not_told(office: Office, made: str, said: Any) -> None:
    done = _added(office, made, said)

    assert isinstance(done.exception, Invalid), (done.output, done.exception)
    assert "secret" not in f"{done.exception} {done.exception.errors} {done.output}"
    assert _known(office, made) == []


def test_a_second_address_is_refused_by_its_rule_and_is_an_entry(office: Office, made: str) -> None:
    assert _added(office, made, {"email": LAWYER}).exit_code == 0

    done = _added(office, made, {"email": "other@example.com"})

    assert isinstance(done.exception, Conflict)
    assert (done.exception.code, _refused(office)) == ("contact_known", ["contact_known"])
    assert _known(office, made) == [LAWYER]


@pytest.mark.requirement("R-23-9")
def test_what_the_principal_agreed_to_before_is_asked_for_again(office: Office, made: str) -> None:
    with office.house.writing() as session:
        request = session.get_one(Request, made)
        about, now = (session, office.house.context, request), office.house.clock.now()
        representatives.delegate(*about, proved=2, vouched={}, now=now)
    assert request_of(office.house, made).needs == []

    assert _added(office, made, {"email": LAWYER}).exit_code == 0

    found = request_of(office.house, made)
    assert (found.needs, found.wait) == (["evidence"], "needs_info")
    with office.house.reading() as session:
        row = session.get_one(Representation, made)
    assert not representatives.suffices(row)


def test_one_thing_is_not_said_twice(office: Office, made: str) -> None:
    typed = ("--contact", f"email={LAWYER}")
    words = ("requests", "add-contact", made, *typed, *FILE, "--as", "rui")

    assert isinstance(office.run(*words, text=json.dumps({"email": LAWYER})).exception, Invalid)
    assert office.run("requests", "add-contact", made, *typed, "--as", "rui").exit_code == 0


def test_a_scan_is_put_in_and_decided_on_by_a_colleague(office: Office, made: str) -> None:
    _added(office, made, {"email": LAWYER})
    office.house.post(f"/v1/requests/{made}/verification/answer", {"code": office.house.code(made)})

    done = office.run("evidence", "add", made, "FILE", "--as", "vera", text=PDF)

    assert done.exit_code == 0, (done.output, done.exception)
    with office.house.reading() as session:
        row = session.exec(select(Evidence)).one()
        entry = session.exec(select(Entry).where(col(Entry.event) == "evidence_received")).one()
    assert done.stdout.strip() == row.id
    assert entry.actor == f"staff:{office.id_of('vera')}"
    own = office.run("evidence", "accept", made, "--as", "vera")
    assert isinstance(own.exception, Forbidden)
    assert own.exception.code == "own_request"


def test_what_is_no_document_and_who_may_not_are_refused(office: Office, made: str) -> None:
    wrong = office.run("evidence", "add", made, "FILE", "--as", "vera", text="GIF89a")
    barred = office.run("evidence", "add", made, "FILE", "--as", "otto", text=PDF)
    nobody = _added(office, made, {"email": LAWYER}, who="otto")

    assert isinstance(wrong.exception, Invalid)
    assert isinstance(barred.exception, Forbidden)
    assert isinstance(nobody.exception, Forbidden)
    assert _refused(office)[-2:] == ["forbidden", "forbidden"]
    with office.house.reading() as session:
        assert session.exec(select(Evidence)).all() == []
