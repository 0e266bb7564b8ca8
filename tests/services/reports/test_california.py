"""What a business publishes once a year in California, and when it does not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, col, select

from rights.domain.kinds import Kind, Option
from rights.store.db import open_engine, transaction
from rights.store.models import Entry, Request
from tests.services.reports.expected import CALIFORNIA, Count
from tests.services.reports.terminal import Terminal
from tests.services.reports.town import Case

GOLDEN = Path(__file__).parent / "california_2026.json"
YEAR = ("california", "--year", "2026")
ON_A_FILE = pytest.mark.parametrize("url", ["sqlite"], indirect=True)

DELETE, CANCEL = Kind.DELETION, Kind.ACCOUNT_CANCELLATION
OUT = (
    Option.PERSONALISED_OFF, Option.PUSH_OFF, Option.COMMERCIAL_MESSAGES_OFF,
    Option.OBJECT_MARKETING, Option.REFUSE_SOLE_AUTOMATION,
)  # fmt: skip
RIGHTS: dict[str, Callable[[Case], bool]] = {
    "delete": lambda c: c.kind in (DELETE, CANCEL) or c.option is Option.TAGS_DELETE,
    "correct": lambda c: c.kind is Kind.CORRECTION,
    "know": lambda c: (
        c.kind in (Kind.ACCESS, Kind.COPY, Kind.PORTABILITY) or c.option is Option.TAGS_LIST
    ),
    "opt_out": lambda c: c.kind is Kind.CONSENT_WITHDRAWAL or c.option in OUT,
    "limit": lambda c: c.option in (Option.RESTRICT, Option.OBJECT_PUBLIC_INFO),
}


@pytest.mark.requirement("R-US7102-1")
def test_the_report_has_exactly_the_fields_of_the_regulation(
    terminal: Terminal, all_of: list[Case]
) -> None:
    content = terminal.report(*YEAR)["content"]
    count = Count([c for c in all_of if "us_ca" in c.laws], (2026, 1, 1), (2027, 1, 1), CALIFORNIA)

    expected = []
    for right, of in RIGHTS.items():
        row = count.row(of)
        complied = row["fulfilled"] + row["partially_fulfilled"]
        counts = {"received": row["received"], "complied": complied, "denied": row["denied"]}
        expected.append({"right": right, **counts, "median_days": row["median_days"]})
    assert content["tables"] == {"california": expected}
    assert content == json.loads(GOLDEN.read_text(encoding="utf-8"))


@pytest.mark.requirement("R-US7102-1:bad")
@ON_A_FILE
def test_a_year_that_is_not_over_in_california_is_refused(terminal: Terminal) -> None:
    terminal.now = datetime(2027, 1, 1, 7, 59, tzinfo=UTC)
    said = terminal.run("reports", *YEAR, "--as", "otto", code=1)
    terminal.now = datetime(2027, 1, 1, 8, 0, tzinfo=UTC)

    assert "the year 2026 is not over" in said
    assert terminal.report(*YEAR)["content"]["provisional"] is False


@pytest.mark.requirement("R-US7102-1:bad")
@ON_A_FILE
def test_a_counter_that_nothing_counted_is_not_printed_as_nought(
    terminal: Terminal, url: str
) -> None:
    """Nobody was asked under that law, and what would be counted is switched off."""
    _forget(url, lambda request: "us_ca" in request.regimes)
    nobody = terminal.run("reports", *YEAR, "--as", "otto", code=1)
    terminal.environ["RIGHTS_DEFAULT_REGIMES"] = "us_ca"
    noughts = terminal.report(*YEAR)["content"]["tables"]["california"]

    assert "every counter is missing: no product and no setting names the law us_ca" in nobody
    assert noughts[0] == {
        "right": "delete", "received": 0, "complied": 0, "denied": 0, "median_days": None,
    }  # fmt: skip


@pytest.mark.requirement("R-US7102-1:bad")
@ON_A_FILE
def test_a_right_that_is_switched_off_stops_the_report(terminal: Terminal, url: str) -> None:
    _forget(url, lambda request: request.option in ("restrict", "object_public_info"))
    policy = terminal.folder / "policy.yaml"
    policy.write_text(
        "not_offered: [restriction/restrict, restriction/object_public_info]\n", encoding="utf-8"
    )
    terminal.environ["RIGHTS_POLICY"] = str(policy)
    said = terminal.run("reports", *YEAR, "--as", "otto", code=1)

    assert "limit is missing" in said


@pytest.mark.requirement("R-US7102-1:bad")
@ON_A_FILE
def test_a_register_that_began_within_the_year_stops_the_report(
    terminal: Terminal, url: str
) -> None:
    with _writing(url) as session:
        session.exec(select(Entry).order_by(col(Entry.id))).first().at = datetime(  # type: ignore[union-attr]
            2026, 5, 1, tzinfo=UTC
        )
    said = terminal.run("reports", *YEAR, "--as", "otto", code=1)
    figures = terminal.report("figures", "--year", "2026")["content"]

    assert "the register was not kept from the first day of the year on" in said
    assert figures["flags"] == ["register_began_later"]


@contextmanager
def _writing(url: str) -> Iterator[Session]:
    engine = open_engine(url)
    with transaction(engine) as session:
        yield session
    engine.dispose()


def _forget(url: str, which: Callable[[Request], Any]) -> None:
    with _writing(url) as session:
        for request in session.exec(select(Request)):
            if which(request):
                session.delete(request)
