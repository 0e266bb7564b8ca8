"""Correction and restriction."""

from __future__ import annotations

import pytest

from tests.indico.conftest import Indico
from tests.indico.digest import connect
from tests.indico.people import ANNA, BO, GUEST, Person

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.xdist_group("indico")]


def test_a_name_is_corrected_and_nothing_else(indico: Indico) -> None:
    (user,) = indico.expected(BO.email).users
    before = indico.picture()

    outcome = indico.run("correction", BO.email, "indico.users.users.first_name=博")

    assert outcome["state"] == "fulfilled"
    after = indico.picture()
    assert before.changed(after) == {"users.users": {str(user)}}
    assert (before.gone(after), before.new(after)) == ({}, {})
    with connect(indico.url) as connection:
        row = connection.execute("SELECT first_name FROM users.users WHERE id = %s", [user])
        assert row.fetchone() == ("博",)


def test_a_guests_name_is_corrected_wherever_they_registered(indico: Indico) -> None:
    mine = indico.expected(GUEST.email).shown["event_registration.registrations"]
    before = indico.picture()

    outcome = indico.run(
        "correction", GUEST.email, "indico.event_registration.registrations.last_name=郭"
    )

    assert outcome["state"] == "fulfilled"
    after = indico.picture()
    assert before.changed(after) == {"event_registration.registrations": mine}
    assert (before.gone(after), before.new(after)) == ({}, {})
    assert len(mine) == 2


def test_a_field_nobody_may_correct_is_left_to_staff(indico: Indico) -> None:
    before = indico.picture()

    outcome = indico.run("correction", BO.email, "indico.events.payment_transactions.amount=0")

    assert (outcome["exit"], outcome["state"]) == (4, "on_hold")
    assert indico.picture() == before


@pytest.mark.parametrize("person", [ANNA, GUEST], ids=lambda p: p.email)
def test_a_restriction_switches_off_what_has_a_switch_and_leaves_the_rest_to_staff(
    indico: Indico, person: Person
) -> None:
    due, before = indico.expected(person.email), indico.picture()

    outcome = indico.run("restriction", person.email)

    after = indico.picture()
    flagged = ("users.users", "event_registration.registrations")
    assert before.changed(after) == {t: due.shown[t] for t in flagged if t in due.shown}
    assert (before.gone(after), before.new(after)) == ({}, {})
    # Rows known by an address alone hang on no account that could be blocked.
    assert (outcome["exit"], outcome["state"], outcome["wait"]) == (4, "on_hold", "task")
    (problem,) = outcome["problems"]
    assert "indico.events.persons" in problem
    assert "indico.event_registration.invitations" in problem
    assert "users.settings" not in problem
