"""What people are written about their keys, in both languages."""

from __future__ import annotations

import re

import pytest
from sqlmodel import select

from rights.domain.levels import Acr
from rights.services import key_letters, subjects
from rights.services.portal import Person
from rights.store.db import transaction
from rights.store.models import IdentifierRow, KeyLetter, Notice
from tests.workflows.desk import EMAIL, Desk, only, text_of
from workflows.embedded.smtp import Sink


def vouched(desk: Desk) -> Person:
    who = subjects.cleaned(desk.context.datamap, {"user_id": "u1", "email": EMAIL})
    found = subjects.subjects_of(desk.context.vault, desk.context.datamap, who)
    return Person("b" * 32, who, frozenset(who), Acr.SESSION, found)


@pytest.mark.parametrize("way", ["passkey", "totp"])
@pytest.mark.parametrize(
    ("event", "locale", "says"),
    [
        ("key_added", "en", ["Change its password now", "For the first 7 days"]),
        ("key_added", "zh-CN", ["请立即修改账号密码", "在最初 7 天内"]),
        ("key_removed", "en", ["was removed from your privacy page"]),
        ("key_removed", "zh-CN", ["移除了一种证明本人身份的方式"]),
        ("key_suspected", "en", ["If this was not you"]),
        ("key_suspected", "zh-CN", ["如果这不是您本人操作"]),
    ],
)
def test_what_happened_to_a_key_is_told_with_what_to_do(
    desk: Desk, smtp_sink: Sink, event: str, locale: str, says: list[str], way: str
) -> None:
    with transaction(desk.register) as session:
        key_letters.tell(
            session, desk.context, vouched(desk), event, way, locale=locale, now=desk.clock()
        )

    assert desk.send() == 1

    mail = only(smtp_sink)
    text = text_of(mail)
    assert [one for one in says if one not in " ".join(text.split())] == []
    assert "privacy@example.com" in text
    assert EMAIL.lower() not in text.lower() and "u1" not in text.split()
    assert "{" not in mail["Subject"]


def test_the_code_that_opens_keys_is_mailed_while_it_works(desk: Desk, smtp_sink: Sink) -> None:
    who = vouched(desk)
    with transaction(desk.register) as session:
        key_letters.send_code(session, desk.context, who, "visit", locale="en", now=desk.clock())
    desk.send()
    code = re.search(r"^ +([0-9]{6})\s*$", text_of(only(smtp_sink)), re.MULTILINE)
    assert code is not None

    with transaction(desk.register) as session:
        assert key_letters.answer_code(session, desk.context, "visit", code[1], now=desk.clock())


def test_a_code_that_is_over_is_not_mailed(desk: Desk, smtp_sink: Sink) -> None:
    with transaction(desk.register) as session:
        key_letters.send_code(
            session, desk.context, vouched(desk), "visit", locale="en", now=desk.clock()
        )
    desk.clock.on(minutes=11)

    assert desk.send() == 0

    with transaction(desk.register) as session:
        assert session.exec(select(Notice)).one().state == "stale"


def test_what_is_kept_for_a_letter_goes_after_a_week(desk: Desk, smtp_sink: Sink) -> None:
    with transaction(desk.register) as session:
        key_letters.tell(
            session, desk.context, vouched(desk), "key_added", "totp", locale="en", now=desk.clock()
        )
    desk.send()
    desk.clock.on(days=8)

    with transaction(desk.register) as session:
        assert key_letters.forget(session, desk.clock()) == 1
        for model in (KeyLetter, IdentifierRow, Notice):
            assert session.exec(select(model)).all() == []
