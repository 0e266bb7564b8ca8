"""Mail to people: the acknowledgement, the code, and the form every mail has."""

from __future__ import annotations

import re
from dataclasses import replace
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
from sqlmodel import select

from rights.domain.kinds import Kind
from rights.services import (
    contact_warnings,
    extensions,
    key_letters,
    notices,
    requests,
    subjects,
    verification,
    warnings_due,
)
from rights.store.db import transaction
from rights.store.models import Challenge, IdentifierRow
from tests.workflows.desk import EMAIL, Desk, html_of, longer, only, text_of
from tests.workflows.test_key_notices import vouched
from workflows.embedded.smtp import Sink
from workflows.notices import about_keys

_CODE = re.compile(r"^ +([0-9]{6})\s*$", re.MULTILINE)


def test_the_acknowledgement_says_everything_the_person_has_to_know(
    desk: Desk, smtp_sink: Sink
) -> None:
    request_id = desk.typed(Kind.DELETION, locale="en")

    assert desk.send() == 1

    text = text_of(only(smtp_sink))
    for fact in (
        request_id,
        "To have your data deleted",
        "22 November 2026, 10:30 (GMT+08:00)",
        "Handled under: China",
        "Answer promised by: 11 December 2026, 23:59",
        "Next step: Enter the code below",
        "To add information: Use the reference",
        "To cancel: Use the reference",
        "Privacy contact: privacy@example.com",
        "It works for 10 minutes",
    ):
        assert fact in text
    assert _CODE.search(text)


def test_the_code_of_the_mail_is_the_one_that_works(desk: Desk, smtp_sink: Sink) -> None:
    request_id = desk.typed(Kind.RESTRICTION)
    desk.clock.on(seconds=5)
    desk.send()
    code = _CODE.search(text_of(only(smtp_sink)))
    assert code is not None

    with transaction(desk.register) as session:
        request = requests.find(session, request_id)
        assert verification.answer(session, desk.context, request, code[1], now=desk.clock())
        found = session.exec(_challenges(request_id)).one()

    assert found.sent_at == desk.clock()


def _challenges(request_id: str) -> Any:
    return select(Challenge).where(Challenge.request_id == request_id)


def test_a_mail_delayed_beyond_its_code_tells_how_to_get_another(
    desk: Desk, smtp_sink: Sink
) -> None:
    desk.typed(locale="en")
    desk.clock.on(minutes=11)

    desk.send()

    text = text_of(only(smtp_sink))
    assert not _CODE.search(text)
    assert "Ask for a new code" in text


def test_a_code_asked_for_again_is_sent_alone_and_only_while_it_works(
    desk: Desk, smtp_sink: Sink
) -> None:
    request_id = desk.typed()
    desk.send()
    for minutes in (2, 20):
        desk.clock.on(minutes=2)
        _ask_again(desk, request_id)
        desk.clock.on(minutes=minutes)
        desk.send()

    assert len(smtp_sink.messages) == 2
    assert "验证码" in smtp_sink.messages[1]["Subject"]
    assert _CODE.search(text_of(smtp_sink.messages[1]))
    assert sorted(n.state for n in desk.notices(request_id)) == ["sent", "sent", "stale"]


def _ask_again(desk: Desk, request_id: str) -> None:
    with transaction(desk.register) as session:
        request, now = requests.find(session, request_id), desk.clock()
        made, to = verification.again(session, desk.context, request, now=now, purpose="request")
        more = {"identifier_id": to.id, "challenge_id": made.id}
        notices.ask_for(session, request, "code", now=now, **more)


def test_a_mail_has_the_headers_of_an_automatic_one_and_nothing_attached(
    desk: Desk, smtp_sink: Sink
) -> None:
    desk.typed()
    desk.send()
    mail, notice = only(smtp_sink), desk.notices()[0]

    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"] == f"<{notice.id}@mall.example>"
    assert mail["Content-Language"] == "zh-CN"
    assert mail["Reply-To"] == "privacy@example.com"
    assert mail["From"] == "示例商城有限公司个人信息保护 <rights@mall.example>"
    assert mail["To"] == EMAIL.lower()
    assert parsedate_to_datetime(mail["Date"]) == desk.clock()
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]
    assert list(mail.iter_attachments()) == []


