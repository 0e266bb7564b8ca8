"""``rights incidents`` and ``rights minors export``: what staff type."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlmodel import select

from rights.services import representatives
from rights.services.security_incidents import facts
from rights.services.words import LANGUAGES
from rights.store.models import Entry, IncidentLetter, Representation, SecurityIncident
from tests.web.correspondence import Office
from tests.web.house import ALICE, BOB, House
from tests.web.verifying import GUARDIAN, reached

pytestmark = pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)
KID = {"user_id": "u-12", "email": "kid@example.com"}


@pytest.fixture
def office(house: House, tmp_path: Path) -> Office:
    house.clock.at -= timedelta(hours=1)
    return Office(house, tmp_path)


def _run(office: Office, line: str, **more: Any) -> str:
    done = office.run("incidents", *line.split(), **more)
    assert done.exit_code == 0, (done.output, done.exception)
    return str(done.stdout)


def _opened(office: Office, more: str = "") -> str:
    when = office.house.clock.now().isoformat()
    line = f"open --kind leak --severity ordinary --discovered {when} --as wei {more}"
    return _run(office, line).split()[0]


def _scoped(office: Office, incident: str, more: str = "", **file: Any) -> None:
    now = office.house.clock.now()
    since, until = (at.isoformat() for at in (now - timedelta(hours=1), now + timedelta(minutes=1)))
    _run(office, f"scope {incident} --from {since} --to {until} --as wei {more}", **file)


def _lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.requirement("R-10-1")
def test_an_incident_from_its_opening_to_its_end(office: Office) -> None:
    incident = _opened(office, "--endangers --regime cn_general --regime eu_gdpr")

    text = _run(office, "list")
    for said in ("ndsr_10  by", "gdpr_33  by", "pipl_57  at once", "LATE", "1 open"):
        assert said in text
    _run(office, f"answer {incident} ndsr_10 --reference CAC-1 --as wei")
    refused = office.run("incidents", "close", incident, "--as", "wei")
    assert (refused.exit_code, str(refused.exception)) == (
        1,
        "give the reference of the report, or say why it is not reportable",
    )
    _run(office, f"close {incident} --because - --as wei", typed="It never left the house.")

    (found,) = json.loads(_run(office, "list --json"))
    assert found["closed"]
    assert {c["clock"]: c["reference"] for c in found["clocks"]} == {
        **dict.fromkeys(("pipl_57", "gdpr_33"), ""),
        "ndsr_10": "CAC-1",
    }
    assert "0 open" in _run(office, "list")


@pytest.mark.requirement("R-M35-1")
@pytest.mark.requirement("R-11-1")
def test_whom_it_touched_and_the_guardians_of_minors(office: Office) -> None:
    child = reached(office.house, "copy", GUARDIAN, subject=KID)
    with office.house.writing() as session:
        session.get_one(Representation, child).result = representatives.ACCEPTED
    adult = str(office.house.asserted("access", ALICE)["id"])
    incident = _opened(office)
    _scoped(office, incident, f"--backend {office.house.partner.id}")

    found = _lines(_run(office, f"touched {incident} --as wei"))
    young = _lines(_run(office, f"guardians {incident} --agreed-by ana --as wei"))

    table = _run(office, f"guardians {incident} --agreed-by ana --format csv --as wei")
    whom = _run(office, f"people {incident} --language en --format csv --as wei")

    assert f",{child},email,mum@example.com," in table
    assert (whom.count("By mail"), "@" in whom) == (3, False)
    requests = {one["request"]: one["minor"] for one in found if one["what"] == "request"}
    assert requests == {child: True, adult: False}
    assert [(one["request"], one["guardians"]) for one in young] == [
        (child, [{"type": "email", "value": "mum@example.com"}])
    ]
    for own in ("wei", "rui"):
        words = ("incidents", "guardians", incident, "--agreed-by", own, "--as", "wei")
        assert office.run(*words).exit_code == 1
    with office.house.reading() as session:
        data = str([one.data for one in session.exec(select(Entry))])
    assert "mum@" not in data


def test_a_letter_is_made_from_the_template_and_sent_by_the_relay(office: Office) -> None:
    incident = _opened(office, "--drill")
    _scoped(office, incident)
    empty = _run(office, "template")
    assert set(yaml.safe_load(empty)) == set(facts.titles("elements"))
    for wrong in (empty, "[]", "a: {", "x" * 200_000):
        refused = office.run("incidents", "tell", incident, "--file", "FILE", "--as", "wei",
                             text=wrong)  # fmt: skip
        assert refused.exit_code == 1
    with office.house.reading() as session:
        assert session.exec(select(IncidentLetter)).all() == []

    letter = yaml.safe_dump({n: dict.fromkeys(LANGUAGES, "x") for n in facts.titles("elements")})
    said = _run(office, f"tell {incident} --file FILE --as wei", text=letter)

    assert "nobody is written to" in said
    with office.house.reading() as session:
        assert len(session.exec(select(IncidentLetter)).all()) == 1


def test_a_credential_is_named_once_and_a_moment_has_a_zone(office: Office) -> None:
    incident = _opened(office)
    _scoped(office, incident, "--staff rui")
    with office.house.reading() as session:
        row = session.get_one(SecurityIncident, incident)
    assert (row.by_kind, row.by_id) == ("staff", office.id_of("rui"))
    when = "--from 2026-01-01T00:00 --to 2026-01-02T00:00"
    for wrong in (when, when.replace("00:00", "00:00Z") + " --staff rui --backend x"):
        done = office.run("incidents", "scope", incident, *wrong.split(), "--as", "wei")
        assert done.exit_code == 1


# -- minors' records ---------------------------------------------------------------------------


def _export(office: Office, who: str, *more: str) -> Any:
    day = office.house.clock.now()
    days = [f"{day + timedelta(days=by):%Y-%m-%d}" for by in (-1, 1)]
    words = ("minors", "export", "--from", days[0], "--to", days[1], "--as", who)
    return office.run(*words, *more)


@pytest.mark.requirement("R-M35-1")
def test_an_auditor_exports_minors_records_by_age_band(office: Office) -> None:
    house = office.house
    young = str(house.asserted("access", KID, subject_age_band="under_14")["id"])
    older = str(house.asserted("access", BOB, subject_age_band="14_17")["id"])
    adult = str(house.asserted("access", ALICE)["id"])

    found = {band: _lines(_export(office, "otto", *band.split()).stdout)
             for band in ("", "--age-band under_14", "--age-band 14_17")}  # fmt: skip

    ids = [[one["request"] for one in lines] for lines in found.values()]
    assert sorted(ids[0]) == sorted([young, older])
    assert ids[1:] == [[young], [older]]
    assert adult not in str(found)
    assert "kid@" not in str(found)
    with house.reading() as session:
        query = select(Entry.data).where(Entry.event == "minors_exported")
        bands = [one["age_band"] for one in session.exec(query)]
    assert bands == ["", "under_14", "14_17"]


@pytest.mark.requirement("R-M35-1:bad")
@pytest.mark.parametrize("who", ["ana", "rui", "wei", "vera"])
def test_nobody_else_exports_them(office: Office, who: str) -> None:
    office.house.asserted("access", BOB, subject_age_band="14_17")

    refused = _export(office, who)

    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "auditor" in str(refused.exception)
    assert len(_lines(_export(office, "otto").stdout)) == 1
