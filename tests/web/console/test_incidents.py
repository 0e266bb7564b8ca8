"""Security incidents in the console: opened, listed with their clocks, told of, and closed."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from typing import Any

import orjson
import pytest
from sqlmodel import select

from rights.services.security_incidents import facts, shown, spreading
from rights.services.words import LANGUAGES
from rights.store.models import Entry, IncidentClock, IncidentLetter, SecurityIncident
from tests.web.console.clerk import Clerk, clerk, events, id_of
from tests.web.house import House
from tests.web.portal.reader import Page

pytestmark = pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)
LETTER = {f"{name}__{at}": f"{name}-{at}" for name in facts.titles("elements") for at in LANGUAGES}


def _local(house: House, **ago: float) -> str:
    zone = house.context.regimes["cn_general"].counting.zone
    return (house.clock.now() - timedelta(**ago)).astimezone(zone).strftime("%Y-%m-%dT%H:%M:%S")


def _opened(ana: Clerk, **said: Any) -> str:
    given = {"kind": "leak", "severity": "considerable", **said}
    page = ana.get("/incidents")
    when = _local(ana.house, minutes=90)
    page = ana.reader.send(page, "/incidents", discovered_at=when, **given)
    assert page.status == 200, page.text
    found: str = re.findall(r"[0-9a-f]{32}", page.html)[0]
    return found


def _sent(ana: Clerk, incident: str, form: str, **said: Any) -> Page:
    page = ana.get(f"/incidents/{incident}")
    return ana.reader.send(page, f"/{incident}/{form}", **said)


@pytest.mark.requirement("R-10-1")
def test_an_open_incident_runs_on_the_first_page_until_it_is_closed(house: House) -> None:
    ana, rui = clerk(house, "ana", "dpo"), clerk(house, "rui", "auditor")
    assert "Clocks of security incidents" not in rui.get("/").text

    incident = _opened(ana, endangers="1", regimes=["cn_general", "eu_gdpr"])

    text = " ".join(rui.get("/").text.split())
    assert "Clocks of security incidents" in text
    for said in ("the provincial cyberspace administration", "2 h 2", "the supervisory authority"):
        assert said in text
    assert "over for 1 h" in text
    page = _sent(ana, incident, "clocks/network_4h", reference="CAC-17")
    assert "CAC-17" in page.text
    assert "the provincial cyberspace administration" not in rui.get("/").text
    page = _sent(ana, incident, "close", because="It never left the house.")
    assert page.status == 200
    assert "It never left the house." in page.text
    assert "Clocks of security incidents" not in rui.get("/").text
    assert "closed on" in rui.get("/incidents").text


def test_the_first_page_has_the_most_urgent_clocks_and_says_that_more_run(house: House) -> None:
    ana = clerk(house, "ana", "dpo")
    for _ in range(4):
        _opened(ana, endangers="1", regimes=["cn_general", "eu_gdpr"])
    with house.reading() as session:
        clocks = session.exec(select(IncidentClock)).all()
    assert len(clocks) > 10

    first, every = ana.get("/"), ana.get("/incidents")

    assert "These are the 10 most urgent. More run: all incidents" in first.text
    assert len(re.findall("/console/incidents/[0-9a-f]{32}", first.html)) == 10
    running = every.html.partition("all-title")[0]
    assert len(re.findall("/console/incidents/[0-9a-f]{32}", running)) == len(clocks)
    assert "most urgent" not in every.text, "all of them stand there"


def test_a_list_of_clocks_that_is_cut_says_so(house: House) -> None:
    ana = clerk(house, "ana", "dpo")
    first = _opened(ana, endangers="1", regimes=["cn_general"])
    with house.writing() as session:
        like = session.get_one(SecurityIncident, first).model_dump()
        clock = session.exec(select(IncidentClock)).first()
        assert clock is not None
        for number in range(shown.MOST):
            of = f"{number:032x}"
            session.add(SecurityIncident(**{**like, "id": of}))
            session.add(IncidentClock(**{**clock.model_dump(), "incident_id": of}))

    page = ana.get("/incidents")

    running = page.html.partition("all-title")[0]
    assert len(re.findall("/console/incidents/[0-9a-f]{32}", running)) == shown.MOST
    assert f"These are the {shown.MOST} most urgent. More run" in page.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_that_started_no_clock_is_closed_with_a_word_and_can_be_read_ever_after(
    house: House, language: str
) -> None:
    ana = clerk(house, "ana", "dpo")
    ana.reader.language = language
    quiet = {"kind": "network", "severity": "ordinary", "regimes": ["us_ca"]}
    incident = _opened(ana, **quiet)
    with house.reading() as session:
        assert session.exec(select(IncidentClock)).all() == []

    page = _sent(ana, incident, "close", because="Nothing came of it.")

    assert page.status == 200
    assert "Nothing came of it." in ana.get(f"/incidents/{incident}").text
    assert facts.clock("closing")["title"][language] in page.text
    (line,) = csv.DictReader(
        io.StringIO(ana.get("/incidents.csv").response.data.decode("utf-8-sig"))
    )
    assert (line["clocks"], line["clocks_late"]) == ("0", "0")


@pytest.mark.requirement("R-10-1:bad")
def test_closing_without_a_reference_or_a_reason_is_a_conflict(house: House) -> None:
    ana = clerk(house, "ana", "dpo")
    incident = _opened(ana)

    page = _sent(ana, incident, "close", reference="", because=" ")

    assert page.status == 409
    assert "Nobody has said yet whether it is reported" in page.text
    with house.reading() as session:
        assert session.get_one(SecurityIncident, incident).closed_at is None
    assert _sent(ana, incident, "close", reference="CAC-1").status == 200
    assert ana.force(f"/incidents/{incident}/close", reference="CAC-1").status == 409


def test_who_may_not_is_refused_and_is_not_offered_it(house: House) -> None:
    ana, rui = clerk(house, "ana", "dpo"), clerk(house, "rui", "reviewer")
    adi = clerk(house, "adi", "auditor")
    incident = _opened(rui)

    assert [form.action for form in rui.get(f"/incidents/{incident}").forms if incident in
            form.action] == []  # fmt: skip
    assert any(incident in form.action for form in ana.get(f"/incidents/{incident}").forms)
    for path, said in (
        ("close", {"reference": "CAC-1"}),
        ("clocks/pipl_57", {"reference": "CAC-1"}),
        ("scope", {"since": _local(house, hours=2), "until": _local(house)}),
        ("count", {}),
        ("touched.jsonl", {}),
        ("people.csv", {}),
        ("letter", {}),
        ("graver", {"severity": "grave", "graver": "It is."}),
    ):
        assert rui.force(f"/incidents/{incident}/{path}", **said).status == 403, path
    assert adi.force("/incidents", kind="leak", severity="ordinary",
                     discovered_at=_local(house)).status == 403  # fmt: skip
    assert adi.get(f"/incidents/{'0' * 32}").status == 404
    assert [event for event, _ in events(house)].count("staff_refused") == 9


@pytest.mark.requirement("R-11-1")
def test_whom_it_touched_is_counted_listed_and_told(house: House) -> None:
    made = str(house.asserted("access")["id"])
    house.clock.forward(hours=1)
    ana = clerk(house, "ana", "dpo")
    incident = _opened(ana)
    assert ana.force(f"/incidents/{incident}/count").status == 409, "nobody has said when"

    by = f"backend:{house.partner.id}"
    when = {"since": _local(house, hours=9), "until": _local(house, minutes=1)}
    page = _sent(ana, incident, "scope", by=by, **when)
    assert "A product's keys: shop" in page.text
    page = _sent(ana, incident, "count")
    assert "1 request of 1 person, of whom 0 are minors." in page.text
    file = _sent(ana, incident, "touched.jsonl").response
    lines = [orjson.loads(line) for line in file.get_data().splitlines()]
    assert [(line["what"], line["request"]) for line in lines] == [("request", made)]
    page = _sent(ana, incident, "letter", **LETTER)
    assert "being queued" in page.text
    spreading.spread(house.engine, house.context, house.clock.now)

    text = ana.get(f"/incidents/{incident}").text
    assert "waiting 1" in " ".join(text.split())
    assert "being queued" not in text


@pytest.mark.requirement("R-11-1:bad")
def test_a_letter_that_lacks_an_element_stays_and_says_which(house: House) -> None:
    ana = clerk(house, "ana", "dpo")
    incident = _opened(ana)
    _sent(ana, incident, "scope", since=_local(house, hours=9), until=_local(house, minutes=1))

    page = _sent(ana, incident, "letter", **{**LETTER, "harm__zh-CN": " "})

    assert page.status == 422
    assert "What harm it may do (中文)" in page.text
    assert "cause-en" in page.html, "what was typed is there still"
    with house.reading() as session:
        assert session.exec(select(IncidentLetter)).all() == []


def test_what_is_typed_wrong_is_named(house: House) -> None:
    ana = clerk(house, "ana", "dpo")
    page = ana.force("/incidents", kind="fire", severity="ordinary", discovered_at=_local(house))
    assert (page.status, "What happened" in page.text) == (422, True)
    page = ana.force("/incidents", kind="leak", severity="ordinary", discovered_at="today")
    assert (page.status, "When it was discovered" in page.text) == (422, True)
    incident = _opened(ana)
    for wrong in ({"since": "x", "until": "y"},
                  {"since": _local(house), "until": _local(house), "by": "person:x"}):  # fmt: skip
        assert ana.force(f"/incidents/{incident}/scope", **wrong).status == 422


@pytest.mark.requirement("R-M35-1:bad")
def test_minors_records_are_for_the_auditor_alone(house: House) -> None:
    young = str(house.asserted("access", subject_age_band="14_17")["id"])
    otto, ana = clerk(house, "otto", "auditor"), clerk(house, "ana", "approver", "dpo")
    days = {"first": _local(house)[:10], "last": _local(house)[:10]}

    refused = ana.force("/reports/minors", age_band="14_17", **days)

    assert refused.status == 403
    assert young not in refused.html
    assert not any(form.action.endswith("/minors") for form in ana.get("/reports").forms)
    got = otto.reader.send(otto.get("/reports"), "/reports/minors", age_band="14_17", **days)
    assert (got.status, young in got.html) == (200, True)
    none = otto.reader.send(otto.get("/reports"), "/reports/minors", age_band="under_14", **days)
    assert (none.status, none.html) == (200, "")
    assert otto.force("/reports/minors", age_band="adult", **days).status == 422


@pytest.mark.requirement("R-10-1")
def test_an_incident_is_raised_with_a_reason_and_its_clocks_run_from_the_discovery(
    house: House,
) -> None:
    ana = clerk(house, "ana", "dpo")
    incident = _opened(ana, severity="ordinary", kind="network")
    assert "network_4h" not in ana.get(f"/incidents/{incident}").html

    page = _sent(ana, incident, "graver", severity="major", graver="Three hosts, not one.")

    text = " ".join(page.text.split())
    assert "Major" in text
    assert "Three hosts, not one." in text
    assert "2 h 2" in text, "four hours from the discovery, an hour and a half ago"
    assert ("security_incident_raised", f"staff:{id_of(house, 'ana')}") in events(house)
    with house.reading() as session:
        row = session.get_one(SecurityIncident, incident)
        (clock,) = session.exec(select(IncidentClock)).all()
        data = [one.data for one in session.exec(select(Entry)) if one.event.endswith("_raised")]
    assert clock.due_at == row.discovered_at + timedelta(hours=4)
    assert [(one["was"], one["severity"], one["clocks"]) for one in data] == [
        ("ordinary", "major", ["network_4h"])
    ]
    assert "Three hosts" not in str(data)


@pytest.mark.requirement("R-10-1:bad")
@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"severity": "ordinary", "graver": "It is less."}, 409),
        ({"severity": "considerable", "graver": "It is the same."}, 409),
        ({"severity": "major", "graver": " "}, 422),
        ({"severity": "major", "graver": "n" * 2_001}, 422),
        ({"severity": "terrible", "graver": "It is."}, 422),
    ],
)
def test_an_incident_is_never_lowered_nor_raised_without_a_reason(
    house: House, said: dict[str, str], status: int
) -> None:
    ana = clerk(house, "ana", "dpo")
    incident = _opened(ana)

    page = ana.force(f"/incidents/{incident}/graver", **said)

    assert page.status == status
    assert "mistakes" in page.html
    with house.reading() as session:
        assert session.get_one(SecurityIncident, incident).severity == "considerable"
    assert "security_incident_raised" not in [event for event, _ in events(house)]
    assert _sent(ana, incident, "close", because="Over.").status == 200
    again = ana.force(f"/incidents/{incident}/graver", severity="grave", graver="It is.")
    assert again.status == 409


def test_the_list_is_taken_as_a_file_without_personal_data_and_that_is_an_entry(
    house: House,
) -> None:
    ana = clerk(house, "ana", "dpo")
    first = _opened(ana, endangers="1", regimes=["cn_general", "eu_gdpr"])
    _sent(ana, first, "clocks/network_4h", reference="=CAC-17")
    with house.reading() as session:
        over = session.exec(select(IncidentClock.name, IncidentClock.due_at)).all()
    for name in [name for name, due in over if due < house.clock.now()]:
        _sent(ana, first, f"clocks/{name}", reference="LATE-1")
    house.clock.forward(minutes=2)
    second = _opened(ana, drill="1", severity="ordinary")
    with house.writing() as session:
        row = session.get_one(SecurityIncident, first)
        row.regimes, row.subjects = ["=1+1", "eu_gdpr"], ["a-keyed-hash"]
        clocks = session.exec(select(IncidentClock)).all()
        late = [c for c in clocks if (c.answered_at or house.clock.now()) > c.due_at]

    assert {c.answered_at is None for c in late} == {True, False}
    page = ana.get("/incidents")
    as_csv, as_json = (ana.get(f"/incidents.{form}") for form in ("csv", "json"))

    assert {"/console/incidents.csv", "/console/incidents.json"} <= set(page.links)
    told = as_csv.response.data.decode("utf-8-sig")
    rows = {one["incident"]: one for one in csv.DictReader(io.StringIO(told))}
    assert set(rows) == {first, second}
    assert rows[first]["regimes"] == "'=1+1 eu_gdpr", "no spreadsheet runs it"
    assert (rows[first]["drill"], rows[second]["drill"]) == ("false", "true")
    lines = {one["incident"]: one for one in orjson.loads(as_json.response.data)["incidents"]}
    for number, line in lines.items():
        mine = [c for c in clocks if c.incident_id == number]
        counted = (len(mine), sum(c.reference != "" for c in mine))
        assert (line["clocks"], line["clocks_reported"]) == counted
        assert line["clocks_late"] == sum(c.incident_id == number for c in late)
        assert rows[number]["clocks"] == str(line["clocks"])
    for said in (told, as_json.html):
        assert not any(word in said for word in ("a-keyed-hash", "CAC-17", "ana"))
    assert [one for one, _ in events(house)].count("incidents_exported") == 2


def test_reports_lead_to_incidents_and_to_what_went_out(house: House) -> None:
    for name, role in (("otto", "auditor"), ("lea", "legal")):
        page = clerk(house, name, role).get("/reports")

        assert {"/console/incidents", "/console/organisation"} <= set(page.links)
        listed = page.html.partition('id="others-title"')[2].partition("</section>")[0]
        assert ("/console/trail" in listed) == (role == "auditor")
