"""Every contact on file is told that somebody asked."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlmodel import select

from connectors.sdk import KeySet
from rights.domain.errors import Transient
from rights.domain.kinds import Kind, Option
from rights.domain.levels import Acr
from rights.services import (
    warnings_due,
)
from rights.store.db import reading
from rights.store.models import (
    ContactWarning,
    Entry,
    Notice,
    OutboxMessage,
    WarningDue,
)
from tests.workflows.house import lying
from tests.workflows.takeover.company import ANN, EVE, NEW, OLD, Company
from workflows.advance import begin, settle
from workflows.perform import performed

WARNED = [
    pytest.param(Kind.COPY, Option.ALL, id="copy"),
    pytest.param(Kind.ACCESS, Option.RECORDS, id="records"),
    pytest.param(Kind.PORTABILITY, Option.PULL, id="portability"),
    pytest.param(Kind.DELETION, Option.DELETE, id="deletion"),
    pytest.param(Kind.ACCOUNT_CANCELLATION, Option.ALL, id="cancellation"),
]


@pytest.mark.requirement("R-ID-6")
@pytest.mark.parametrize(("kind", "option"), WARNED)
def test_every_contact_on_file_is_told_though_nothing_was_proved(
    company: Company, kind: Kind, option: Option
) -> None:
    request_id = company.ask(kind, {"email": NEW}, option=option, locale="en")

    told = company.told()

    assert set(told) == {OLD}  # the typed one has it in its own mail, and a phone gets no mail
    assert request_id not in told[OLD]
    assert "Somebody asked for the following under your account" in told[OLD]
    assert NEW not in told[OLD]


def test_the_acknowledgement_itself_has_the_link_too(company: Company) -> None:
    request_id = company.ask(Kind.COPY, {"email": NEW}, locale="en")

    ((to, text),) = company.send()
    company.not_me(text)

    assert to == NEW
    assert request_id in text
    assert company.request(request_id).not_me_at is not None


@pytest.mark.parametrize("kind", [Kind.RESTRICTION, Kind.EXPLANATION, Kind.RECOMMENDATION_OPT_OUT])
def test_nobody_is_told_of_what_protects_or_explains(company: Company, kind: Kind) -> None:
    company.ask(kind, {"email": NEW, "user_id": ANN}, locale="en")

    assert company.told() == {}
    assert company.all(WarningDue) == []


def test_an_account_that_was_typed_leads_to_its_contacts(company: Company) -> None:
    company.ask(Kind.DELETION, {"user_id": ANN, "email": EVE}, locale="en")

    assert set(company.told()) == {NEW, OLD}


def test_nobody_is_told_of_somebody_unknown_and_the_register_looks_alike(company: Company) -> None:
    known = company.ask(Kind.COPY, {"email": NEW})
    unknown = company.ask(Kind.COPY, {"email": EVE})
    with reading(company.floor.register) as session:
        jobs_of = {
            one: [
                (m.job, m.queue)
                for m in session.exec(select(OutboxMessage))
                if m.args == {"request_id": one}
            ]
            for one in (known, unknown)
        }

    company.work()

    assert jobs_of[known] == jobs_of[unknown] == [("warn", "urgent_work")]
    assert [w.request_id for w in company.all(ContactWarning)] == [known]


def test_an_address_is_kept_no_longer_than_its_mail_waits(company: Company) -> None:
    company.ask(Kind.COPY, {"email": NEW})
    company.work()
    (waiting,) = company.all(ContactWarning)

    company.send()

    (sent,) = company.all(ContactWarning)
    assert (waiting.sealed != b"", sent.sealed) == (True, b"")
    everything = str(
        [
            dict(r.__dict__)
            for m in (ContactWarning, Notice, Entry, OutboxMessage)
            for r in company.all(m)
        ]
    )
    assert "mail.example" not in everything


def test_a_contact_is_told_once_a_day_and_kind(company: Company) -> None:
    first = company.ask(Kind.COPY, {"email": NEW}, locale="en")
    once = company.told()
    again = company.ask(Kind.COPY, {"email": NEW}, locale="en", apart="2")
    assert company.told() == {}
    company.ask(Kind.DELETION, {"email": NEW}, locale="en")
    assert set(company.told()) == {OLD}
    company.clock.on(days=1)
    company.ask(Kind.COPY, {"email": NEW}, locale="en", apart="3")
    assert set(company.told()) == {OLD}

    company.not_me(once[OLD])  # what it says to the first counts for the one it was not told of

    assert company.request(first).not_me_at and company.request(again).not_me_at


def test_after_it_was_used_a_warning_covers_nothing_that_is_asked_for_later(
    company: Company,
) -> None:
    company.ask(Kind.COPY, {"email": NEW}, locale="en")
    company.not_me(company.told()[OLD])

    again = company.ask(Kind.COPY, {"email": NEW}, locale="en", apart="2")
    told = company.told()

    assert set(told) == {OLD}
    company.not_me(told[OLD])
    assert company.request(again).not_me_at


def test_a_thousand_contacts_are_twenty_mails_and_garbage_none(company: Company) -> None:
    readers = company.rows["letters"]["readers"]
    evil = [
        "a@b.example\r\nBcc: all@b.example",
        "x" * 10_000 + "@b.example",
        "",
        "no address",
        None,
    ]
    for number, value in enumerate(evil):
        readers.append({"id": f"e{number}", "user_id": ANN, "email": value})
    for number in range(1000):
        readers.append({"id": f"r{number}", "user_id": ANN, "email": f"r{number}@b.example"})

    company.ask(Kind.COPY, {"email": NEW}, locale="en")
    told = company.told()

    assert len(told) == 19  # twenty with her phone, which no mail reaches
    assert all(to == OLD or re.fullmatch(r"r\d+@b\.example", to) for to in told)


def test_a_store_that_is_down_is_asked_again_and_nothing_waits_for_it(company: Company) -> None:
    def down(*_: Any) -> KeySet:
        raise Transient("shop is away")

    whole = company.floor.connector("letters")
    freeze = whole.freeze  # type: ignore[attr-defined]  # memory freezes
    lying(whole, freeze=down)  # type: ignore[arg-type]  # it is a Memory
    request_id = company.ask(Kind.COPY, {"user_id": ANN, "email": NEW}, locale="en")
    due = company.request(request_id).due_at
    assert company.told() == {}
    (row,) = company.all(WarningDue)
    assert row.attempts == 1 and row.next_at is not None

    lying(whole, freeze=freeze)  # type: ignore[arg-type]  # as above
    company.clock.on(minutes=1)
    assert warnings_due.ring(company.floor.register, company.clock) == 1

    assert set(company.told()) == {OLD}
    assert company.request(request_id).due_at == due
    assert warnings_due.ring(company.floor.register, company.clock) == 0


def test_before_the_first_effect_the_warnings_are_queued_by_the_plan_itself(
    company: Company,
) -> None:
    request_id = company.ask(Kind.DELETION, {"user_id": ANN, "email": NEW}, acr=Acr.SESSION)
    company.prove(request_id)

    claim = begin(company.floor, request_id)  # nobody looked yet: the ring was lost
    assert claim is not None and claim.step is None
    following = settle(company.floor, claim, performed(company.floor, claim))

    assert following is not None and company.user["email"] == NEW
    assert [n.event for n in company.all(Notice)].count("someone_asked") == 1


def test_an_operators_own_request_warns_nobody(company: Company) -> None:
    company.ask(Kind.DELETION, {"user_id": ANN}, acr=Acr.REAL_NAME, operator=True)
    company.work()

    assert company.all(ContactWarning) == []
