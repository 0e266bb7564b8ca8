"""Who of two people is written to, and what a letter to a second person says."""

from __future__ import annotations

import pytest
from sqlmodel import select

from rights.domain.kinds import Kind, Option
from rights.domain.levels import Acr
from rights.domain.representation import AgeBand, Role, Scope
from rights.services import intake, subjects
from rights.services.representatives import Second
from rights.store.db import transaction
from rights.store.models import Challenge
from tests.workflows.desk import EMAIL, Desk, text_of
from workflows.embedded.smtp import Sink

LAWYER = "lawyer@firm.example"
WHO = {"user_id": "u1", "email": EMAIL}


def agent(desk: Desk, scope: Scope, locale: str) -> str:
    second = Second(Role.AGENT, "lawyer", {"email": LAWYER}, scope=scope, name="Li Na")
    new = intake.Submission(
        Kind.COPY,
        Option.ALL,
        subjects.cleaned(desk.context.datamap, WHO),
        role=Role.AGENT,
        second=second,
        locale=locale,
    )
    with transaction(desk.register) as session:
        return intake.submit(session, desk.context, new, now=desk.clock())[0].id


def mails(desk: Desk, sink: Sink) -> dict[str, str]:
    while desk.send():
        pass
    return {str(mail["To"]).lower(): text_of(mail) for mail in sink.messages}


@pytest.mark.requirement("R-CC165-1")
@pytest.mark.parametrize(
    ("locale", "told"), [("en", "as your agent"), ("zh-CN", "以委托代理人的身份代您")]
)
def test_the_agent_gets_the_code_and_the_principal_is_told(
    desk: Desk, smtp_sink: Sink, locale: str, told: str
) -> None:
    agent(desk, Scope.SUBMIT, locale)

    got = mails(desk, smtp_sink)

    assert set(got) == {LAWYER, EMAIL.lower()}
    with transaction(desk.register) as session:
        assert session.exec(select(Challenge)).one().used_at is None
    assert told in got[EMAIL.lower()]
    assert told not in got[LAWYER]
    assert "Li Na" not in "".join(got.values())


def test_a_guardian_is_asked_with_a_code_and_the_childs_letter_has_none(
    desk: Desk, smtp_sink: Sink
) -> None:
    contact = {"email": "parent@mail.example"}
    guardian = Second(Role.GUARDIAN, "parent", contact, vouched=frozenset(contact), attested=True)
    who = subjects.cleaned(desk.context.datamap, WHO)
    new = intake.Submission(
        Kind.DELETION,
        Option.DELETE,
        who,
        attested=frozenset(who),
        acr=Acr.MFA,
        second=guardian,
        age_band=AgeBand.UNDER_14,
        locale="en",
    )
    with transaction(desk.register) as session:
        intake.submit(session, desk.context, new, now=desk.clock())

    got = mails(desk, smtp_sink)

    assert "Answer for a child" in got[contact["email"]]
    assert "It works for" in got[contact["email"]]
    assert "It works for" not in got[EMAIL.lower()]
