"""Letters of an incident to who has only a telephone, and to who was not told yet."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from rights.domain.kinds import Kind
from rights.services.security_incidents import scope, spreading, telling
from rights.services.security_incidents.scope import Given
from rights.store.db import transaction
from rights.store.models import Notice, Staff
from tests.workflows.desk import EMAIL, Desk
from tests.workflows.test_incident_letters import (
    LETTER,
    _dpo,
    _emptied,
    _incident,
    _log,
    _sent,
    _tell,
)
from tests.workflows.test_text_messages import NUMBER, TOKEN, desk_of, typed
from workflows.embedded.sms import Texts
from workflows.embedded.smtp import Sink


@pytest.fixture
def texts() -> Iterator[Texts]:
    made = Texts(token=TOKEN)
    yield made
    made.stop()


@pytest.mark.requirement("R-11-1")
@pytest.mark.parametrize(("locale", "word"), [("zh-CN", "安全事件"), ("en", "security incident")])
def test_who_has_only_a_telephone_is_told_by_text_that_there_is_something_to_tell(
    tmp_path: Path, smtp_sink: Sink, texts: Texts, locale: str, word: str
) -> None:
    desk = desk_of(tmp_path, smtp_sink, texts.url)
    typed(desk, locale=locale)
    _emptied(desk, smtp_sink)
    texts.messages.clear()
    incident = _incident(desk, dpo := _dpo(desk))

    _tell(desk, incident, dpo)
    spreading.spread(desk.register, desk.context, desk.clock)
    assert _log(desk, incident) == {"waiting": 1}
    assert _sent(desk, smtp_sink) == {}

    (one,) = texts.messages
    assert (one.to, one.said["event"]) == (NUMBER, "security_incident")
    assert word in one.text
    assert one.said["values"]["contact"] in one.text
    assert one.said["values"]["contact"]
    assert "-text-" not in one.text, "no element is in it"
    assert _log(desk, incident) == {"texted": 1}, "who got it has not read the letter"
    desk.close()


def test_a_later_letter_goes_to_those_only_who_were_not_told(desk: Desk, smtp_sink: Sink) -> None:
    dpo = _dpo(desk)
    desk.proved(Kind.ACCESS)
    _emptied(desk, smtp_sink)
    incident = _incident(desk, dpo)
    _tell(desk, incident, dpo)
    spreading.spread(desk.register, desk.context, desk.clock)
    assert set(_sent(desk, smtp_sink)) == {EMAIL.lower()}
    desk.typed(email="other@mail.example")
    _emptied(desk, smtp_sink)
    _widened(desk, incident, dpo)

    with transaction(desk.register) as session:
        now = desk.clock()
        telling.tell(session, desk.context, incident, dpo, LETTER, now=now, untold=True)
    assert spreading.spread(desk.register, desk.context, desk.clock) == 1

    assert set(_sent(desk, smtp_sink)) == {"other@mail.example"}
    assert _log(desk, incident) == {"sent": 2}


def test_whose_letter_is_still_to_be_tried_is_not_written_to_twice(desk: Desk) -> None:
    dpo = _dpo(desk)
    desk.proved(Kind.ACCESS)
    incident = _incident(desk, dpo)
    _tell(desk, incident, dpo)
    spreading.spread(desk.register, desk.context, desk.clock)
    with transaction(desk.register) as session:
        letter = session.exec(select(Notice).where(Notice.event == "security_incident")).one()
        letter.state, now = "untried", desk.clock()
        telling.tell(session, desk.context, incident, dpo, LETTER, now=now, untold=True)

    assert spreading.spread(desk.register, desk.context, desk.clock) == 0


def _widened(desk: Desk, incident: str, dpo: Staff) -> None:
    desk.clock.on(hours=1)
    given = Given(desk.clock() - timedelta(hours=9), desk.clock())
    with transaction(desk.register) as session:
        scope.settle(session, desk.context, incident, dpo, given, now=desk.clock())
