"""A contact that was changed lately proves nothing; wrong codes are told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from rights.domain.errors import Forbidden
from rights.domain.kinds import Kind
from rights.domain.levels import Acr
from rights.domain.lifecycle import State, Wait
from rights.services import (
    audit,
    fresh_proofs,
    not_me,
    proving,
    requests,
    tasks,
    verification,
)
from rights.services.assertions import Proof
from rights.services.fresh_proofs import Asking
from rights.services.live_settings.in_force import InForce
from rights.store.db import reading, transaction
from rights.store.models import Staff, StepRow
from tests.workflows.takeover.company import ANN, EVE, NEW, OLD, Company
from workflows.embedded.smtp import Sink


@pytest.mark.requirement("R-ID-6")
@pytest.mark.parametrize("kind", [Kind.COPY, Kind.DELETION, Kind.ACCESS])
def test_a_contact_changed_yesterday_proves_nothing_until_a_real_name_does(
    company: Company, kind: Kind
) -> None:
    company.user["email_changed_at"] = company.clock() - timedelta(days=1)
    request_id = company.ask(kind, {"user_id": ANN, "email": NEW}, acr=Acr.SESSION)
    company.prove(request_id)

    company.work()

    held = company.request(request_id)
    (step,) = company.all(StepRow)
    assert (held.state, held.wait) == (State.ON_HOLD, Wait.TASK)
    assert (step.state, step.code) == ("failed", "contact_changed")
    assert "changed within the last 7 days" in step.note and NEW not in step.note
    with reading(company.floor.register) as session:
        assert [t["code"] for t in tasks.open_tasks(session)] == ["contact_changed"]

    proof = Proof({"user_id": ANN, "email": NEW}, Acr.REAL_NAME)
    with transaction(company.floor.register) as session:
        request = requests.locked(session, request_id)
        context, now = company.floor.context, company.clock()
        assert proving.answer(session, context, request, code=None, proof=proof, cap=3, now=now)
    company.work()

    assert company.request(request_id).level == 3
    assert company.request(request_id).state is State.FULFILLED


@pytest.mark.parametrize(
    ("days", "setting", "waits"), [(6, 7, True), (8, 7, False), (1, 0, False), (29, 30, True)]
)
def test_for_how_long_is_a_setting(
    tmp_path: Path, smtp_sink: Sink, days: int, setting: int, *, waits: bool
) -> None:
    company = Company(tmp_path, smtp_sink)
    given = company.floor.context.given.model_copy(update={"contact_trust_days": setting})
    context = replace(company.floor.context, in_force=InForce(given))
    company.floor = replace(company.floor, context=context)
    company.user["email_changed_at"] = company.clock() - timedelta(days=days)

    request_id = company.copy()
    company.work()

    assert (company.request(request_id).state is State.ON_HOLD) is waits


@pytest.mark.parametrize("acr", [Acr.MFA])
def test_what_does_not_rest_on_it_goes_on(company: Company, acr: Acr) -> None:
    company.user["email_changed_at"] = company.clock()
    request_id = company.ask(Kind.COPY, {"user_id": ANN, "email": NEW}, acr=acr)

    company.work()

    assert company.request(request_id).state is State.FULFILLED


def test_staff_can_say_that_it_is_hers(company: Company) -> None:
    company.user["email_changed_at"] = company.clock().isoformat()
    request_id = company.copy()
    company.work()
    staff = company.staff("verifier")

    with transaction(company.floor.register) as session:
        request = requests.locked(session, request_id)
        not_me.trust(
            session, company.floor.context, request, staff, reason="she called", now=company.clock()
        )
    company.work()

    assert company.request(request_id).state is State.FULFILLED


@pytest.mark.parametrize(
    ("value", "late"),
    [
        ("2020-01-01T00:00:00+00:00", False),
        ("2020-01-01", False),
        (1577836800, False),
        (1577836800000, False),
        ("whenever", True),
        ("", False),
    ],
)
def test_a_time_that_cannot_be_read_is_not_trusted(
    company: Company, value: object, *, late: bool
) -> None:
    company.user["email_changed_at"] = value
    request_id = company.copy()
    company.work()

    assert (company.request(request_id).state is State.ON_HOLD) is late


@pytest.mark.requirement("R-ID-6")
def test_a_package_is_not_delivered_to_a_contact_changed_lately(company: Company) -> None:
    company.user["email_changed_at"] = company.clock()
    request_id = company.ask(Kind.COPY, {"user_id": ANN, "email": NEW}, acr=Acr.MFA)
    company.work()

    assert _fresh(company, request_id, Acr.SESSION) == 1
    assert _fresh(company, request_id, Acr.REAL_NAME) == 3


@pytest.mark.requirement("R-ID-6:bad")
def test_delivery_to_an_address_on_no_file_forces_a_real_name(company: Company) -> None:
    request_id = company.ask(Kind.COPY, {"user_id": ANN, "email": EVE}, acr=Acr.MFA)
    company.work()
    assert company.request(request_id).state is State.FULFILLED

    assert _fresh(company, request_id, Acr.SESSION) == 1
    assert _fresh(company, request_id, Acr.REAL_NAME) == 3


def test_delivery_to_a_contact_on_file_needs_no_more_than_before(company: Company) -> None:
    request_id = company.ask(Kind.COPY, {"user_id": ANN, "email": NEW}, acr=Acr.MFA)
    company.work()

    assert _fresh(company, request_id, Acr.SESSION) == 2


def _fresh(company: Company, request_id: str, acr: Acr) -> int | None:
    """Ask for a code for the download and answer it; return what that is worth."""
    context = company.floor.context
    company.clock.on(minutes=2)
    with transaction(company.floor.register) as session:
        request, now = requests.locked(session, request_id), company.clock()
        made = proving.start(session, context, request, purpose="grant", now=now)
        code = verification.code_of(context, made)
        return fresh_proofs.fresh_level(
            session, context, request, Asking(acr, 3), code=code, proof=None, now=now
        )


# -- wrong codes ---------------------------------------------------------------------------------


def test_five_wrong_codes_are_told_to_every_contact_on_file(company: Company) -> None:
    request_id = company.ask(Kind.RESTRICTION, {"user_id": ANN, "email": EVE}, locale="en")
    due = company.request(request_id).due_at
    with transaction(company.floor.register) as session:
        request = requests.locked(session, request_id)
        for _ in range(5):
            assert not verification.answer(
                session, company.floor.context, request, "x", now=company.clock()
            )

    told = company.told()

    assert set(told) == {NEW, OLD}
    assert "entered a wrong code several times" in told[OLD]
    assert company.request(request_id).due_at == due
    assert company.request(request_id).state is State.VERIFYING


def _trust(company: Company, request_id: str, staff: Staff) -> None:
    with transaction(company.floor.register) as session:
        request = requests.locked(session, request_id)
        context, now = company.floor.context, company.clock()
        not_me.trust(session, context, request, staff, reason="she called", now=now)


@pytest.mark.requirement("R-ID-6")
def test_a_change_after_staff_vouched_is_not_vouched_for(company: Company) -> None:
    company.user["email_changed_at"] = company.clock().isoformat()
    request_id = company.copy()
    _trust(company, request_id, company.staff("verifier"))
    company.clock.on(minutes=5)
    company.user["email_changed_at"] = company.clock().isoformat()

    company.work()
    company.work()

    assert company.request(request_id).state is State.ON_HOLD
    _trust(company, request_id, company.staff("verifier", "legal"))
    company.work()
    assert company.request(request_id).state is State.FULFILLED


def test_who_asked_for_the_proof_does_not_vouch_for_it(company: Company) -> None:
    company.user["email_changed_at"] = company.clock().isoformat()
    request_id = company.copy()
    company.work()
    asker = company.staff("verifier")
    with transaction(company.floor.register) as session:
        request = requests.locked(session, request_id)
        line = audit.Line("proof_asked", f"staff:{asker.id}", {"way": "code"})
        audit.append(session, request, [line], now=company.clock())

    with pytest.raises(Forbidden) as refused:
        _trust(company, request_id, asker)

    assert refused.value.code == "own_trust"
    company.work()
    assert company.request(request_id).state is State.ON_HOLD
