"""Nobody learns from an answer whether we know a person."""

from __future__ import annotations

import re
import statistics
import time
from typing import Any

import pytest
from sqlmodel import select

from rights.store.models import Challenge, Notice
from tests.web.house import House, Reply

KNOWN = {"email": "anna@example.com"}
UNKNOWN = {"email": "otto@example.com"}
_IDS = re.compile(rb"[0-9a-f]{32}")


@pytest.fixture
def acquainted(house: House) -> House:
    """Make Anna somebody the register knows well: requests open, closed and answered."""
    for kind in ("access", "restriction", "deletion"):
        made = house.submit(kind, KNOWN)
        house.post(
            f"/v1/requests/{made['id']}/verification/answer", {"code": house.code(made["id"])}
        )
    house.asserted("access", {"user_id": "u-anna", **KNOWN})
    house.submit("copy", KNOWN)
    return house


def _shape(response: Reply) -> tuple[Any, ...]:
    headers = {n for n in response.headers if n != "Date"}
    return response.status_code, _IDS.sub(b"<id>", response.data), sorted(headers)


@pytest.mark.requirement("R-NEG-25", "R-NEG-25:bad")
@pytest.mark.parametrize("kind", ["access", "copy", "restriction", "deletion", "explanation"])
def test_a_submission_answers_alike_in_every_byte(acquainted: House, kind: str) -> None:
    known = acquainted.post("/v1/requests", {"kind": kind, "subject": KNOWN})
    unknown = acquainted.post("/v1/requests", {"kind": kind, "subject": UNKNOWN})

    assert _shape(known) == _shape(unknown)
    assert known.status_code == 201
    assert len(known.data) == len(unknown.data)


@pytest.mark.requirement("R-NEG-25")
def test_verification_answers_alike_from_beginning_to_end(acquainted: House) -> None:
    steps: list[list[tuple[Any, ...]]] = []
    for subject in (KNOWN, UNKNOWN):
        made = acquainted.submit("access", subject, option="ai_use")
        path = f"/v1/requests/{made['id']}"
        wrong = acquainted.post(f"{path}/verification/answer", {"code": "x"})
        acquainted.clock.forward(seconds=61)
        sent = acquainted.post(f"{path}/verification", {})
        code = {"code": acquainted.code(made["id"])}
        right = acquainted.post(f"{path}/verification/answer", code)
        timeline = acquainted.get(f"{path}/timeline")
        steps.append([(r.status_code, len(r.data)) for r in (wrong, sent, right, timeline)])
        acquainted.clock.forward(seconds=-61)

    assert steps[0] == steps[1]


@pytest.mark.requirement("R-NEG-25")
def test_a_code_is_sent_to_known_and_unknown_alike(acquainted: House) -> None:
    ids = [acquainted.submit("access", who)["id"] for who in (KNOWN, UNKNOWN)]

    with acquainted.reading() as session:
        for request_id in ids:
            mine = session.exec(select(Challenge).where(Challenge.request_id == request_id)).all()
            mail = session.exec(select(Notice).where(Notice.request_id == request_id)).all()
            assert (len(mine), [n.event for n in mail]) == (1, ["received"])


@pytest.mark.requirement("R-NEG-25")
def test_a_switch_reads_alike_for_people_who_never_touched_it(acquainted: House) -> None:
    answers = [
        acquainted.post("/v1/preferences/read", {"subject": who, "name": "personalised"}).json
        for who in (KNOWN, UNKNOWN)
    ]

    assert answers[0] == answers[1]


@pytest.mark.requirement("R-NEG-25")
def test_it_takes_as_long_for_the_known_as_for_the_unknown(acquainted: House) -> None:
    """Interleaved, so that whatever slows the machine down slows both down; medians compared."""
    times: dict[str, list[float]] = {"known": [], "unknown": []}
    for _ in range(40):
        for name, who in (("known", KNOWN), ("unknown", UNKNOWN)):
            began = time.perf_counter()
            acquainted.post("/v1/requests", {"kind": "access", "subject": who})
            times[name].append(time.perf_counter() - began)

    known, unknown = (statistics.median(times[name]) for name in ("known", "unknown"))
    assert 0.7 < known / unknown < 1.4
