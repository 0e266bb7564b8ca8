"""An appeal that is upheld: the work begins anew, ends otherwise, and the letters say so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from rights.domain.kinds import Kind
from rights.domain.lifecycle import State
from rights.services import appeals, complaints, messages, requests
from rights.services.checkpoints import verify
from rights.services.complaints import NewComplaint
from rights.services.denials import Said
from rights.services.purge import purge
from rights.services.signing import Signer
from rights.store.db import reading, transaction
from rights.store.models import Appeal, Request, Staff
from tests.denying import denied
from tests.workflows.desk import MAP, html_of, text_of
from tests.workflows.house import SEED, Clock, ask, floor_over
from workflows.embedded.smtp import Sink
from workflows.floor import Floor
from workflows.jobs import work_on
from workflows.notices.send import send_due

WHO = {"user_id": "u1", "email": "Wang.Fang@mail.example"}
OPTIONAL = {"zh-CN": "申诉由您自愿选择，不是必经程序", "en": "An appeal is optional"}
COURT = {"zh-CN": "人民法院", "en": "people's court"}


Tables = dict[str, dict[str, list[dict[str, Any]]]]


@pytest.fixture
def tables() -> Tables:
    user = {"id": "u1", "email": "wang.fang@mail.example", "personalised": True, "ads": True}
    return {
        "shop": {"users": [user], "orders": [], "reviews": [{"id": 1, "user_id": "u1"}]},
        "files": {"uploads": [{"id": 1, "user_id": "u1"}]},
    }


@pytest.fixture
def floor(tmp_path: Path, smtp_sink: Sink, tables: Tables) -> Iterator[Floor]:
    made = floor_over(
        tmp_path, MAP, tables, Clock(), smtp_host=smtp_sink.host, smtp_port=smtp_sink.port
    )
    with transaction(made.register) as session:
        for name in ("ana", "wei"):
            session.add(Staff(name=name, roles=["approver"], created_at=made.now()))
    yield made
    made.register.dispose()


def _denied(floor: Floor, language: str, kind: Kind = Kind.DELETION, **more: Any) -> str:
    request_id = ask(floor, kind, WHO, locale=language, **more)
    with transaction(floor.register) as session:
        ana = session.exec(select(Staff).where(Staff.name == "ana")).one()
        request = requests.locked(session, request_id)
        said = Said("not_identifiable", "说明。")
        denied(session, floor.context, request, ana, said, now=floor.now())
    return request_id


def _decided(floor: Floor, request_id: str, *, uphold: bool) -> Appeal:
    with transaction(floor.register) as session:
        request, context, now = requests.locked(session, request_id), floor.context, floor.now()
        made = appeals.make(session, context, request, "不同意", actor="subject", now=now)
        session.flush()
        people = {one.name: one for one in session.exec(select(Staff))}
        ana, wei = people["ana"], people["wei"]
        appeals.assign(session, request, made, wei, ana, now=now)
        appeals.decide(
            session, context, request, made, wei, uphold=uphold, reasons="理由 <b>", now=now
        )
    return made


def _letter(floor: Floor, sink: Sink, reference: str, about: str) -> Any:
    sink.messages.clear()
    send_due(floor.register, floor.context, floor.now)
    (mail,) = [m for m in sink.messages if about in m["Subject"] and reference in m["Subject"]]
    return mail


@pytest.mark.requirement("R-P50-3")
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_execution_begins_anew_and_closes_with_another_outcome(
    floor: Floor, tables: Tables, smtp_sink: Sink, language: str
) -> None:
    first = _denied(floor, language)
    assert len(tables["shop"]["reviews"]) == 1

    made = _decided(floor, first, uphold=True)
    work_on(floor, made.led_to)

    with reading(floor.register) as session:
        before, after = (session.get_one(Request, one) for one in (first, made.led_to))
        assert (before.state, after.state) == (State.DENIED, State.FULFILLED)
        assert after.follows == first
        assert (tables["shop"]["reviews"], tables["files"]["uploads"]) == ([], [])
    about = {"zh-CN": "申诉已有结果", "en": "appeal is decided"}[language]
    mail = _letter(floor, smtp_sink, first, about)
    for said in (text_of(mail), html_of(mail).replace("&#39;", "'")):
        assert OPTIONAL[language] in said
        assert COURT[language] in said
        assert made.led_to in said
    assert "理由 <b>" in text_of(mail)
    assert "<b>" not in html_of(mail)


@pytest.mark.requirement("R-NEG-16")
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_dismissed_the_letter_has_reasons_and_every_way_out(
    floor: Floor, smtp_sink: Sink, language: str
) -> None:
    first = _denied(floor, language)

    made = _decided(floor, first, uphold=False)

    assert made.led_to == ""
    about = {"zh-CN": "申诉已有结果", "en": "appeal is decided"}[language]
    said = text_of(_letter(floor, smtp_sink, first, about))
    for words in (OPTIONAL[language], COURT[language], "理由 <b>"):
        assert words in said
    assert {"zh-CN": "第六十五条", "en": "Art. 65"}[language] in said
    received = {"zh-CN": "申诉已收到", "en": "We have your appeal"}[language]
    confirmed = next(m for m in smtp_sink.messages if received in m["Subject"])
    assert OPTIONAL[language] in text_of(confirmed)


@pytest.mark.parametrize(("days", "left"), [(1, True), (15, False)])
def test_a_day_that_is_over_is_not_asked_for_again(floor: Floor, days: int, *, left: bool) -> None:
    until = {"until": (floor.now() + timedelta(days=10)).date().isoformat()}
    first = _denied(floor, "en", Kind.RESTRICTION, parameters=until)
    floor.now.on(days=days)  # type: ignore[attr-defined]  # it is a Clock

    made = _decided(floor, first, uphold=True)

    with reading(floor.register) as session:
        assert session.get_one(Request, made.led_to).parameters == (until if left else {})


def test_reasons_are_not_written_to_an_address_nobody_proved(floor: Floor, smtp_sink: Sink) -> None:
    from rights.domain.kinds import Option  # noqa: PLC0415 - only here
    from rights.services import intake, subjects  # noqa: PLC0415 - only here

    who = subjects.cleaned(floor.context.datamap, {"email": WHO["email"]})
    new = intake.Submission(Kind.DELETION, Option.DELETE, identifiers=who, locale="en")
    with transaction(floor.register) as session:
        request, _ = intake.submit(session, floor.context, new, now=floor.now())
        request_id = request.id
    with transaction(floor.register) as session:
        ana = session.exec(select(Staff).where(Staff.name == "ana")).one()
        request = requests.locked(session, request_id)
        said = Said("not_identifiable", "x")
        denied(session, floor.context, request, ana, said, now=floor.now())
    _decided(floor, request_id, uphold=False)

    told = text_of(_letter(floor, smtp_sink, request_id, "appeal is decided"))

    assert "理由" not in told
    assert "has not been verified" in told
    assert COURT["en"] in told


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_letters_about_messages_and_complaints_never_hold_their_texts(
    floor: Floor, smtp_sink: Sink, language: str
) -> None:
    request_id = ask(floor, Kind.ACCESS, WHO, locale=language)
    context, now = floor.context, floor.now()
    with transaction(floor.register) as session:
        wei = session.exec(select(Staff).where(Staff.name == "wei")).one()
        request = requests.locked(session, request_id)
        messages.from_staff(session, context, request, "canary-1", wei, now=now)
        new = NewComplaint("canary-2", {"email": "Eve@mail.example"}, "", locale=language)
        made = complaints.make(session, context, new, now=now)
        session.flush()
        complaints.send_code(session, context, made, now=now)
        complaints.answer(session, context, made, "canary-3", wei, now=now)
        complaint_id = made.id

    send_due(floor.register, context, floor.now)

    mails = [m for m in smtp_sink.messages if "canary" not in m.as_string()]
    assert len(mails) == len(smtp_sink.messages)
    told = [text_of(m) for m in mails if complaint_id in m["Subject"]]
    assert len(told) == 3
    assert sum(floor.context.regimes["cn_general"].titles[language] in t for t in told) == 0
    assert any(request_id in m["Subject"] for m in mails)
    assert all(complaint_id in text for text in told)


def test_the_trail_holds_and_everything_is_forgotten_in_the_end(floor: Floor) -> None:
    from rights.services import checkpoints  # noqa: PLC0415 - only here

    first = _denied(floor, "en")
    _decided(floor, first, uphold=False)
    with transaction(floor.register) as session:
        checkpoints.checkpoint(session, floor.signer, floor.now())
    assert verify(floor.register, Signer(SEED)).ok
    floor.now.on(days=2000)  # type: ignore[attr-defined]  # it is a Clock

    counts = purge(floor.register, floor.context, floor.blobs, now=floor.now())

    assert counts["requests"] == 1
    with reading(floor.register) as session:
        assert list(session.exec(select(Appeal))) == []
    assert verify(floor.register, Signer(SEED)).ok
