"""A list that is taken as a file is one picture of the register; denials are shown in words."""

from __future__ import annotations

import csv
import io
from datetime import UTC, timedelta

import pytest
from sqlmodel import select

from rights.domain.lifecycle import State
from rights.services import reasons
from rights.services.console import figures
from rights.store.models import Request
from tests.web.console.clerk import clerk
from tests.web.console.test_lists import _fill
from tests.web.house import House


def test_a_file_holds_what_was_counted_and_nothing_that_came_in_meanwhile(house: House) -> None:
    ana = clerk(house, "ana", "approver")
    _fill(house, 7)

    sent = ana.reader.client.get("/console/requests.csv?state=all")  # read as it is written
    assert sent.status_code == 200
    house.asserted("access")
    rows = [*csv.DictReader(io.StringIO(sent.get_data(as_text=True)))]
    sent.close()

    assert len(rows) == 7
    again = ana.get("/requests.csv?state=all")
    assert len([*csv.DictReader(io.StringIO(again.html))]) == 8


def test_a_file_that_nobody_reads_to_its_end_holds_no_connection(house: House) -> None:
    ana = clerk(house, "ana", "approver")
    _fill(house, 3)

    for _ in range(40):  # more than the pool has
        ana.reader.client.get("/console/requests.csv?state=all").close()

    assert ana.get("/").status == 200


@pytest.mark.parametrize(
    ("language", "key", "unnamed"), [("en", "en", "No reason given"), ("zh-CN", "zh", "未注明理由")]
)
def test_denials_by_reason_are_shown_in_words_and_not_by_their_codes(
    house: House, language: str, key: str, unnamed: str
) -> None:
    ana = clerk(house, "ana", "approver")
    ana.reader.language = language
    _fill(house, 30)
    with house.writing() as session:
        denied = session.exec(select(Request).where(Request.state == State.DENIED)).all()
        denied[0].reason = ""
    figures.renew(house.engine, house.clock.now, timedelta(0), UTC, house.context.regimes)

    page = ana.get("/")

    assert reasons.catalogue()["no_ground"].texts[key] in page.text
    assert unnamed in page.text
    assert "no_ground" not in page.html
