"""On again by the person's own word, which the product cannot give for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlmodel import select

from rights.store.models import Entry, TagKeptAway
from tests.workflows.tag_town import ANN, OWL, Town, tag_town


@pytest.fixture
def town(tmp_path: Path, private_redis_url: str) -> Iterator[Town]:
    with tag_town(tmp_path, private_redis_url) as found:
        yield found


@pytest.mark.requirement("R-42-3:bad")
def test_a_product_cannot_switch_on_what_a_person_switched_off(town: Town) -> None:
    town.asked("personalised_off")

    made = town.house.submit(
        "recommendation_opt_out", ANN, option="switch_on", parameters={"switches": ["personalised"]}
    )
    town.done(made["id"])
    town.house.clock.forward(days=30)
    town.done(made["id"])
    undone = town.house.post("/v1/preferences/on", {"subject": ANN, "name": "personalised"})

    assert made["state"] == "verifying", "the person is asked first"
    assert undone.status_code in (404, 405)
    assert town.flag() == "off"
    assert town.tables["shop"]["users"][0]["personalised"] is False
    assert town.ledger("switch:personalised") == []


@pytest.mark.requirement("R-42-3:bad")
def test_nor_by_recording_a_consent_that_the_person_took_back(town: Town) -> None:
    taken = town.house.post("/v1/consents/withdraw", {"subject": ANN, "purposes": ["ads"]}).json
    town.done(taken["id"])
    new = {"subject": ANN, "purpose": "ads", "rule_version": "2026-11"}
    others = town.word({"user_id": "2"})

    alone = town.house.post("/v1/consents", new)
    wrong = town.house.post("/v1/consents", {**new, "assertion": others})
    still = (town.flag("purpose:ads"), town.ledger("ads"))
    mine = town.house.post("/v1/consents", {**new, "assertion": town.word()})

    assert (alone.status_code, alone.json["code"]) == (401, "level_too_low")
    assert wrong.status_code == 422
    assert still == ("off", [("withdrawn", "self", "api")])
    assert mine.status_code == 201
    assert town.flag("purpose:ads") == "on"
    assert [state for state, _, _ in town.ledger("ads")] == ["withdrawn", "granted"]


def test_who_vouches_for_one_name_switches_nothing_on_under_another(town: Town) -> None:
    taken = town.house.post("/v1/consents/withdraw", {"subject": ANN, "purposes": ["ads"]}).json
    town.done(taken["id"])
    word = town.word({"user_id": "2"})
    new = {"subject": {"email": ANN["email"]}, "purpose": "ads", "rule_version": "2026-11"}

    told = town.house.post("/v1/consents", {**new, "assertion": word})

    assert (told.status_code, town.flag("purpose:ads")) == (401, "off")


@pytest.mark.requirement("R-42-3")
def test_the_persons_own_act_switches_on_and_is_a_line_of_the_ledger(town: Town) -> None:
    town.asked("personalised_off")

    town.asked("switch_on", parameters={"switches": ["personalised"]})

    assert town.flag() == "on"
    assert town.tables["shop"]["users"][0]["personalised"] is True
    assert town.ledger("switch:personalised") == [("granted", "self", "api")]


@pytest.mark.requirement("R-42-3")
def test_switching_on_does_not_bring_back_what_was_deleted_by_name(town: Town) -> None:
    town.asked("tags_delete", values={"tags": [OWL]})
    town.asked("personalised_off")
    town.asked("switch_on", parameters={"switches": ["personalised"]})

    town.nightly()

    assert (1, OWL) not in town.tags


@pytest.mark.requirement("R-42-3:bad")
def test_a_product_alone_cannot_let_tags_come_again(town: Town) -> None:
    town.asked("tags_delete", values={"tags": [OWL]})
    typed = town.house.post("/v1/portal-tokens", {"subject": ANN}).json["token"]

    for body, token in (({}, ""), ({}, typed)):
        told = town.house.post("/v1/preferences/tags/on", body, token=token)
        assert (told.status_code, told.json["code"]) == (401, "level_too_low")
    others = {"assertion": town.word({"user_id": "2", "email": "bo@example.com"})}
    assert town.house.post("/v1/preferences/tags/on", others).json == {"changed": False}
    town.nightly()

    assert (1, OWL) not in town.tags
    assert town.ledger("switch:tags") == []


@pytest.mark.requirement("R-42-3")
@pytest.mark.parametrize("way", ["assertion", "token"])
def test_the_persons_own_act_lets_tags_come_again_and_is_a_line_of_the_ledger(
    town: Town, way: str
) -> None:
    town.asked("tags_delete", {"email": ANN["email"]}, values={"tags": [OWL]})
    word = {"assertion": town.word()}
    token = town.house.post("/v1/portal-tokens", word).json["token"] if way == "token" else ""
    body = {} if token else {"assertion": town.word()}

    said = town.house.post("/v1/preferences/tags/on", body, token=token)
    town.nightly()

    assert said.json == {"changed": True}
    assert (1, OWL) in town.tags
    source = "portal" if token else "api"
    assert town.ledger("switch:tags") == [("granted", "self", source)]
    with town.house.reading() as session:
        entry = session.exec(select(Entry).where(Entry.event == "tags_allowed")).one()
        assert session.exec(select(TagKeptAway)).all() == []
    assert set(entry.data) == {"requests"}


def test_nobody_takes_over_what_keeps_anothers_tags_away(town: Town) -> None:
    """Whoever typed another's account beside an address of their own lets nothing of theirs go."""
    town.asked("tags_delete", values={"tags": [OWL]})
    both = {"user_id": ANN["user_id"], "email": "eve@example.com"}
    wish = {"kind": "recommendation_opt_out", "option": "tags_delete", "values": {"tags": [OWL]}}
    town.house.post("/v1/requests", {**wish, "subject": both})
    eve = {"assertion": town.word({"user_id": "9", "email": "eve@example.com"})}

    town.house.post("/v1/preferences/tags/on", eve)
    town.nightly()

    assert (1, OWL) not in town.tags


def test_what_was_let_go_while_the_deletion_was_at_work_is_not_kept_away_by_its_end(
    town: Town,
) -> None:
    made = town.house.asserted(
        "recommendation_opt_out", ANN, "session", option="tags_delete", values={"tags": [OWL]}
    )
    town.house.post("/v1/preferences/tags/on", {"assertion": town.word()})

    town.done(made["id"])
    town.nightly()

    assert (1, OWL) in town.tags


def test_a_child_does_not_let_tags_come_again_without_a_guardian(town: Town) -> None:
    town.asked("tags_delete", values={"tags": [OWL]})
    now = town.house.clock.now()
    word = town.house.partner.assertion(ANN, now, "session", age_band="under_14")

    told = town.house.post("/v1/preferences/tags/on", {"assertion": word})

    assert told.status_code == 422
    assert town.ledger("switch:tags") == []
