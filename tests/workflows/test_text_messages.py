"""Text messages: what they say, to whom they go, and what a provider's answers come to."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from rights import logs
from rights.domain.errors import ConfigError
from rights.domain.kinds import Kind, default_option
from rights.services import (
    assurance,
    audit,
    contact_warnings,
    extensions,
    intake,
    notices,
    requests,
    subjects,
    verification,
    warnings_due,
)
from rights.services.datamap import parse
from rights.settings import load
from rights.store.db import reading, transaction
from tests.workflows.desk import EMAIL, MAP, Desk, longer
from tests.workflows.receivers import Receiver
from workflows.demo.house.terminal import Terminal
from workflows.embedded.sms import Received, Texts
from workflows.embedded.smtp import Sink
from workflows.notices import sms
from workflows.notices.mail import Down

PHONE = "138 0013 8000"
NUMBER = "+8613800138000"
TOKEN = "top-secret-token"
WITH_PHONES = MAP.replace(
    "  email: {kind: contact, normalise: email}\n",
    "  email: {kind: contact, normalise: email}\n  phone: {kind: contact, normalise: e164}\n",
)


def desk_of(folder: Path, sink: Sink, url: str, **settings: Any) -> Desk:
    """Return a deployment with a provider at *url*, which is on this machine."""
    given = {"sms_url": url, "sms_token": TOKEN, "sms_allow": ("127.0.0.1/32",), **settings}
    desk = Desk(folder, (sink.host, sink.port), **given)
    desk.context = replace(desk.context, datamap=parse(WITH_PHONES))
    return desk


@pytest.fixture
def texts() -> Iterator[Texts]:
    made = Texts(token=TOKEN)
    yield made
    made.stop()


@pytest.fixture
def texting(tmp_path: Path, smtp_sink: Sink, texts: Texts) -> Iterator[Desk]:
    made = desk_of(tmp_path, smtp_sink, texts.url, sms_sender="10690001")
    yield made
    made.close()


@pytest.fixture
def log() -> io.StringIO:
    stream = io.StringIO()
    logs.configure(stream)
    return stream


def typed(desk: Desk, kind: Kind = Kind.RESTRICTION, **more: Any) -> str:
    """Submit a request of somebody who typed what *more* names; return its id."""
    who: dict[str, str] = {n: more.pop(n) for n in ("email", "phone") if n in more}
    given = subjects.cleaned(desk.context.datamap, who or {"phone": PHONE})
    new = intake.Submission(kind, default_option(kind), identifiers=given, **more)
    with transaction(desk.register) as session:
        request, _ = intake.submit(session, desk.context, new, now=desk.clock())
        return request.id


@pytest.mark.parametrize(("locale", "word"), [("zh-CN", "验证码"), ("en", "your code is")])
def test_who_gave_a_phone_only_gets_acknowledgement_code_and_outcome_as_texts(
    texting: Desk, texts: Texts, smtp_sink: Sink, locale: str, word: str
) -> None:
    request_id = typed(texting, locale=locale)

    assert texting.send() == 1

    (one,) = texts.messages
    code = re.findall(r"(?<!\d)\d{6}(?!\d)", one.text)[0]
    assert (one.to, one.said["from"]) == (NUMBER, "10690001")
    assert word in one.text
    assert "10" in one.text
    assert request_id in one.text
    assert one.said["values"]["code"] == code
    with transaction(texting.register) as session:
        request = requests.find(session, request_id)
        assert verification.answer(session, texting.context, request, code, now=texting.clock())
        session.flush()
        assurance.raise_level(session, texting.context, request, cap=2, now=texting.clock())
        notices.ask_for(session, request, "outcome", now=texting.clock())
    assert texting.send() == 1
    assert request_id in texts.messages[1].text
    assert smtp_sink.messages == []
    assert {n.state for n in texting.notices()} == {"sent"}


@pytest.mark.parametrize("locale", ["zh-CN", "en"])
def test_every_event_has_a_short_form_without_data_or_an_address_to_click(
    texting: Desk, texts: Texts, locale: str
) -> None:
    request_id = typed(texting, Kind.CORRECTION, locale=locale)
    with transaction(texting.register) as session:
        request = requests.find(session, request_id)
        request.parameters = {"until": "2027-01-31"}
        contact = subjects.identifier_rows(session, request_id)[0]
        now = texting.clock()
        code = verification.challenge(session, texting.context, request, contact, now=now)
        for event in notices.EVENTS[1:]:
            if event in warnings_due.EVENTS:
                told = [("phone", "+8613900139000")]
                contact_warnings.queue(session, texting.context, request, event, told, now=now)
            else:
                made = notices.ask_for(session, request, event, now=now, challenge_id=code.id)
                if event == extensions.EVENT:
                    longer(session, made)
    while texting.send():
        pass

    assert sorted(one.said["event"] for one in texts.messages) == sorted(notices.EVENTS)
    for one in texts.messages:
        assert "13800138000" not in one.text
        warns = one.said["event"] in warnings_due.EVENTS
        assert ("/portal/not-me?w=" in one.text) is warns
        assert one.text.count("://") == warns
        assert "\n" not in one.text
        assert "{" not in one.text
        assert len(one.text) < (480 if warns else 320)


def test_mail_comes_first_where_both_were_typed_and_what_was_proved_before_either(
    texting: Desk, texts: Texts, smtp_sink: Sink
) -> None:
    request_id = typed(texting, email=EMAIL, phone=PHONE)
    texting.send()
    assert (len(smtp_sink.messages), len(texts.messages)) == (1, 0)

    with transaction(texting.register) as session:
        rows = subjects.identifier_rows(session, request_id)
        next(row for row in rows if row.type == "phone").proof = "code"
        notices.ask_for(session, requests.find(session, request_id), "outcome", now=texting.clock())
    texting.send()

    assert (len(smtp_sink.messages), len(texts.messages)) == (1, 1)


def test_without_a_provider_a_phone_is_not_reachable(tmp_path: Path, smtp_sink: Sink) -> None:
    desk = desk_of(tmp_path, smtp_sink, "")
    request_id = typed(desk)

    with transaction(desk.register) as session:
        request = requests.find(session, request_id)
        assert verification.reachable(session, desk.context, request) is None
        notices.ask_for(session, request, "expired", now=desk.clock())
    assert desk.send() == 0
    assert [n.state for n in desk.notices()] == ["no_contact"]
    desk.close()


@pytest.fixture
def desk_at(tmp_path: Path, smtp_sink: Sink) -> Iterator[Callable[[str], Desk]]:
    made: list[Desk] = []

    def make(url: str, **settings: Any) -> Desk:
        made.append(desk_of(tmp_path, smtp_sink, url, **settings))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize(
    ("status", "state", "tried"),
    [
        (400, "refused", 2),
        (422, "refused", 2),
        (500, "waiting", 2),
        (502, "waiting", 2),
        (409, "waiting", 2),
        (401, "waiting", 1),
        (404, "waiting", 1),
        (429, "waiting", 1),
        (503, "waiting", 1),
        (302, "waiting", 1),
    ],
)
def test_what_a_providers_answer_comes_to(
    desk_at: Callable[[str], Desk],
    smtp_sink: Sink,
    log: io.StringIO,
    status: int,
    state: str,
    tried: int,
) -> None:
    receiver = Receiver(status=status)
    desk = desk_at(receiver.url("/messages"))
    for number in range(2):
        typed(desk, phone=f"1380013800{number}")
    desk.clock.on(seconds=1)
    typed(desk, email=EMAIL)

    assert desk.send() == 1

    assert len(smtp_sink.messages) == 1
    assert {n.state for n in desk.notices()} == {state, "sent"}
    assert len(receiver.received) == tried
    assert ("sms.down" in log.getvalue()) is (tried == 1)
    assert "1380013800" not in log.getvalue()
    assert TOKEN not in log.getvalue()
    receiver.stop()


def test_a_message_that_was_put_off_carries_the_same_key_and_credential_again(
    desk_at: Callable[[str], Desk],
) -> None:
    receiver = Receiver(status=500)
    desk = desk_at(receiver.url())
    typed(desk)
    desk.send()
    receiver.status = 202
    desk.clock.on(seconds=6)

    assert desk.send() == 1

    keys = {one.headers["Idempotency-Key"] for one in receiver.received}
    assert keys == {desk.notices()[0].id}
    assert {one.headers["Authorization"] for one in receiver.received} == {f"Bearer {TOKEN}"}
    bodies = [orjson.loads(one.body) for one in receiver.received]
    assert bodies[0]["id"] == bodies[1]["id"]
    assert NUMBER in {one["to"] for one in bodies}
    assert all(NUMBER not in str(one.headers) + one.path for one in receiver.received)
    receiver.stop()


def test_a_repeat_is_told_by_its_key(texting: Desk, texts: Texts) -> None:
    typed(texting)
    texting.send()
    with transaction(texting.register) as session:  # as if it had died before it was marked
        notice = session.merge(texting.notices()[0])
        notice.state, notice.next_at = "waiting", texting.clock()

    assert texting.send() == 1
    assert len(texts.messages) == 1


def test_a_provider_that_hangs_is_down_after_its_time(desk_at: Callable[[str], Desk]) -> None:
    receiver = Receiver(pause_s=3)
    settings = desk_at(receiver.url()).context.settings
    text = sms.Text("n1", NUMBER, "hello", "code", "en", {})

    began = time.monotonic()
    with sms.HttpProvider(settings, timeout=0.3) as provider, pytest.raises(Down) as told:
        provider.send(text)

    assert time.monotonic() - began < 2
    assert NUMBER not in str(told.value)
    receiver.stop()


def test_a_provider_that_is_not_there_or_may_not_be_reached_is_down(
    desk_at: Callable[..., Desk], free_port: Callable[[], int]
) -> None:
    nobody = desk_at(f"http://127.0.0.1:{free_port()}/")
    typed(nobody)
    assert nobody.send() == 0
    assert [n.state for n in nobody.notices()] == ["waiting"]


def test_a_private_destination_is_reached_only_where_it_is_allowed(
    desk_at: Callable[..., Desk], log: io.StringIO
) -> None:
    receiver = Receiver()
    desk = desk_at(receiver.url(), sms_allow=())
    typed(desk)

    assert desk.send() == 0
    assert receiver.received == []
    assert "sms.down" in log.getvalue()
    receiver.stop()


def test_a_text_given_up_is_noted_without_the_number(desk_at: Callable[..., Desk]) -> None:
    receiver = Receiver(status=422)
    desk = desk_at(receiver.url())
    request_id = typed(desk)
    desk.send()

    with reading(desk.register) as session:
        last = audit.entries(session, request_id)[-1]
    assert last.event == "notice_refused"
    assert NUMBER[-8:] not in str(last.data)
    receiver.stop()


@pytest.mark.parametrize(
    "wrong",
    [
        {"sms_sender": "shop\r\nX-Evil: 1"},
        {"sms_sender": "x" * 41},
        {"sms_token": "a\r\nb"},
        {"sms_url": "ftp://sms.example"},
        {"sms_url": "https://sms.example/\nx"},
    ],
)
def test_settings_that_break_out_of_their_line_are_refused_at_start(wrong: dict[str, str]) -> None:
    needed = {"database_url": "sqlite://", "redis_url": "redis://x", "blobs_url": "file:///x"}

    with pytest.raises(ConfigError, match=f"RIGHTS_{next(iter(wrong)).upper()}"):
        load(**needed, keys="k", **wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"sms_url": "https://sms.example/", "sms_token": ""},
        {"sms_url": "http://sms.example/", "sms_token": "x"},
        {"sms_url": "https://sms.example/", "sms_token": "x", "sms_allow": ("not a network",)},
    ],
)
def test_a_relay_that_could_not_send_texts_says_so_at_start(wrong: dict[str, Any]) -> None:
    needed = {"database_url": "sqlite://", "redis_url": "redis://x", "blobs_url": "file:///x"}

    with pytest.raises(ConfigError):
        sms.check(load(**needed, keys="k", **wrong))


def test_a_company_whose_name_breaks_the_line_stays_on_one(texting: Desk, texts: Texts) -> None:
    named = {**texting.context.datamap.controller, "name": {"zh": "商城\r\n公司"}}
    datamap = replace(texting.context.datamap, controller=named)
    texting.context = replace(texting.context, datamap=datamap)
    typed(texting)

    texting.send()

    assert "商城 公司" in texts.messages[0].text


def test_a_slow_provider_delays_no_mail_and_its_texts_keep_their_place(
    texting: Desk, texts: Texts, smtp_sink: Sink
) -> None:
    for number in range(4):
        typed(texting, phone=f"1380013800{number}")
    texting.clock.on(seconds=1)
    typed(texting, email=EMAIL)
    mails_before: list[int] = []

    def slow(_: Received) -> None:
        mails_before.append(len(smtp_sink.messages))
        texting.clock.on(seconds=15)

    texts._on_text = slow  # noqa: SLF001 - what a provider at its end does takes its time

    assert texting.send() == 3
    assert mails_before == [1, 1]
    assert sorted(n.attempts for n in texting.notices()) == [0, 0, 1, 1, 1]
    assert texting.send() == 2


def test_the_demos_provider_shows_texts_in_the_terminal_and_takes_no_other_credential(
    tmp_path: Path, smtp_sink: Sink, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = Texts(token="another", on_text=Terminal().text)
    for name in ("other", "again"):
        (tmp_path / name).mkdir()
    desk = desk_of(tmp_path / "other", smtp_sink, shown.url)
    typed(desk, locale="en")
    assert desk.send() == 0
    desk.close()

    shown.token = TOKEN
    desk = desk_of(tmp_path / "again", smtp_sink, shown.url)
    typed(desk, locale="en")
    assert desk.send() == 1
    desk.close()
    shown.stop()

    (line,) = [one for one in capsys.readouterr().err.splitlines() if "sms to" in one]
    assert re.search(
        rf"sms to \{NUMBER}: Example Mall Ltd: your code is (\d{{6}}),.*CODE \1$", line
    )
