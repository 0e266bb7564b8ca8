"""Every report there is, in every form, of a period that is over: the same whenever it is made."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from rights.domain.kinds import Kind, default_option
from rights.domain.lifecycle import State
from rights.services import audit
from rights.services.reports import making
from rights.services.security_incidents import opening, raising
from rights.services.security_incidents.answering import Answer, close
from rights.services.security_incidents.opening import New
from rights.services.security_incidents.raising import Graver
from rights.services.words import LANGUAGES
from rights.store.models import Request, SecurityIncident, Staff
from rights.web.console.reports import FORMS
from tests.services.reports import town
from tests.services.reports.conftest import _settle
from tests.web.console import reporting
from tests.web.console.clerk import clerk
from tests.web.house import House, furnish, settings_for

QUARTER = {"first": "2026-04-01", "last": "2026-06-30"}
ASKED: dict[str, list[dict[str, str]]] = {
    "figures": [
        {"year": "2026"},
        {"year": "2026", "quarter": "2"},
        {"year": "2026", "public": "1"},
    ],
    "california": [{"year": "2026"}],
    "audit": [QUARTER, {**QUARTER, "items": "16 17"}],
    "incidents": [QUARTER],
}
"""What each report is asked for here; one that is new has to be added."""

BEGIN = {"page": b"<!doctype html>", "csv": b"\xef\xbb\xbf", "json": b"{", "pdf": b"%PDF-"}

IN_JUNE = datetime(2026, 6, 5, tzinfo=UTC)


@pytest.fixture
def house(private_redis_url: str, tmp_path: Path, settled_town: Path) -> Iterator[House]:
    """Return a web on the town's register, with incidents in it, at the town's time."""
    file = tmp_path / "town.db"
    shutil.copy(settled_town, file)
    made = furnish(settings_for(f"sqlite:///{file}", private_redis_url, tmp_path))
    made.clock.at = town.NOW
    with made.writing() as session:
        for kind, drill in (("leak", False), ("loss", True), ("network", False)):
            new = New(kind, "ordinary", IN_JUNE, drill=drill)
            opening.opened(session, made.context, _dana(session), new, now=IN_JUNE)
    yield made
    made.engine.dispose()
    made.parts.limits.close()


@pytest.fixture(scope="module")
def settled_town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("town") / "town.db"
    _settle(f"sqlite:///{file}")
    return file


def _dana(session: Session) -> Staff:
    return session.exec(select(Staff).where(Staff.name == "dana")).one()


def _made(house: House, name: str, report: str, language: str) -> dict[tuple[str, ...], bytes]:
    """Make a report in every form, always at the same moment; return what each says."""
    house.clock.at = town.NOW
    otto = clerk(house, name, "auditor")
    otto.reader.language = language
    house.clock.at = town.NOW + timedelta(minutes=10)
    made = dict[tuple[str, ...], bytes]()
    for asked in ASKED[report]:
        said = {"report": report, **asked}
        page = reporting.made(house, otto, **said)
        assert page.status == 200, (said, page.text)
        for form in FORMS:
            got = page.response if form == "page" else reporting.file(otto, page, form)
            made[tuple(map(str, sorted({**said, "form": form}.items())))] = _said(got.data, form)
    return made


def _said(data: bytes, form: str) -> bytes:
    """Return what is said; of a page without what belongs to whoever reads it."""
    assert data.startswith(BEGIN[form])
    if form != "page":
        return data
    (main,) = re.findall(rb"<main.*</main>", data, re.DOTALL)
    assert b'<dl class="facts">' in main
    own = rb'name="key" value="[^"]*"|--as (first|again)|/reports/made/[0-9a-f]+'
    return re.sub(own, b"", main)


def _life_goes_on(house: House) -> None:
    """Let all go on that may not change what is said of a period before."""
    now = house.clock.now()
    with house.writing() as session:
        for row in session.exec(select(Request).where(col(Request.closed_at).is_(None))):
            row.state, row.closed_at = State.FULFILLED, now
            audit.append(session, row, [audit.Line("completed", "system", {})], now=now)
        for kind in Kind:
            _came(session, kind, now)
        dana = _dana(session)
        for incident in session.exec(select(SecurityIncident)).all():
            said = Graver("grave", "There is more to it.")
            raising.graver_grade(session, house.context, incident.id, dana, said, now=now)
            opening.minors_found(session, incident, f"staff:{dana.id}", now=now)
            session.flush()
            close(session, house.context, incident.id, dana, Answer(reference="R-1"), now=now)
        new = New("leak", "major", now - timedelta(days=300))
        opening.opened(session, house.context, dana, new, now=now)


def _came(session: Session, kind: Kind, now: datetime) -> None:
    """Bring one in that was written on paper in the quarter and is logged only now."""
    received = now - timedelta(days=280)
    row = Request(
        kind=kind,
        option=default_option(kind),
        regimes=["cn_general", "us_ca"],
        channel="letter",
        received_at=received,
        due_at=now,
        promised_at=now,
    )
    session.add(row)
    session.flush()
    audit.append(session, row, [audit.Line("received", "system", {})], now=now)


def test_every_report_there_is_is_walked_through() -> None:
    assert set(ASKED) == set(making.BUILDS)
    assert set(BEGIN) == set(FORMS)


@pytest.mark.requirement("R-44-1", "R-AUD17-1", "R-US7102-1")
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("report", sorted(ASKED))
def test_a_report_is_the_same_to_the_byte_in_every_form_however_it_went_on(
    house: House, report: str, language: str
) -> None:
    first = _made(house, "first", report, language)
    house.clock.forward(minutes=20)
    _life_goes_on(house)
    with house.writing() as session:
        forgotten = session.connection().exec_driver_sql("DELETE FROM asked_report").rowcount
    assert forgotten == len(ASKED[report]), "each is made anew"

    again = _made(house, "again", report, language)

    assert len(first) == len(FORMS) * len(ASKED[report])
    assert [key for key, said in first.items() if again[key] != said] == []
    assert len(set(first.values())) == len(first), "they differ from each other"
