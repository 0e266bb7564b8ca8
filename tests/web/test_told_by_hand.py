"""Letters to people of whom nobody has an address: staff tell them, and until then time runs."""

from __future__ import annotations

import pytest
from sqlmodel import select

from rights.domain.lifecycle import Event
from rights.store.models import Notice, Request
from tests.web.console.clerk import clerk
from tests.web.correspondence import Office, request_of
from tests.web.rounds import EVERYBODY, a_round, gauge
from workflows.embedded.smtp import Sink

ONCE = pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)
"""Of what the two databases do not differ in."""


def _came_by(office: Office, channel: str) -> str:
    """Return a request of somebody who left no address: as staff log it, or as a product asks."""
    if channel == "api":
        return str(office.house.asserted("access", {"user_id": "u-7"})["id"])
    said = ("--channel", channel, "--received", "2026-11-20", "--subject", "user_id=u-7")
    logged = office.run("requests", "log", "--kind", "access", *said, "--as", "rui")
    assert logged.exit_code == 0, logged.output
    with office.house.reading() as session:
        return str(session.exec(select(Request.id)).one())


@pytest.mark.requirement("R-SLA-7")
@pytest.mark.parametrize(
    ("channel", "state"),
    [("letter", "unaddressed"), ("counter", "unaddressed"), ("api", "no_contact")],
)
def test_who_came_without_an_address_is_answered_when_staff_told_them(
    office: Office, smtp_sink: Sink, channel: str, state: str
) -> None:
    house = office.house
    made = _came_by(office, channel)
    office.ended(made, Event.DENIED, reason="no_ground")
    a_round(office, smtp_sink)
    with house.reading() as session:
        letters = session.exec(select(Notice).where(Notice.request_id == made)).all()
    assert {one.state for one in letters if one.event == "outcome"} == {state}
    untold = int(state == "unaddressed")
    assert gauge(office, "rights_answers_untold") == untold

    house.clock.at = request_of(house, made).promised_at
    assert a_round(office, smtp_sink) == (EVERYBODY if untold else [])
    assert gauge(office, "rights_requests_late") == untold
    mei = clerk(house, "mei", "reviewer")
    assert (made[:8] in mei.get("/requests?clock=untold").html) == bool(untold)
    page = mei.get(f"/requests/{made}")
    assert ("no address, to be told" in page.text) == bool(untold)
    if untold:
        assert mei.act(made, "told", how="counter").status == 200
        assert "told another way" in mei.get(f"/requests/{made}").text
    assert gauge(office, "rights_answers_untold") == gauge(office, "rights_requests_late") == 0


@ONCE
def test_a_message_to_who_left_no_address_is_told_by_staff_and_dated_so(
    office: Office, smtp_sink: Sink
) -> None:
    house = office.house
    made = _came_by(office, "letter")
    mei = clerk(house, "mei", "reviewer")
    mei.act(made, "write", text="Which of the two shops do you mean?")
    a_round(office, smtp_sink)
    assert "no address, to be told" in mei.get(f"/requests/{made}").text

    assert mei.act(made, "told", how="phone").status == 200

    with house.reading() as session:
        asked = select(Notice).where(Notice.request_id == made, Notice.event == "message")
        letter = session.exec(asked).one()
    assert (letter.state, letter.sent_at) == ("told", house.clock.now())
