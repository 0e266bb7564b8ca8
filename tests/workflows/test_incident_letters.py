"""Whom an incident hit is written to, with every element; of a drill nobody is."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from rights.domain.errors import Conflict, Forbidden, Invalid
from rights.domain.kinds import Kind, Option
from rights.domain.levels import Acr
from rights.domain.representation import AgeBand, Role, Scope
from rights.services import intake, subjects
from rights.services.datamap import parse
from rights.services.representatives import Second
from rights.services.security_incidents import (
    answering,
    facts,
    opening,
    scope,
    spreading,
    telling,
)
from rights.services.security_incidents.opening import New
from rights.services.security_incidents.scope import Given
from rights.services.words import LANGUAGES
from rights.store.db import reading, transaction
from rights.store.models import (
    Entry,
    IncidentClock,
    IncidentLetter,
    IncidentTold,
    Notice,
    SecurityIncident,
    Staff,
)
from tests.workflows.desk import EMAIL, Desk, text_of
from tests.workflows.test_text_messages import PHONE, WITH_PHONES
from workflows.embedded.smtp import Sink
from workflows.notices import incident_mail

LETTER = {name: {at: f"{name}-text-{at}" for at in LANGUAGES} for name in facts.titles("elements")}
PARENT = "parent@mail.example"


def _dpo(desk: Desk) -> Staff:
    with transaction(desk.register) as session:
        one = Staff(name="ana", roles=["dpo"], created_at=desk.clock())
        session.add(one)
    return one


@pytest.fixture
def dpo(desk: Desk) -> Staff:
    return _dpo(desk)


def _child(desk: Desk, name: str = "u7", **more: Any) -> str:
    contact = {"email": PARENT}
    guardian = Second(Role.GUARDIAN, "parent", contact, vouched=frozenset(contact), attested=True)
    who = subjects.cleaned(desk.context.datamap, {"user_id": name, "email": f"{name}@kid.example"})
    new = intake.Submission(
        Kind.DELETION,
        Option.DELETE,
        who,
        attested=frozenset(who),
        acr=Acr.MFA,
        age_band=AgeBand.UNDER_14,
        **{"second": guardian, **more},
    )
    with transaction(desk.register) as session:
        return intake.submit(session, desk.context, new, now=desk.clock())[0].id


def _incident(desk: Desk, dpo: Staff, *, drill: bool = False) -> str:
    """Open one that hit whoever asked until now."""
    desk.clock.on(hours=1)
    now, new = desk.clock(), New("leak", "ordinary", desk.clock(), drill=drill)
    with transaction(desk.register) as session:
        made = opening.opened(session, desk.context, dpo, new, now=now).id
    given = Given(now - timedelta(hours=2), now)
    with transaction(desk.register) as session:
        scope.settle(session, desk.context, made, dpo, given, now=now)
    return made


def _tell(desk: Desk, incident: str, dpo: Staff, letter: Any = LETTER) -> None:
    with transaction(desk.register) as session:
        telling.tell(session, desk.context, incident, dpo, letter, now=desk.clock())


def _emptied(desk: Desk, sink: Sink) -> None:
    """Send what is said on other occasions, so that it is out of the way."""
    while desk.send():
        pass
    sink.messages.clear()


def _sent(desk: Desk, sink: Sink) -> dict[str, str]:
    while desk.send():
        pass
    return {str(mail["To"]).lower(): text_of(mail) for mail in sink.messages}


def _log(desk: Desk, incident: str) -> Counter[str]:
    with reading(desk.register) as session:
        by_letter = telling.log(session, session.get_one(SecurityIncident, incident))
    return sum((Counter(states) for states in by_letter.values()), Counter())


@pytest.mark.requirement("R-11-1")
@pytest.mark.requirement("R-M35-1")
def test_everybody_who_was_hit_gets_every_element_once_and_guardians_too(
    desk: Desk, smtp_sink: Sink, dpo: Staff
) -> None:
    desk.proved(Kind.ACCESS, locale="en")
    desk.proved(Kind.COPY, locale="en")  # the same person again
    _child(desk, locale="zh-CN")
    _emptied(desk, smtp_sink)
    incident = _incident(desk, dpo)
    later = desk.typed(email="later@mail.example")
    _emptied(desk, smtp_sink)

    _tell(desk, incident, dpo)
    assert spreading.spread(desk.register, desk.context, desk.clock) == 3
    assert spreading.spread(desk.register, desk.context, desk.clock) == 0
    got = _sent(desk, smtp_sink)

    assert set(got) == {EMAIL.lower(), "u7@kid.example", PARENT}
    assert len(smtp_sink.messages) == 3, "nobody is written to twice"
    for to, language in ((EMAIL.lower(), "en"), (PARENT, "zh-CN"), ("u7@kid.example", "zh-CN")):
        said = [f"{name}-text-{language}" in got[to] for name in LETTER]
        assert said == [True] * len(LETTER), got[to]
    assert "您所监护的未成年人" in got[PARENT]
    assert "您所监护" not in got["u7@kid.example"]
    assert _log(desk, incident) == {"sent": 3}
    with reading(desk.register) as session:
        roles = {one.role: one.request_id for one in session.exec(select(IncidentTold))}
        events = [e.event for e in session.exec(select(Entry)) if "incident" in e.event]
        data = str([e.data for e in session.exec(select(Entry))])
    assert set(roles) == {"person", "guardian"}
    assert later not in roles.values()
    assert events[-2:] == ["security_incident_letter", "security_incident_spread"]
    assert EMAIL not in data
    assert "what-text" not in data


@pytest.mark.requirement("R-11-1:bad")
@pytest.mark.parametrize("element", sorted(LETTER))
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_letter_that_lacks_an_element_is_not_sent(
    desk: Desk, smtp_sink: Sink, dpo: Staff, element: str, language: str
) -> None:
    incident = _incident(desk, dpo)
    lacking = {**LETTER, element: {**LETTER[element], language: "  "}}

    with pytest.raises(Invalid) as refused:
        _tell(desk, incident, dpo, lacking)

    assert [one.field for one in refused.value.errors] == [f"{element}.{language}"]
    with reading(desk.register) as session:
        assert session.exec(select(IncidentLetter)).all() == []
    assert not smtp_sink.messages


def test_what_else_a_letter_cannot_be_is_refused(desk: Desk, dpo: Staff) -> None:
    incident = _incident(desk, dpo)
    long = {**LETTER, "harm": {**LETTER["harm"], "en": "x" * 2001}, "more": {"en": "x"}}
    for wrong, fields in ((long, ["more", "harm.en"]), ({"what": "x"}, None)):
        with pytest.raises(Invalid) as refused:
            _tell(desk, incident, dpo, wrong)
        assert fields in (None, [one.field for one in refused.value.errors])
    with pytest.raises(Forbidden):
        _tell(desk, incident, Staff(name="rui", roles=["reviewer"], created_at=desk.clock()))
    _tell(desk, incident, dpo)
    with pytest.raises(Conflict):
        _tell(desk, incident, dpo)
    with transaction(desk.register) as session:
        said = answering.Answer(reference="CAC-1")
        answering.close(session, desk.context, incident, dpo, said, now=desk.clock())
    with pytest.raises(Conflict):
        _tell(desk, incident, dpo)


@pytest.mark.requirement("R-10-1")
def test_a_drill_goes_the_whole_way_and_writes_to_nobody(
    desk: Desk, smtp_sink: Sink, dpo: Staff
) -> None:
    desk.proved(Kind.ACCESS)
    _child(desk)
    _emptied(desk, smtp_sink)
    incident = _incident(desk, dpo, drill=True)

    _tell(desk, incident, dpo)
    assert spreading.spread(desk.register, desk.context, desk.clock) == 3

    assert _sent(desk, smtp_sink) == {}
    assert _log(desk, incident) == {"drill": 3}
    with reading(desk.register) as session:
        query = select(Notice).where(Notice.event == telling.EVENT)
        assert session.exec(query).all() == []


def test_who_cannot_be_written_to_stands_in_the_log(desk: Desk, dpo: Staff) -> None:
    desk.proved(Kind.ACCESS)
    nobody = {"user_id": "u9"}
    who = subjects.cleaned(desk.context.datamap, nobody)
    attested = {"attested": frozenset(who), "acr": Acr.MFA, "age_band": AgeBand.FROM_14}
    new = intake.Submission(Kind.ACCESS, Option.SUMMARY, who, **attested)  # type: ignore[arg-type]
    with transaction(desk.register) as session:
        intake.submit(session, desk.context, new, now=desk.clock())
    incident = _incident(desk, dpo)

    _tell(desk, incident, dpo)
    spreading.spread(desk.register, desk.context, desk.clock)

    assert _log(desk, incident) == {"waiting": 1, "no_contact": 2}
    with reading(desk.register) as session:
        query = select(IncidentTold.role).where(IncidentTold.state == "no_contact")
        assert sorted(session.exec(query)) == ["guardian", "person"]


def test_who_has_only_a_telephone_is_left_to_staff(tmp_path: Path, smtp_sink: Sink) -> None:
    desk = Desk(tmp_path, (smtp_sink.host, smtp_sink.port))
    desk.context = replace(desk.context, datamap=parse(WITH_PHONES))
    for who in ({"user_id": "u1", "phone": PHONE}, {"user_id": "u2", "phone": PHONE,
                "email": EMAIL}):  # fmt: skip
        cleaned = subjects.cleaned(desk.context.datamap, who)
        vouched = {"attested": frozenset({"user_id", "phone"}), "acr": Acr.MFA}
        new = intake.Submission(Kind.ACCESS, Option.SUMMARY, cleaned, **vouched)  # type: ignore[arg-type]
        with transaction(desk.register) as session:
            intake.submit(session, desk.context, new, now=desk.clock())
    incident = _incident(desk, dpo := _dpo(desk))

    _tell(desk, incident, dpo)
    spreading.spread(desk.register, desk.context, desk.clock)

    assert _log(desk, incident) == {"by_phone": 1, "waiting": 1}
    desk.close()


def test_who_acted_for_somebody_is_told_too(desk: Desk, smtp_sink: Sink, dpo: Staff) -> None:
    lawyer = Second(Role.AGENT, "lawyer", {"email": "lawyer@firm.example"}, scope=Scope.SUBMIT)
    who = subjects.cleaned(desk.context.datamap, {"user_id": "u1", "email": EMAIL})
    new = intake.Submission(Kind.COPY, Option.ALL, who, role=Role.AGENT, second=lawyer)
    with transaction(desk.register) as session:
        intake.submit(session, desk.context, new, now=desk.clock())
    desk.proved(Kind.ACCESS)
    _emptied(desk, smtp_sink)
    incident = _incident(desk, dpo)

    _tell(desk, incident, dpo)
    spreading.spread(desk.register, desk.context, desk.clock)
    got = _sent(desk, smtp_sink)

    assert set(got) == {EMAIL.lower(), "lawyer@firm.example"}
    assert "您所代表的个人" in got["lawyer@firm.example"]
    assert "您所代表的个人" not in got[EMAIL.lower()]


def test_a_relay_that_died_goes_on_behind_the_last_hundred(
    desk: Desk, smtp_sink: Sink, dpo: Staff
) -> None:
    for n in range(3):
        _child(desk, f"u{n}", second=None)
    _emptied(desk, smtp_sink)
    incident = _incident(desk, dpo)
    _tell(desk, incident, dpo)
    times = [desk.clock(), desk.clock()]

    with pytest.raises(IndexError):
        spreading.spread(desk.register, desk.context, times.pop, together=1)
    assert _log(desk, incident).total() == 4, "two of the children, their guardians unknown"
    spreading.spread(desk.register, desk.context, desk.clock)

    assert _log(desk, incident) == {"waiting": 3, "no_contact": 3}
    assert len(_sent(desk, smtp_sink)) == 3


@pytest.mark.requirement("R-10-1")
def test_staff_are_told_when_a_clock_begins_and_at_its_stages(
    tmp_path: Path, smtp_sink: Sink
) -> None:
    mails = ("reviewer=rui@mall.example", "dpo=ana@mall.example")
    desk = Desk(tmp_path, (smtp_sink.host, smtp_sink.port), alert_mail=mails)
    dpo = _dpo(desk)
    incident = _incident(desk, dpo, drill=True)
    done: incident_mail.Done = set()

    def look() -> int:
        late = incident_mail.watch(desk.register, desk.clock)
        assert incident_mail.send(desk.register, desk.context, desk.clock, done) in (0, 2)
        return late

    assert look() == 1, "at once is over when it begins"
    assert {str(mail["To"]) for mail in smtp_sink.messages} == {
        *("rui@mall.example", "ana@mall.example")
    }
    assert "演练" in text_of(smtp_sink.messages[0])
    assert incident in text_of(smtp_sink.messages[0])
    assert (look(), len(smtp_sink.messages), done) == (0, 2, set())

    new = New("network", "considerable", desk.clock())
    with transaction(desk.register) as session:
        real = opening.opened(session, desk.context, dpo, new, now=desk.clock()).id
    look()
    assert real in text_of(smtp_sink.messages[-1])
    desk.clock.on(hours=2)
    look()
    desk.clock.on(hours=2)
    assert look() == 1
    assert len(smtp_sink.messages) == 8
    with reading(desk.register) as session:
        query = select(Entry.data).where(Entry.event == "security_incident_clock")
        stages = [one["stage"] for one in session.exec(query) if one["incident"] == real]
    assert stages == [0, 50, 100]
    desk.close()


def test_no_clock_is_left_out_because_others_are_more_urgent(
    tmp_path: Path, smtp_sink: Sink
) -> None:
    desk = Desk(tmp_path, (smtp_sink.host, smtp_sink.port), alert_mail=("dpo=ana@mall.example",))
    dpo, now = _dpo(desk), desk.clock()
    rows = [
        SecurityIncident(
            kind="network",
            severity="ordinary",
            operator="other",
            opened_by="x",
            discovered_at=now,
            opened_at=now,
        )
        for _ in range(205)
    ]
    far, soon, name = now + timedelta(hours=9), now + timedelta(hours=4), "network_4h"
    with transaction(desk.register) as session:
        session.add_all(rows)
        session.add_all(IncidentClock(incident_id=r.id, name=name, due_at=soon) for r in rows)
    last = _incident(desk, dpo)
    with transaction(desk.register) as session:
        for clock in session.exec(select(IncidentClock).where(IncidentClock.incident_id == last)):
            clock.due_at = far

    done: incident_mail.Done = set()
    incident_mail.watch(desk.register, desk.clock)
    incident_mail.send(desk.register, desk.context, desk.clock, done)

    told = "".join(text_of(mail) for mail in smtp_sink.messages)
    assert [row.id for row in rows if row.id not in told] == []
    assert last in told
    sent = len(smtp_sink.messages)
    assert sent == 2
    incident_mail.send(desk.register, desk.context, desk.clock, done)
    assert (len(smtp_sink.messages), done) == (sent, set())
    desk.close()
