"""A clock that was ahead told what was not true yet: it is told again once it is."""

from __future__ import annotations

import pytest

from rights.services import audit, clocks, requests, untouched
from tests.web.correspondence import Office, request_of
from tests.web.test_clocks import _mail, _watch, office
from workflows.embedded.smtp import Sink
from workflows.notices import send

__all__ = ["office"]


def _open(office: Office) -> str:
    """Begin a request whose receipt is confirmed."""
    made = str(office.house.asserted("access")["id"])
    send.send_due(office.house.engine, office.house.context, office.house.clock.now)
    return made


def _at(office: Office, request_id: str, share: float) -> None:
    """Move the clock to where this share of the request's time is used up, and work on it."""
    one, clock = request_of(office.house, request_id), office.house.clock
    clock.at = one.received_at + (one.promised_at - one.received_at) * share
    with office.house.writing() as session:
        request = requests.locked(session, request_id)
        line = audit.Line("message_sent", "staff:1", {"message": "m"})
        audit.append(session, request, [line], now=clock.now())


def _stages(office: Office, request_id: str) -> list[int]:
    with office.house.reading() as session:
        found = audit.entries(session, request_id)
        return [e.data["stage"] for e in found if e.event == clocks.EVENT]


def _two_months_ahead(office: Office) -> None:
    """Let one look happen with a clock that is two months ahead, and put the clock right."""
    office.house.clock.forward(days=60)
    _watch(office)
    _watch(office)
    _mail(office)
    office.house.clock.forward(days=-60)


@pytest.mark.requirement("R-SLA-11")
def test_what_a_clock_told_that_was_ahead_is_told_again_when_it_is_true(
    office: Office, smtp_sink: Sink
) -> None:
    request_id = _open(office)
    _at(office, request_id, 0.51)
    _watch(office)
    _two_months_ahead(office)
    assert _stages(office, request_id) == [50, 100]
    told: dict[float, set[str]] = {}

    for share in (0.55, 0.76, 0.91, 0.99, 1.0, 1.2):
        _at(office, request_id, share)
        smtp_sink.messages.clear()
        for _ in range(3):
            _watch(office)
            _mail(office)
        told[share] = {m["X-Envelope-To"].partition("@")[0] for m in smtp_sink.messages}

    assert _stages(office, request_id) == [50, 100, 75, 90, 100]
    assert told == {
        0.55: set(),
        0.76: {"desk"},
        0.91: {"desk", "lead"},
        0.99: set(),
        1.0: {"desk", "lead", "dpo"},
        1.2: set(),
    }


def test_what_a_clock_told_that_was_ahead_before_anything_else_is_told_too(office: Office) -> None:
    request_id = _open(office)
    _two_months_ahead(office)

    for share in (0.3, 0.51, 0.52, 1.0, 1.1):
        _at(office, request_id, share)
        _watch(office)

    assert _stages(office, request_id) == [100, 50, 100]


def test_a_clock_a_little_ahead_makes_nobody_tell_twice(office: Office) -> None:
    request_id = _open(office)
    _at(office, request_id, 0.51)
    _watch(office)
    office.house.clock.forward(minutes=-59)  # the clock of another relay

    assert _watch(office) == 0
    assert _stages(office, request_id) == [50]


def _idle(office: Office, request_id: str) -> int:
    with office.house.reading() as session:
        return sum(e.event == untouched.IDLE for e in audit.entries(session, request_id))


def test_that_nobody_touches_it_is_told_again_too_after_a_clock_that_was_ahead(
    office: Office,
) -> None:
    request_id, house = _open(office), office.house
    house.clock.forward(days=1)
    _two_months_ahead(office)
    assert _idle(office, request_id) == 1

    house.clock.forward(days=3)
    assert (_watch(office) > 0, _watch(office)) == (True, 0)

    assert _idle(office, request_id) == 2
