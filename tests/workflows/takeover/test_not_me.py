""" "That was not me" stops what was asked; staff decide."""

from __future__ import annotations

import pytest
from sqlmodel import select

from rights.domain.errors import Conflict, Fenced, Forbidden, Gone, Invalid
from rights.domain.kinds import Kind, default_option
from rights.domain.levels import Acr
from rights.domain.lifecycle import Event, State, Wait
from rights.services import (
    aftertasks,
    incidents,
    intake,
    not_me,
    notes,
    packages,
    proving,
    requests,
    subjects,
    submission,
    verification,
)
from rights.store.db import reading, transaction
from rights.store.models import (
    Aftercare,
    Challenge,
    Entry,
    Request,
    StepRow,
)
from tests.workflows.takeover.company import ANN, NEW, OLD, Company, link_in
from workflows import expiry, warning
from workflows.advance import begin, settle
from workflows.claims import Claim
from workflows.perform import performed


@pytest.mark.requirement("R-ID-6")
def test_not_me_pauses_all_of_it_and_nothing_is_delivered(company: Company) -> None:
    request_id = company.copy(locale="en")
    warned = company.told()
    assert company.request(request_id).state is State.FULFILLED
    with reading(company.floor.register) as session:
        request = session.get_one(Request, request_id)
        (package,) = packages.of_request(session, request)
    with transaction(company.floor.register) as session:
        request = requests.locked(session, request_id)
        given = packages.grant(
            session,
            company.floor.context,
            request,
            package,
            level=2,
            actor="subject",
            now=company.clock(),
        )

    company.not_me(warned[OLD])

    with transaction(company.floor.register) as session:
        request = requests.locked(session, request_id)
        with pytest.raises(Forbidden, match="not them") as refused:
            packages.redeem(session, given.token, package.id, now=company.clock())
        assert refused.value.code == "not_me"
        with pytest.raises(Forbidden):
            packages.grant(
                session,
                company.floor.context,
                request,
                package,
                level=3,
                actor="subject",
                now=company.clock(),
            )
    assert company.request(request_id).state is State.FULFILLED  # terminal is terminal
    assert _incidents(company) == [request_id]


@pytest.mark.requirement("R-ID-6")
def test_work_that_was_begun_stops_and_the_clock_goes_on(company: Company) -> None:
    request_id = company.ask(
        Kind.DELETION, {"user_id": ANN, "email": NEW}, acr=Acr.SESSION, locale="en"
    )
    warning.run(company.floor, request_id)
    warned = {to: text for to, text in company.send() if "Reference of this message" in text}
    company.prove(request_id)
    due = company.request(request_id).due_at

    company.not_me(warned[OLD])
    company.work()

    held = company.request(request_id)
    assert (held.state, held.wait, held.due_at) == (State.ON_HOLD, Wait.TASK, due)
    assert company.user["email"] == NEW
    assert company.all(StepRow) == []
    assert _incidents(company) == [request_id]


def _begun(company: Company) -> tuple[str, Claim, str]:
    """Return a deletion whose first effect is claimed, and the warning that was sent of it."""
    request_id = company.ask(
        Kind.DELETION, {"user_id": ANN, "email": NEW}, acr=Acr.SESSION, locale="en"
    )
    warning.run(company.floor, request_id)
    warned = {to: text for to, text in company.send() if "Reference of this message" in text}
    company.prove(request_id)
    claim = begin(company.floor, request_id)
    assert claim is not None
    claim = settle(company.floor, claim, performed(company.floor, claim))
    assert claim is not None and company.user["email"] == NEW
    return request_id, claim, warned[OLD]


def test_a_worker_with_a_lease_loses_it_before_its_effect(company: Company) -> None:
    request_id, claim, text = _begun(company)

    company.not_me(text)

    leases = company.floor.leases
    assert not leases._alive(claim.step_id, claim.fence)  # noqa: SLF001 - what a heartbeat asks
    leases._lost.add(claim.step_id)  # noqa: SLF001 - and does
    with pytest.raises(Fenced):
        performed(company.floor, claim)
    assert company.user["email"] == NEW
    assert begin(company.floor, request_id) is None


def test_what_was_done_before_is_written_down_and_nothing_follows(company: Company) -> None:
    request_id, claim, text = _begun(company)
    outcome = performed(company.floor, claim)

    company.not_me(text)

    assert settle(company.floor, claim, outcome) is None
    states = {row.id: row.state for row in company.all(StepRow)}
    assert states[claim.step_id] == "done"
    assert "todo" in states.values()
    assert company.request(request_id).state is State.ON_HOLD


def test_what_protects_goes_on_and_the_rest_of_the_bundle_stops(company: Company) -> None:
    context, floor = company.floor.context, company.floor
    who = subjects.cleaned(context.datamap, {"user_id": ANN, "email": NEW})
    news = [
        intake.Submission(
            kind,
            default_option(kind),
            identifiers=who,
            locale="en",
            attested=frozenset(who),
            acr=Acr.MFA,
        )
        for kind in (Kind.COPY, Kind.EXPLANATION, Kind.RESTRICTION, Kind.RECOMMENDATION_OPT_OUT)
    ]
    with transaction(floor.register) as session:
        _, made = submission.take_bundle(session, context, news, now=company.clock())
        ids = [one.id for one in made]
    warning.run(floor, ids[0])
    warned = {to: text for to, text in company.send() if "Reference of this message" in text}

    company.not_me(warned[OLD])

    stopped = [company.request(one).not_me_at is not None for one in ids]
    assert stopped == [True, True, False, False]


