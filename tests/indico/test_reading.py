"""Access and copies: exactly the rows that are a person's or that they may see."""

from __future__ import annotations

import pytest

from tests.indico.conftest import Indico
from tests.indico.digest import Rows
from tests.indico.oracle import KEYS
from tests.indico.people import (
    ANNA,
    BO,
    CLERK,
    CROWD,
    FRIEND,
    GUEST,
    LEO,
    LOOKALIKES,
    MEI,
    Person,
)
from tests.oscar.packages import answer, records, redacted, text

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.xdist_group("indico")]


def _keys(package: str) -> Rows:
    return {
        name: {
            "/".join(str(row[part]).replace("T", " ") for part in KEYS.get(name, ("id",)))
            for row in rows
        }
        for name, rows in records(package).items()
    }


@pytest.mark.parametrize("person", [ANNA, BO, CLERK, GUEST, LOOKALIKES[1]], ids=lambda p: p.email)
def test_a_copy_holds_exactly_the_rows_the_oracle_names(indico: Indico, person: Person) -> None:
    due, before = indico.expected(person.email), indico.picture()

    outcome = indico.run("copy", person.email)

    assert (outcome["exit"], outcome["state"]) == (0, "fulfilled")
    assert _keys(outcome["package"]) == due.shown
    assert indico.picture() == before


def test_any_address_of_theirs_and_the_account_number_lead_to_the_same_rows(
    indico: Indico,
) -> None:
    due = indico.expected(ANNA.email)

    by_others = [indico.run("copy", email) for email in ANNA.also]
    by_number = indico.run("copy", user_id=str(min(due.users)))

    assert due.shown["event_registration.registrations"] > {"17", "18"}  # hers by address alone
    assert [_keys(one["package"]) for one in (*by_others, by_number)] == [due.shown] * 3


def test_no_secret_and_nobody_elses_contact_is_in_a_copy(indico: Indico) -> None:
    outcome = indico.run("copy", ANNA.email)

    said = text(outcome["package"])
    others = (BO, CLERK, GUEST, LEO, MEI, *CROWD, LOOKALIKES[0], LOOKALIKES[1])
    assert [p.email for p in others if f'"{p.email}"' in said] == []
    secrets = ("$2b$not-a-hash", "ticket of", "own-anna", "oauth-anna", "open-sesame")
    assert [word for word in secrets if word in said] == []
    assert ANNA.first in said
    assert "+8613800138000" in said


@pytest.mark.parametrize("person", [ANNA, GUEST], ids=lambda p: p.email)
def test_only_what_names_somebody_else_is_taken_out(indico: Indico, person: Person) -> None:
    outcome = indico.run("copy", person.email)

    assert FRIEND not in text(outcome["package"])
    taken = {(r["collection"], r["field"]): r["counts"] for r in redacted(outcome["package"])}
    answered = {("indico.event_surveys.answers", "data"): {"mobile": 1}}
    assert taken == (answered if person is ANNA else {})


def test_columns_of_json_come_as_they_are_and_paths_as_values(indico: Indico) -> None:
    outcome = indico.run("access", ANNA.email, "option=records")

    found = records(outcome["package"])
    paid = found["events.payment_transactions"][0]
    assert ANNA.email in str(paid)
    assert {s["value"] for s in found["users.settings"]} >= {"zh_Hans_CN", "Asia/Shanghai"}
    assert {d["data"] for d in found["event_registration.registration_data"]} >= {
        f"First Name of {ANNA.email}"
    }
    assert found["users.users"][0]["picture_metadata"]["filename"] == "安娜.png"


def test_an_author_reads_what_was_said_to_the_authors_and_not_who_said_it(indico: Indico) -> None:
    outcome = indico.run("copy", ANNA.email)

    comments = records(outcome["package"])["event_abstracts.abstract_comments"]
    of_others = [c for c in comments if c["text"] == f"says {BO.first}"]
    assert len(of_others) == 1  # the other one was for the judges
    assert of_others[0].get("user_id") is None


def test_a_summary_counts_what_the_oracle_counts(indico: Indico) -> None:
    due = indico.expected(GUEST.email)

    outcome = indico.run("access", GUEST.email, "option=summary")

    told = answer(outcome["package"])[0]["data"]
    assert {path: n for path, n in told.items() if n} == {
        f"indico.{table}": len(keys) for table, keys in due.shown.items()
    }
