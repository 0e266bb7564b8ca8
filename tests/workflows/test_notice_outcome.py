"""Mail about what came of a request, and about packages."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from rights.domain.errors import Drift
from rights.domain.kinds import Kind
from rights.domain.lifecycle import Event, State
from rights.services import notes, notices, requests, subjects
from rights.store.db import reading, transaction
from rights.store.models import Package, ReceiptRow, StepRow
from tests.workflows.desk import Desk, only, steps_of, text_of
from workflows.embedded.smtp import Sink
from workflows.notices import send
from workflows.notices.words import LANGUAGES

SNAPSHOTS = Path(__file__).parent / "snapshots"


def _outcome(desk: Desk, sink: Sink, **more: Any) -> str:
    request_id = desk.proved(Kind.DELETION, notify=False, **more)
    desk.clock.on(minutes=7)
    desk.answer(request_id, *steps_of(request_id))
    desk.send()
    return text_of(only(sink)).replace(request_id, "{reference}")


@pytest.mark.requirement("R-23-4")
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_outcome_names_every_line_with_its_code(
    desk: Desk, smtp_sink: Sink, language: str
) -> None:
    text = _outcome(desk, smtp_sink, locale=language)

    lines = [line for line in text.splitlines() if line.startswith("- ")]
    codes = [re.findall(r"[(（](\w+)[)）]$", line) for line in lines]
    assert [code for found in codes for code in found] == [
        "done",
        "held",
        "no_data",
        "infeasible",
        "done",
    ]
    file = SNAPSHOTS / f"outcome.{language}.txt"
    assert text == file.read_text(encoding="utf-8"), "the words changed: read them, then keep them"


@pytest.mark.parametrize(
    ("regime", "wanted"),
    [
        ("cn_general", ["people's court", "authority in charge"]),
        ("cn_ecommerce", ["people's court", "authority in charge"]),
        ("cn_minor", ["people's court", "authority in charge"]),
        ("eu_gdpr", ["supervisory authority", "go to court"]),
        ("uk_gdpr", ["supervisory authority"]),
        ("us_ca", ["California Privacy Protection Agency", "Attorney General"]),
        ("br_lgpd", ["Brazil"]),
    ],
)
def test_the_ways_out_are_those_of_the_law(
    desk: Desk, smtp_sink: Sink, regime: str, wanted: list[str]
) -> None:
    text = _outcome(desk, smtp_sink, locale="en", regimes=(regime,))

    assert [words for words in wanted if words not in text] == []


def test_staff_can_add_to_an_outcome_and_take_nothing_away(desk: Desk, smtp_sink: Sink) -> None:
    request_id = desk.proved(Kind.DELETION, notify=False)
    with transaction(desk.register) as session:
        text = "上传的文件由第三方保存。"
        notes.keep(session, desk.context.vault, request_id, "answer", text, now=desk.clock())
    desk.answer(request_id, *steps_of(request_id))
    desk.send()

    sent = text_of(only(smtp_sink))
    assert text in sent
    assert len(re.findall(r"^- .*（\w+）$", sent, re.MULTILINE)) == 5


def test_a_denial_states_reason_basis_and_remedies(desk: Desk, smtp_sink: Sink) -> None:
    request_id = desk.proved(Kind.DELETION, notify=False, locale="en")
    with transaction(desk.register) as session:
        request = requests.locked(session, request_id)
        request.reason = "not_identifiable"
        requests.record(session, request, Event.DENIED, actor="staff:1", now=desk.clock())
    desk.send()

    text = text_of(only(smtp_sink))
    assert "Reason: We cannot tell whether this data is yours" in text
    assert "Legal basis: PIPL, Art. 50" in text
    assert "people's court" in text


def test_an_address_nobody_proved_is_told_that_there_is_an_answer_and_no_more(
    desk: Desk, smtp_sink: Sink
) -> None:
    request_id = desk.proved(Kind.DELETION, notify=False, locale="en")
    with transaction(desk.register) as session:
        for row in subjects.identifier_rows(session, request_id):
            row.proof = "" if row.type == "email" else row.proof
    desk.answer(request_id, *steps_of(request_id))
    desk.send()

    text = text_of(only(smtp_sink))
    assert request_id in text
    assert "Orders" not in text
    assert "(done)" not in text


@pytest.mark.requirement("R-NEG-25")
@pytest.mark.parametrize("channel", ["portal", "api"])
def test_an_address_typed_into_the_portal_is_not_told_what_was_found_even_without_a_proof(
    desk: Desk, smtp_sink: Sink, channel: str
) -> None:
    request_id = desk.proved(Kind.DELETION, notify=False, locale="en")
    with transaction(desk.register) as session:
        request = requests.locked(session, request_id)
        request.level_needed, request.acr, request.channel = 0, "", channel
        for row in subjects.identifier_rows(session, request_id):
            row.proof = ""
    desk.answer(request_id, *steps_of(request_id))
    desk.send()

    assert ("(done)" in text_of(only(smtp_sink))) is (channel == "api")


def _package(desk: Desk, request_id: str) -> None:
    with transaction(desk.register) as session:
        package = Package(
            request_id=request_id,
            state="ready",
            size=3_400_000,
            created_at=desk.clock(),
            expires_at=desk.clock() + timedelta(days=7),
        )
        session.add(package)
        request = requests.find(session, request_id)
        notices.ask_for(session, request, "package_ready", now=desk.clock())


def _remind(desk: Desk) -> int:
    with transaction(desk.register) as session:
        return send.remind(session, desk.context, desk.clock())


def test_a_package_is_announced_and_reminded_of_once_a_day_before_its_end(
    desk: Desk, smtp_sink: Sink
) -> None:
    request_id = desk.proved(Kind.COPY, notify=False, locale="en")
    _package(desk, request_id)
    desk.send()
    reminded = []
    for _ in range(8):
        desk.clock.on(hours=23)
        reminded += [_remind(desk), _remind(desk)]
        desk.send()

    assert sum(reminded) == 1
    ready, expiring = (text_of(mail) for mail in smtp_sink.messages)
    assert "Download until: 29 November 2026, 10:30 (GMT+08:00)" in ready
    assert "Size: 3.24 MiB" in ready
    assert "about to expire" in expiring


def test_nobody_is_reminded_of_a_package_that_is_gone(desk: Desk) -> None:
    request_id = desk.proved(Kind.COPY, notify=False)
    _package(desk, request_id)
    desk.clock.on(days=8)

    assert _remind(desk) == 0


def _forget(rows: list[StepRow], left_out: str) -> list[StepRow]:
    """Leave one thing out of what steps say: a collection of a result, or a step."""
    for row in rows:
        row.result = {
            "collections": {p: r for p, r in row.result["collections"].items() if p != left_out}
        }
    return [row for row in rows if row.store != left_out]


@pytest.mark.requirement("R-23-4:bad")
@pytest.mark.parametrize(
    "left_out", ["shop.orders", "shop.reviews", "files"], ids=["held", "no_data", "infeasible"]
)
def test_an_outcome_that_would_leave_out_a_line_closes_nothing_and_sends_nothing(
    desk: Desk, smtp_sink: Sink, left_out: str
) -> None:
    request_id = desk.proved(Kind.DELETION, notify=False)
    rows, plan = steps_of(request_id)

    with pytest.raises(Drift) as refused:
        desk.answer(request_id, _forget(rows, left_out), plan)
    desk.send()

    assert left_out in str(refused.value)
    assert smtp_sink.messages == []
    assert (desk.request(request_id).state, desk.request(request_id).closed_at) == (
        State.IN_PROGRESS,
        None,
    )
    with reading(desk.register) as session:
        assert session.get(ReceiptRow, request_id) is None