def test_a_code_of_a_stopped_request_does_not_work(company: Company) -> None:
    request_id = company.ask(Kind.COPY, {"email": NEW}, locale="en")
    warned = company.told()

    company.not_me(warned[OLD])

    with pytest.raises(Forbidden):
        company.prove(request_id)
    with transaction(company.floor.register) as session, pytest.raises(Forbidden):
        request = requests.locked(session, request_id)
        proving.start(
            session, company.floor.context, request, purpose="request", now=company.clock()
        )


def test_the_link_works_once_and_a_second_click_is_noted(company: Company) -> None:
    request_id = company.ask(Kind.COPY, {"email": NEW}, locale="en")
    text = company.told()[OLD]
    company.not_me(text)
    company.release(request_id)

    company.not_me(text)

    assert company.request(request_id).not_me_at is None
    assert _incidents(company) == []


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "x" * 5000])
def test_a_forged_link_stops_nothing(company: Company, token: str) -> None:
    company.ask(Kind.COPY, {"email": NEW})

    with transaction(company.floor.register) as session, pytest.raises(Gone):
        not_me.say(session, company.floor.context, token, now=company.clock())


def test_a_link_expires(company: Company) -> None:
    request_id = company.ask(Kind.COPY, {"email": NEW}, locale="en")
    text = company.told()[OLD]
    company.clock.on(days=30, seconds=1)

    with pytest.raises(Gone):
        company.not_me(text)
    assert company.request(request_id).not_me_at is None


def test_a_token_for_something_else_is_no_link(company: Company) -> None:
    request_id = company.ask(Kind.RESTRICTION, {"email": NEW}, locale="en")
    with reading(company.floor.register) as session:
        row = session.exec(select(Challenge)).first()
        assert row is not None
        token = verification.token_of(company.floor.context, row)

    with transaction(company.floor.register) as session, pytest.raises(Gone):
        not_me.say(session, company.floor.context, token, now=company.clock())
    assert company.request(request_id).not_me_at is None


def test_after_an_erasure_ran_it_is_an_incident_and_what_is_left_stays(company: Company) -> None:
    request_id = company.ask(
        Kind.DELETION, {"user_id": ANN, "email": NEW}, acr=Acr.MFA, locale="en"
    )
    warned = company.told()
    assert company.request(request_id).state is State.FULFILLED

    with reading(company.floor.register) as session:
        link = not_me.read(
            session, company.floor.context, link_in(warned[OLD]), now=company.clock()
        )
    assert (link.closed, link.begun, link.noted) == (True, True, False)
    company.not_me(warned[OLD])

    assert _incidents(company) == [request_id]
    assert expiry.run(company.floor, request_id) == 0


# -- what staff decide ---------------------------------------------------------------------------


def _incidents(company: Company) -> list[str]:
    with reading(company.floor.register) as session:
        return [t["request"] for t in incidents.tasks(session) if t["code"] == "not_me"]


def _stopped(company: Company) -> str:
    request_id = company.ask(
        Kind.COPY, {"user_id": ANN, "email": NEW}, acr=Acr.SESSION, locale="en"
    )
    warning.run(company.floor, request_id)
    warned = {to: text for to, text in company.send() if "Reference of this message" in text}
    company.prove(request_id)
    company.not_me(warned[OLD])
    company.work()
    return request_id


def test_a_verifier_lets_it_go_on_with_a_reason(company: Company) -> None:
    request_id = _stopped(company)

    company.release(request_id)
    company.work()

    assert company.request(request_id).state is State.FULFILLED
    assert _incidents(company) == []
    with reading(company.floor.register) as session:
        (reason,) = notes.read(session, company.floor.context.vault, request_id, "not_me")
    assert reason == "she came to the shop"
    assert "she came" not in str([e.data for e in company.all(Entry)])


@pytest.mark.parametrize(
    "roles", [("reviewer",), ("approver", "admin"), ("verifier", "automation")]
)
def test_nobody_else_lets_it_go_on(company: Company, roles: tuple[str, ...]) -> None:
    request_id = _stopped(company)

    with pytest.raises(Forbidden):
        company.release(request_id, *roles)
    with pytest.raises(Invalid):
        company.release(request_id, reason="  ")
    assert company.request(request_id).not_me_at is not None


def test_the_incident_is_not_closed_as_if_it_were_nothing(company: Company) -> None:
    request_id = _stopped(company)
    (row,) = company.all(Aftercare)

    staff = company.staff("admin")
    with transaction(company.floor.register) as session, pytest.raises(Conflict, match="release"):
        aftertasks.complete(session, row.id, staff, now=company.clock(), proof="t-1")
    assert company.request(request_id).not_me_at is not None


def test_what_goes_on_for_another_reason_is_held_again(company: Company) -> None:
    request_id = _stopped(company)
    with transaction(company.floor.register) as session:
        request = requests.locked(session, request_id)
        requests.record(session, request, Event.RESUMED, actor="system", now=company.clock())

    company.work()

    held = company.request(request_id)
    assert (held.state, held.wait) == (State.ON_HOLD, Wait.TASK)
    assert company.all(StepRow) == []