def test_no_mail_has_an_address_to_click_or_anything_that_is_fetched(
    desk: Desk, smtp_sink: Sink
) -> None:
    _every_event(desk)
    while desk.send():
        pass

    assert len(smtp_sink.messages) == len(notices.EVENTS)
    for mail in smtp_sink.messages:
        for body in (text_of(mail), html_of(mail)):
            for address in re.findall(r"[a-z]*://\S*", body):
                assert address.startswith("http://127.0.0.1:8080/portal/not-me?w=")
            assert not re.search(r"<(a|img|script|link|iframe)\b|src=|href=|url\(", body)


def test_no_mail_names_the_person_in_its_subject_or_body(desk: Desk, smtp_sink: Sink) -> None:
    _every_event(desk)
    while desk.send():
        pass

    for mail in smtp_sink.messages:
        assert EMAIL.lower() not in (mail["Subject"] + text_of(mail) + html_of(mail)).lower()


def _every_event(desk: Desk) -> None:
    request_id = desk.typed(Kind.CORRECTION)
    with transaction(desk.register) as session:
        request = requests.find(session, request_id)
        request.parameters = {"until": "2027-01-31"}
        contact = subjects.identifier_rows(session, request_id)[0]
        now = desk.clock()
        code = verification.challenge(session, desk.context, request, contact, now=now)
        for event in notices.EVENTS[1:]:
            if event in warnings_due.EVENTS:
                told = [("email", "old@mail.example")]
                contact_warnings.queue(session, desk.context, request, event, told, now=now)
            elif event not in about_keys.BODIES:
                made = notices.ask_for(session, request, event, now=now, challenge_id=code.id)
                if event == extensions.EVENT:
                    longer(session, made)
        person, locale = vouched(desk), request.locale
        key_letters.send_code(session, desk.context, person, "visit", locale=locale, now=now)
        for event in about_keys.BODIES.keys() - {key_letters.CODE}:
            key_letters.tell(session, desk.context, person, event, "totp", locale=locale, now=now)


def test_a_value_that_breaks_out_of_its_header_is_sent_to_nobody(
    desk: Desk, smtp_sink: Sink
) -> None:
    request_id = desk.typed()
    with transaction(desk.register) as session:
        row = session.get_one(IdentifierRow, desk.notices()[0].identifier_id)
        evil = b"a@mail.example\r\nBcc: everybody@mail.example"
        row.sealed = desk.context.vault.seal(evil, aad=subjects.aad(request_id, "email"))

    assert desk.send() == 0
    assert smtp_sink.messages == []
    assert desk.notices()[0].state == "refused"


@pytest.mark.parametrize(
    "address", ["王芳@mail.example", "wang@邮件.example", "o'hara+x@a-b.example"]
)
def test_addresses_of_the_world_are_written_to(desk: Desk, smtp_sink: Sink, address: str) -> None:
    desk.typed(email=address)

    assert desk.send() == 1
    name, _, domain = address.partition("@")
    expected = f"{name}@{domain.encode('idna').decode()}"
    assert only(smtp_sink)["X-Envelope-To"] == expected


def test_what_the_data_map_says_is_text_in_html_never_markup(desk: Desk, smtp_sink: Sink) -> None:
    named = {**desk.context.datamap.controller, "name": {"zh": "<b>商城</b>"}}
    datamap = replace(desk.context.datamap, controller=named)
    desk.context = replace(desk.context, datamap=datamap)

    desk.typed()
    desk.send()

    assert "&lt;b&gt;商城&lt;/b&gt;" in html_of(only(smtp_sink))
    assert "<b>商城</b>" in text_of(only(smtp_sink))
