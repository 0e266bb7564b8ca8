"""A security incident: its clocks, whom it touched, and how it is closed."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from rights.domain.errors import Conflict, Forbidden, Invalid, NotFound
from rights.services import backends, evidence_desk, purge, representatives
from rights.services.security_incidents import (
    answering,
    facts,
    guardians,
    opening,
    scope,
    spreading,
    telling,
    touched,
)
from rights.services.security_incidents.answering import Answer
from rights.services.security_incidents.opening import New
from rights.services.security_incidents.scope import Given
from rights.services.security_incidents.touched import Touch
from rights.services.words import LANGUAGES
from rights.store.models import (
    Entry,
    IncidentClock,
    IncidentTold,
    Representation,
    SecurityIncident,
    Staff,
    Writing,
)
from tests.web.house import House
from tests.web.verifying import GUARDIAN, reached, staff, upload

WHO = [{"user_id": f"u-{n}", "email": f"person{n}@example.com"} for n in range(1, 7)]


@pytest.fixture
def dpo(house: House) -> Staff:
    return staff(house, "dpo")


def _opened(house: House, by: Staff, **more: Any) -> str:
    said = {"kind": "leak", "severity": "ordinary", **more}
    new = New(discovered_at=said.pop("discovered_at", house.clock.now()), **said)
    with house.writing() as session:
        return opening.opened(session, house.context, by, new, now=house.clock.now()).id


def _close(house: House, incident: str, by: Staff, **said: str) -> SecurityIncident:
    with house.writing() as session:
        return answering.close(
            session, house.context, incident, by, Answer(**said), now=house.clock.now()
        )


def _answer(house: House, incident: str, clock: str, by: Staff, **said: str) -> None:
    with house.writing() as session:
        now, answer = house.clock.now(), Answer(**said)
        answering.answer(session, house.context, incident, clock, by, answer, now=now)


def _scope(house: House, incident: str, member: Staff, hours: int = 2, **more: str) -> None:
    now = house.clock.now()
    given = Given(now - timedelta(hours=hours), now, **more)
    with house.writing() as session:
        scope.settle(session, house.context, incident, member, given, now=now)


def _listed(house: House, incident: str) -> list[Touch]:
    with house.reading() as session:
        where = scope.of(session.get_one(SecurityIncident, incident))
    return [*touched.listed(house.engine, where)]


def _counted(house: House, incident: str, by: Staff) -> touched.Counts:
    with house.writing() as session:
        return touched.counted(session, incident, by, now=house.clock.now())


def _clocks(house: House, incident: str) -> set[str]:
    with house.reading() as session:
        return {one.name for one in answering.clocks_of(session, incident)}


def _entries(house: House) -> list[Entry]:
    with house.reading() as session:
        query = select(Entry).where(col(Entry.event).startswith("security_incident_"))
        return list(session.exec(query.order_by(col(Entry.id))))


# -- clocks ------------------------------------------------------------------------------------


@pytest.mark.requirement("R-10-1")
def test_an_incident_is_opened_with_its_clocks_and_closed_once_each_was_answered(
    house: House, dpo: Staff
) -> None:
    incident = _opened(house, dpo, severity="major", endangers=True)
    with house.reading() as session:
        clocks = answering.clocks_of(session, incident)
        due = {one.name: one.due_at - house.clock.now() for one in clocks}
    hours = {name: left // timedelta(hours=1) for name, left in due.items()}
    assert hours == {"pipl_57": 0, "network_4h": 4, "ndsr_10": 24}

    _answer(house, incident, "network_4h", dpo, reference="CAC-2026-17")
    made = _close(house, incident, dpo, because="Nobody outside could reach it.")

    assert made.closed_at == house.clock.now()
    with house.reading() as session:
        found = {one.name: one for one in answering.clocks_of(session, incident)}
        assert found["network_4h"].reference == "CAC-2026-17"
        why = answering.reason(session, house.context, found["ndsr_10"])
    assert why == "Nobody outside could reach it."
    events = Counter(one.event.removeprefix("security_incident_") for one in _entries(house))
    assert events == {"opened": 1, "reported": 1, "not_reportable": 2, "closed": 1}
    assert "Nobody outside" not in str([one.data for one in _entries(house)])


@pytest.mark.requirement("R-10-1:bad")
@pytest.mark.parametrize("kind", ["leak", "network"])
def test_an_incident_is_not_closed_without_a_word(house: House, dpo: Staff, kind: str) -> None:
    incident = _opened(house, dpo, kind=kind)

    for said in ({}, {"reference": " ", "because": "\n"}):
        with pytest.raises(Conflict) as refused:
            _close(house, incident, dpo, **said)
        assert refused.value.code == "incident_unanswered"
    with pytest.raises(Invalid):
        _close(house, incident, dpo, reference="CAC-1", because="and yet not reportable")
    with house.reading() as session:
        assert session.get_one(SecurityIncident, incident).closed_at is None

    assert _close(house, incident, dpo, reference="CAC-1").closed_at is not None
    with pytest.raises(Conflict):
        _close(house, incident, dpo, reference="CAC-1")


def test_what_cannot_be_is_refused(house: House, dpo: Staff) -> None:
    with pytest.raises(Invalid) as wrong:
        _opened(house, dpo, kind="fire", severity="huge", regimes=("mars",),
                discovered_at=house.clock.now() + timedelta(minutes=1))  # fmt: skip
    assert [one.field for one in wrong.value.errors] == [
        *("kind", "severity", "discovered_at", "regimes")
    ]
    incident = _opened(house, dpo)
    with pytest.raises(NotFound):
        _answer(house, incident, "ndsr_10", dpo, reference="CAC-1")
    with pytest.raises(Invalid):
        _answer(house, incident, "pipl_57", dpo, reference="R" * 81)
    _answer(house, incident, "pipl_57", dpo, reference="CAC-1")
    with pytest.raises(Conflict):
        _answer(house, incident, "pipl_57", dpo, reference="CAC-2")


# -- whom it touched ---------------------------------------------------------------------------


def _download(house: House, request_id: str, package: str, who: Any, token: str) -> None:
    word = house.partner.assertion(who, house.clock.now(), "mfa")
    path = f"/v1/requests/{request_id}/packages/{package}/grants"
    answer = house.post(path, {"assertion": word}, token=token)
    assert answer.status_code == 201, answer.json


def _portal_token(house: House, who: Any) -> str:
    word = house.partner.assertion(who, house.clock.now(), "mfa")
    answer = house.post("/v1/portal-tokens", {"assertion": word})
    assert answer.status_code == 201, answer.json
    return str(answer.json["token"])


@pytest.mark.requirement("R-11-1")
def test_three_packages_downloaded_with_a_stolen_key_are_three_people(
    house: House, dpo: Staff
) -> None:
    asked = [str(house.asserted("access", who)["id"]) for who in WHO]
    packages = [house.package(one, b"a copy") for one in asked]
    with house.writing() as session:
        key, stolen = backends.issue_key(
            session, house.partner.id, backends.SCOPES, now=house.clock.now()
        )
    house.clock.forward(hours=5)
    for n in range(3):
        _download(house, asked[n], packages[n], WHO[n], stolen)
    _download(house, asked[3], packages[3], WHO[3], house.partner.key)
    _download(house, asked[4], packages[4], WHO[4], _portal_token(house, WHO[4]))
    house.clock.forward(hours=1)
    incident = _opened(house, dpo)

    _scope(house, incident, dpo, by="key", what=key.id)
    lines = _listed(house, incident)

    of = {what: [one for one in lines if one.what == what] for what in {one.what for one in lines}}
    assert set(of) == {"request", "package", "download"}
    assert {one.id for one in of["request"]} == set(asked[:3])
    assert {one.id for one in of["package"]} == set(packages[:3])
    assert {one.package for one in of["download"]} == set(packages[:3])
    assert len({one.person for one in lines}) == 3
    counts = _counted(house, incident, dpo)
    assert (counts.requests, counts.persons, counts.minors, counts.reachable) == (3, 3, 0, 6)

    _scope(house, incident, dpo, by="backend", what=house.partner.id)
    assert {one.id for one in _listed(house, incident) if one.what == "request"} == set(asked[:4])
    _scope(house, incident, dpo)
    assert len({one.person for one in _listed(house, incident)}) == 6, "any of them lay there"
    assert {e.event for e in _entries(house)} >= {
        *("security_incident_scope", "security_incident_listed")
    }
    assert "person1@" not in str([one.data for one in _entries(house)])


def test_a_portal_token_that_was_taken_touches_its_person_alone(house: House, dpo: Staff) -> None:
    asked = [str(house.asserted("access", who)["id"]) for who in WHO[:2]]
    packages = [house.package(one, b"a copy") for one in asked]
    house.clock.forward(hours=5)
    taken = _portal_token(house, WHO[0])
    _download(house, asked[0], packages[0], WHO[0], taken)
    _download(house, asked[1], packages[1], WHO[1], _portal_token(house, WHO[1]))
    house.clock.forward(hours=1)  # it is over by now
    incident = _opened(house, dpo)

    _scope(house, incident, dpo, by="person", what=taken)

    assert {one.request for one in _listed(house, incident)} == {asked[0]}
    assert _counted(house, incident, dpo).reachable == 1
    with house.reading() as session:
        row = session.get_one(SecurityIncident, incident)
        assert taken not in str(row.model_dump())
    with pytest.raises(Invalid):
        _scope(house, incident, dpo, by="person", what=f"{taken}x")


def test_an_account_of_staff_that_was_misused_touches_what_it_opened(
    house: House, dpo: Staff
) -> None:
    opened, other = reached(house), reached(house, subject=WHO[0])
    for one in (opened, other):
        assert upload(house, one).status_code == 201
    vera = staff(house, "verifier")
    house.clock.forward(hours=5)
    with house.writing() as session:
        first = evidence_desk.listed(session, house.context, vera)
        (document,) = next(one["documents"] for one in first if one["request"] == opened)
        evidence_desk.opened(session, house.context, document["id"], vera, now=house.clock.now())
    house.clock.forward(hours=1)
    incident = _opened(house, dpo)

    _scope(house, incident, dpo, by="staff", what=vera.id)

    assert [(one.what, one.request) for one in _listed(house, incident)] == [
        *(("request", opened), ("document", opened))
    ]


@pytest.mark.requirement("R-M35-1")
@pytest.mark.requirement("R-11-1")
def test_minors_stand_apart_with_the_contacts_of_their_guardians(house: House, dpo: Staff) -> None:
    child = _childs(house)
    stranger = {**GUARDIAN, "contact": {"email": "eve@example.com"}}
    reached(house, "deletion", stranger, subject=WHO[0])
    mine = str(house.asserted("access", WHO[0])["id"])
    adult = str(house.asserted("access", WHO[1])["id"])
    house.clock.forward(minutes=5)
    incident = _opened(house, dpo)
    _scope(house, incident, dpo)
    lines = [one for one in _listed(house, incident) if one.what == "request"]
    minors = {one.request: one.minor for one in lines}
    assert (minors[child], minors[mine], minors[adult]) == (True, True, False)
    assert _clocks(house, incident) == {"pipl_57"}
    assert _counted(house, incident, dpo).minors == 1
    assert _clocks(house, incident) == {"pipl_57", "minors_35"}
    assert _counted(house, incident, dpo).minors == 1
    events = [one.event for one in _entries(house)]
    assert events.count("security_incident_minors_found") == 1
    approver, now = staff(house, "approver"), house.clock.now()
    with house.reading() as session:
        row = session.get_one(SecurityIncident, incident)

    found = [*guardians.listed(house.engine, house.context, row, dpo, approver, now=now)]

    (one,) = found
    assert one["guardians"] == [{"type": "email", "value": "mum@example.com"}]
    assert one["person"] in {line.person for line in lines if line.minor}
    with house.reading() as session:
        query = select(Entry).where(Entry.event == "guardians_listed")
        (entry,) = session.exec(query).all()
    assert (entry.chain, entry.data["agreed_by"]) == (one["request"], approver.id)
    with pytest.raises(Forbidden):
        next(guardians.listed(house.engine, house.context, row, dpo, dpo, now=now))


def _childs(house: House) -> str:
    """Return a request of a guardian whose documents were accepted."""
    child = reached(house, "copy", GUARDIAN, subject=WHO[0])
    with house.writing() as session:
        session.get_one(Representation, child).result = representatives.ACCEPTED
    return child


def test_a_letter_goes_to_nobody_who_only_says_who_they_are(house: House, dpo: Staff) -> None:
    mine = str(house.asserted("access", WHO[0])["id"])
    typed = {**WHO[0], "email": "eve@example.com"}
    other = house.submit("access", subject=typed)["id"]
    answered = house.post(f"/v1/requests/{other}/verification/answer", {"code": house.code(other)})
    assert answered.status_code == 200, answered.json
    reached(house, "copy", GUARDIAN, subject=WHO[0])
    house.clock.forward(minutes=5)
    incident, now = _opened(house, dpo), house.clock.now()
    _scope(house, incident, dpo)
    letter = {name: dict.fromkeys(LANGUAGES, "x") for name in facts.titles("elements")}
    with house.writing() as session:
        telling.tell(session, house.context, incident, dpo, letter, now=now)

    spreading.spread(house.engine, house.context, house.clock.now)

    with house.reading() as session:
        told = [(o.role, o.request_id, o.state) for o in session.exec(select(IncidentTold))]
    assert ("person", mine, "queued") in told
    assert [o for o in told if o[0] == "guardian" and o[2] == "queued"] == []
    assert sum(o[0] == "person" for o in told) == 1


def test_whose_package_only_lay_there_is_told_too(house: House, dpo: Staff) -> None:
    owner = str(house.asserted("access", WHO[0])["id"])
    house.package(owner, b"x")
    house.clock.forward(minutes=60 * 24)
    house.asserted("access", WHO[1])
    house.clock.forward(minutes=5)
    incident = _opened(house, dpo)

    _scope(house, incident, dpo)

    found = {one.request for one in _listed(house, incident) if one.what == "request"}
    assert (owner in found, _counted(house, incident, dpo).persons) == (True, 2)


def test_a_letter_reaches_the_person_and_the_guardian_on_either_register(
    house: House, dpo: Staff
) -> None:
    _childs(house)
    house.asserted("access", WHO[1])
    house.clock.forward(minutes=5)
    incident, now = _opened(house, dpo), house.clock.now()
    _scope(house, incident, dpo)
    letter = {name: dict.fromkeys(LANGUAGES, "x") for name in facts.titles("elements")}
    with house.writing() as session:
        telling.tell(session, house.context, incident, dpo, letter, now=now)

    assert spreading.spread(house.engine, house.context, house.clock.now) == 3

    with house.reading() as session:
        told = [(one.role, one.state) for one in session.exec(select(IncidentTold))]
    assert sorted(told) == [("guardian", "queued"), ("person", "queued"), ("person", "queued")]


def test_nothing_is_listed_before_somebody_said_when(house: House, dpo: Staff) -> None:
    incident, now = _opened(house, dpo), house.clock.now()
    with pytest.raises(Conflict):
        _counted(house, incident, dpo)
    for since, until in ((now, now), (now - timedelta(1), now + timedelta(1))):
        with pytest.raises(Invalid), house.writing() as session:
            given = Given(since, until)
            scope.settle(session, house.context, incident, dpo, given, now=now)
    with pytest.raises(Invalid):
        _scope(house, incident, dpo, by="staff", what="0" * 32)


def test_a_closed_incident_is_forgotten_when_records_of_its_time_are(
    house: House, dpo: Staff
) -> None:
    closed, open_ = _opened(house, dpo), _opened(house, dpo)
    _close(house, closed, dpo, because="Nobody outside could reach it.")
    kept = house.context.settings.record_days

    def purged(days: int) -> int:
        house.clock.forward(days=days)
        now = house.clock.now()
        return purge.purge(house.engine, house.context, house.blobs, now=now)["incidents"]

    assert (purged(kept - 1), purged(2)) == (0, 1)

    with house.reading() as session:
        assert [one.id for one in session.exec(select(SecurityIncident))] == [open_]
        assert {one.incident_id for one in session.exec(select(IncidentClock))} == {open_}
        assert session.exec(select(Writing)).all() == []
