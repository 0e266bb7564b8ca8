"""Deletion and account cancellation: what goes, what law holds, and what never changes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.indico.conftest import Indico
from tests.indico.digest import addresses, connect, mentions, orphans
from tests.indico.people import ANNA, BO, CLERK, GUEST, LEO, LOOKALIKES, MEI, Person

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.xdist_group("indico")]

LAW = "E-Commerce Law Art. 31"


def _erased(indico: Indico, person: Person, kind: str = "deletion") -> dict[str, Any]:
    """Run *kind*, and make sure of every row of all 162 tables."""
    due, before = indico.expected(person.email), indico.picture()

    outcome = indico.run(kind, person.email)

    after = indico.picture()
    assert (outcome["exit"], outcome["state"], outcome["problems"]) == (0, "fulfilled", [])
    assert before.gone(after) == due.gone
    assert before.changed(after) == due.changed
    assert before.new(after) == {}
    assert orphans(indico.url) == []
    assert addresses(indico.url, due.emails) == due.left
    lines = {line["collection"]: line for line in outcome["collections"]}
    told = {n: x["retained"] for n, x in lines.items() if x["because"] == LAW}
    assert told == {table: len(keys) for table, keys in due.held.items()}
    return outcome


@pytest.mark.parametrize("person", [ANNA, BO, CLERK, GUEST, *LOOKALIKES[:2]], ids=lambda p: p.email)
def test_a_deletion_does_to_every_row_what_the_oracle_says(indico: Indico, person: Person) -> None:
    _erased(indico, person)


def test_an_account_is_closed_and_then_emptied(indico: Indico) -> None:
    (user,) = indico.expected(BO.email).users

    _erased(indico, BO, "account_cancellation")

    found = _one(indico, f"SELECT is_deleted, first_name FROM users.users WHERE id = {user}")
    assert found == (True, "Deleted")


def test_what_stands_in_an_emptied_account_keeps_the_rules_of_the_store(indico: Indico) -> None:
    users = indico.expected(ANNA.email).users

    indico.run("deletion", ANNA.email)

    for user in users:  # the account that was merged into hers, too
        assert _one(
            indico,
            "SELECT first_name, last_name, phone, address, picture, picture_metadata::text"
            f" FROM users.users WHERE id = {user}",
        ) == ("Deleted", "User", "", "", None, "null")


def test_held_rows_keep_what_their_basis_needs_and_lose_the_rest(indico: Indico) -> None:
    (number,) = indico.expected(ANNA.email).held["event_registration.registrations"]
    of = f"WHERE registration_id = {number}"
    query = "SELECT {} FROM event_registration.registrations r WHERE id = " + number
    before = _one(indico, query.format("email, last_name, base_price, transaction_id, user_id"))

    indico.run("deletion", ANNA.email)

    assert before[3] is not None
    after = _one(indico, query.format("email, last_name, base_price, transaction_id, user_id"))
    assert after == before  # the payment it points at is held as well
    assert _one(indico, query.format("participant_hidden")) == (True,)
    answers = _all(indico, f"SELECT data FROM event_registration.registration_data {of}")
    assert set(answers) == {("",)}
    paid = _all(indico, f"SELECT data FROM events.payment_transactions {of}")
    assert [sorted(data["payer"]) for (data,) in paid] == [["email"], ["email"]]
    assert all(data["reference"] for (data,) in paid)


def test_a_booking_of_two_goes_with_the_last_of_them(indico: Indico) -> None:
    of_both = (
        "SELECT booked_for_id IS NULL, created_by_id IS NULL, booked_for_name, booking_reason"
        " FROM roombooking.reservations WHERE id IN (2, 3) ORDER BY id"
    )

    indico.run("deletion", ANNA.email)

    assert _all(indico, of_both) == [
        (True, False, "", ""),
        (False, True, f"{BO.first} {BO.last}", f"{BO.first} needs it"),
    ]

    indico.run("deletion", BO.email)

    assert _all(indico, of_both) == []


def test_of_somebody_the_law_holds_nothing_of_no_word_is_left(indico: Indico) -> None:
    words = (LEO.email, LEO.last, "sso-leo")
    assert len(mentions(indico.url, *words)) > 5

    _erased(indico, LEO)

    assert mentions(indico.url, *words) == {}


def test_deleting_again_finds_nothing_and_changes_nothing(indico: Indico) -> None:
    (user,) = indico.expected(MEI.email).users
    _erased(indico, MEI)
    before = indico.picture()

    outcome = indico.run("deletion", user_id=str(user))

    assert outcome["state"] == "fulfilled"
    assert sum(line["affected"] for line in outcome["collections"]) == 0
    assert indico.picture() == before


def test_a_dry_run_counts_and_changes_nothing(indico: Indico) -> None:
    due, before = indico.expected(GUEST.email), indico.picture()

    outcome = indico.run("deletion", GUEST.email, dry_run=True)

    assert outcome["state"] == "planned"
    counts = {x["collection"]: x["affected"] for x in outcome["collections"] if x["affected"]}
    assert set(counts) >= set(due.gone)
    assert indico.picture() == before


def _one(indico: Indico, query: str) -> Any:
    (row,) = _all(indico, query)
    return row


def _all(indico: Indico, query: str) -> list[Any]:
    with connect(indico.url) as connection:
        return connection.execute(query).fetchall()
