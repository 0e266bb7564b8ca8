"""Figures that the relay makes for good, and products read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import col, select

from rights.app import context_of
from rights.services import backends
from rights.services.backends import SCOPES, USUAL
from rights.services.reports import published
from rights.services.signing import Signer
from rights.store.models import Entry, Notice, PublishedReport, Request
from tests.services.reports import town
from tests.services.reports.terminal import Terminal
from tests.web.house import SEED, House, furnish, settings_for

REPORTS = "/v1/reports"
FIGURES = f"{REPORTS}/figures"

Opened = Callable[..., House]


@pytest.fixture
def opened(url: str, private_redis_url: str, tmp_path: Path) -> Iterator[Opened]:
    """Open a web on the town's register, at the town's time."""
    made: list[House] = []

    def make(**more: Any) -> House:
        made.append(furnish(settings_for(url, private_redis_url, tmp_path, **more)))
        made[-1].clock.at = town.NOW
        return made[-1]

    yield make
    for house in made:
        house.engine.dispose()
        house.parts.limits.close()


def _publish(house: House, now: datetime = town.NOW) -> int:
    return published.publish(house.engine, house.context, Signer(SEED), lambda: now)


@pytest.mark.requirement("R-44-1")
def test_a_product_reads_the_figures_that_everybody_may_read(
    opened: Opened, terminal: Terminal, tmp_path: Path
) -> None:
    house = opened()
    assert _publish(house) == 2

    listed = house.get(REPORTS)
    answer = house.get(f"{FIGURES}?year=2026")

    assert answer.status_code == 200, answer.json
    public = terminal.report("figures", "--year", "2026", "--public")
    assert answer.json["content"] == public["content"]
    assert answer.json["sha256"] == public["sha256"]
    assert (listed.json["periods"], [one["year"] for one in listed.json["items"]]) == (
        "year",
        [2026, 2025],
    )
    assert listed.json["items"][0]["sha256"] == public["sha256"]
    file = tmp_path / "figures.json"
    file.write_bytes(answer.data)
    assert "the signature holds" in terminal.run("reports", "verify", str(file))


@pytest.mark.requirement("R-44-1")
def test_no_number_under_ten_leaves_by_the_api(opened: Opened) -> None:
    house = opened()
    _publish(house)

    tables = house.get(f"{FIGURES}?year=2026").json["content"]["tables"]

    shares = {"on_time_at_least_percent", "median_days", "p95_days", "max_days"}
    numbers = [
        value
        for rows in tables.values()
        for row in rows
        for name, value in row.items()
        if isinstance(value, int) and not isinstance(value, bool) and name not in shares
    ]
    assert numbers
    assert min(numbers) >= 10


def test_it_is_the_same_to_the_last_byte_whatever_happened_since(opened: Opened) -> None:
    house = opened()
    _publish(house)
    before = house.get(f"{FIGURES}?year=2026").data

    with house.writing() as session:
        for one in session.exec(select(Request).limit(200)).all():
            session.delete(one)
    house.clock.forward(days=400)
    assert _publish(house, house.clock.at) in (0, 1)

    assert house.get(f"{FIGURES}?year=2026").data == before


def test_each_report_is_made_once_and_is_an_entry_with_its_hash(opened: Opened) -> None:
    house = opened()

    assert (_publish(house), _publish(house)) == (2, 0)

    with house.reading() as session:
        kept = session.exec(select(PublishedReport)).all()
        entries = session.exec(select(Entry).where(Entry.event == "report_made")).all()
    assert {e.data["sha256"] for e in entries} == {k.body["sha256"] for k in kept}
    assert {(e.actor, e.data["public"], e.data["provisional"]) for e in entries} == {
        ("system", True, False)
    }


def test_a_year_that_may_still_change_is_not_given_out(opened: Opened) -> None:
    house = opened()
    in_2026 = datetime(2026, 12, 31, 12, tzinfo=UTC)

    assert _publish(house, in_2026) == 1

    answer = house.get(f"{FIGURES}?year=2026")
    assert (answer.status_code, answer.json["code"]) == (404, "no_report")
    assert house.get(f"{FIGURES}?year=2025").status_code == 200


def test_a_letter_that_waits_keeps_a_year_back_until_it_is_out(opened: Opened) -> None:
    house = opened()
    with house.writing() as session:
        of_2026 = select(Request).where(
            col(Request.closed_at) >= datetime(2026, 3, 1, tzinfo=UTC),
            col(Request.closed_at) < datetime(2026, 9, 1, tzinfo=UTC),
        )
        closed = session.exec(of_2026.limit(1)).one()
        letter = Notice(
            request_id=closed.id,
            event="outcome",
            state="waiting",
            created_at=town.NOW,
            next_at=town.NOW,
        )
        session.add(letter)
        waits = letter.id

    assert _publish(house) == 1
    assert house.get(f"{FIGURES}?year=2026").status_code == 404
    with house.writing() as session:
        late = session.get_one(Notice, waits)
        late.state, late.sent_at = "sent", town.NOW
        session.add(late)
    assert _publish(house) == 1
    assert house.get(f"{FIGURES}?year=2026").status_code == 200


@pytest.mark.requirement("R-44-1:bad")
def test_either_years_or_quarters_are_given_out(opened: Opened) -> None:
    yearly = opened()
    _publish(yearly)

    wrong = yearly.get(f"{FIGURES}?year=2026&quarter=1")

    assert (wrong.status_code, wrong.json["errors"][0]["field"]) == (422, "quarter")


def test_where_quarters_are_given_out_no_year_is(opened: Opened) -> None:
    quarterly = opened(report_periods="quarter")
    assert _publish(quarterly) == 8
    assert quarterly.get(f"{FIGURES}?year=2026").status_code == 422
    assert quarterly.get(f"{FIGURES}?year=2026&quarter=3").status_code == 200
    listed = quarterly.get(REPORTS).json
    assert [(i["year"], i["quarter"]) for i in listed["items"]][:2] == [(2026, 4), (2026, 3)]
    assert len(listed["items"]) == 8


@pytest.mark.requirement("R-44-1:bad")
@pytest.mark.parametrize(("was", "then", "asked"), [("year", "quarter", 4), ("quarter", "year", 0)])
def test_a_year_that_was_given_in_one_length_is_not_given_in_the_other(
    opened: Opened,
    url: str,
    private_redis_url: str,
    tmp_path: Path,
    was: str,
    then: str,
    asked: int,
) -> None:
    changed = opened(report_periods=then)
    was_set = context_of(settings_for(url, private_redis_url, tmp_path, report_periods=was))

    def publish_as_before(now: datetime) -> int:
        return published.publish(changed.engine, was_set, Signer(SEED), lambda: now)

    assert publish_as_before(datetime(2026, 2, 1, tzinfo=UTC)) == (1 if was == "year" else 4)
    made = _publish(changed)

    assert made == (4 if then == "quarter" else 1), "of 2026 only"
    assert {one["year"] for one in changed.get(REPORTS).json["items"]} == {2026}
    quarter = f"&quarter={asked}" if asked else ""
    refused = changed.get(f"{FIGURES}?year=2025{quarter}")
    assert (refused.status_code, refused.json["code"]) == (404, "no_report")
    assert "were given out" in refused.json["detail"]
    assert changed.get(f"{FIGURES}?year=2026{quarter}").status_code == 200
    assert publish_as_before(town.NOW) == 0, "nor back again"


@pytest.mark.parametrize(
    "query", ["", "?year=1", "?year=x", "?year=2026&quarter=5", "?year=2026&public=false"]
)
def test_what_is_no_period_is_refused(opened: Opened, query: str) -> None:
    assert opened().get(f"{FIGURES}{query}").status_code == 422


def test_a_key_has_to_be_given_leave_by_name(opened: Opened) -> None:
    house = opened()
    assert "reports:read" in set(SCOPES) - set(USUAL)
    with house.writing() as session:
        _, key = backends.issue_key(session, house.partner.id, USUAL, now=house.clock.now())

    assert house.get(REPORTS, token=key).status_code == 403
    assert house.get(f"{FIGURES}?year=2026", token=key).status_code == 403
