"""What and whom an incident hit, as JSON Lines, CSV and PDF."""

from __future__ import annotations

import csv
import io

import orjson
import pytest
from sqlmodel import select

from rights.services import representatives
from rights.services.security_incidents import list_files
from rights.services.words import LANGUAGES
from rights.store.models import Entry, Representation
from tests.pdfs import text_of
from tests.web.console.clerk import Clerk, clerk
from tests.web.console.test_incidents import _local, _opened, _sent
from tests.web.house import ALICE, House
from tests.web.portal.reader import Page
from tests.web.verifying import GUARDIAN, reached

pytestmark = pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)
KID = {"user_id": "u-12", "email": "kid@example.com"}


def _hit(house: House) -> tuple[Clerk, str, str, str]:
    """Return who looks, an incident, and the requests of a minor and of an adult that it hit."""
    child = reached(house, "copy", GUARDIAN, subject=KID)
    with house.writing() as session:
        session.get_one(Representation, child).result = representatives.ACCEPTED
    adult = str(house.asserted("access", ALICE)["id"])
    house.clock.forward(hours=1)
    ana = clerk(house, "ana", "dpo")
    incident = _opened(ana)
    when = {"since": _local(house, hours=9), "until": _local(house, minutes=1)}
    _sent(ana, incident, "scope", **when)
    return ana, incident, child, adult


def _rows(page: Page) -> list[dict[str, str]]:
    told = page.response.get_data().decode("utf-8-sig")
    return [*csv.DictReader(io.StringIO(told))]


def _taken(house: House) -> list[str]:
    with house.reading() as session:
        found = session.exec(select(Entry).where(Entry.event == "security_incident_listed"))
        return [str(one.data["list"]) for one in found.all() if "list" in one.data]


@pytest.mark.requirement("R-11-1")
@pytest.mark.requirement("R-M35-1")
@pytest.mark.parametrize("language", LANGUAGES)
def test_whom_it_hit_and_how_each_is_told_is_the_same_in_every_form(
    house: House, language: str
) -> None:
    ana, incident, child, adult = _hit(house)
    ana.reader.language = language

    lines = [
        orjson.loads(one)
        for one in _sent(ana, incident, "people.jsonl").response.get_data().splitlines()
    ]
    rows = _rows(_sent(ana, incident, "people.csv"))
    paper = text_of(_sent(ana, incident, "people.pdf").response.get_data())

    assert {(one["request"], one["role"], one["channel"], one["minor"]) for one in lines} == {
        (child, "person", "mail", True),
        (child, "guardian", "mail", True),
        (adult, "person", "mail", False),
    }
    assert [(one["request"], one["role"], one["minor"]) for one in rows] == [
        (one["request"], one["role"], str(one["minor"]).lower()) for one in lines
    ]
    said = {"en": "By mail: the letter", "zh-CN": "邮件：发送载明全部要素的信函"}[language]
    assert all(said in one["words"] for one in rows)
    assert {one["person"] for one in lines} <= set(paper.split())
    assert said.replace(" ", "") in "".join(paper.split())
    for given in (str(lines), str(rows), paper):
        assert "@" not in given, "no contact is in any of them"
    assert _taken(house) == ["people.jsonl", "people.csv", "people.pdf"]


def test_what_it_touched_is_a_table_and_a_paper_too(house: House) -> None:
    ana, incident, child, adult = _hit(house)

    rows = _rows(_sent(ana, incident, "touched.csv"))
    paper = text_of(_sent(ana, incident, "touched.pdf").response.get_data())

    asked = [one for one in rows if one["what"] == "request"]
    assert {one["request"]: one["minor"] for one in asked} == {child: "true", adult: "false"}
    assert {one["words"] for one in asked} == {"Request"}
    assert {child, adult} <= set(paper.split())
    assert _taken(house) == ["touched.csv", "touched.pdf"]


def test_a_list_that_is_too_long_for_a_pdf_names_the_csv(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, incident, *_ = _hit(house)
    monkeypatch.setattr(list_files, "MOST_IN_PDF", 2)

    page = _sent(ana, incident, "people.pdf")

    assert (page.status, "Take the CSV" in page.text) == (422, True)
    assert len(_rows(_sent(ana, incident, "people.csv"))) == 3
