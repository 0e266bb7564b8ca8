"""A denial takes two: what one proposes, another confirms, and nothing happens before."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rights.domain.errors import ConfigError, Conflict
from rights.domain.lifecycle import State
from rights.services import appeals, checkpoints, purge, remedies, rotation
from rights.services.regimes import load
from rights.services.signing import Signer
from rights.store.models import DenialProposal, Entry, Notice, Request, Staff, Writing
from tests.web.house import SEED, House
from tests.web.test_denials import WHY, Office
from tests.web.verifying import reached, refused
from tests.workflows.desk import text_of
from workflows.embedded.smtp import Sink

REASON = "still_necessary_contract"


@pytest.fixture
def office(furnished: Callable[..., House], smtp_sink: Sink) -> Office:
    return Office(furnished(smtp_host=smtp_sink.host, smtp_port=smtp_sink.port), smtp_sink)


def _proposed(office: Office, kind: str = "deletion", **more: Any) -> tuple[str, str]:
    """Return a request and the denial of it that waits."""
    request_id = office.house.asserted(kind, **more)["id"]
    made = office.propose(request_id, REASON)
    assert made.returncode == 0, made.stderr
    return request_id, made.stdout.strip()


def _codes(office: Office) -> list[str]:
    return [e.data["code"] for e in office.rows(Entry) if e.event == "staff_refused"]


def _ids(office: Office) -> dict[str, str]:
    return {staff.name: staff.id for staff in office.rows(Staff)}


@pytest.mark.requirement("R-P50-1")
def test_until_a_second_person_confirms_it_the_request_stands_as_it_stood(office: Office) -> None:
    made = office.house.asserted("deletion", locale="en")
    path = f"/v1/requests/{made['id']}"
    before, told = office.house.get(path).json, len(office.rows(Notice))

    denial = office.propose(made["id"], REASON).stdout.strip()

    assert office.house.get(path).json == before
    assert office.house.get(f"{path}/remarks").json["answers"] == []
    assert len(office.rows(Notice)) == told
    assert WHY not in str([row.model_dump() for row in office.rows(Writing)])
    (task,) = json.loads(office.run("tasks", "list", "--json").stdout)
    assert (task["step"], task["request"]) == (f"denial-{denial}", made["id"])
    assert task["due"] == before["due_at"]
    (line,) = json.loads(office.run("denials", "list", "--json").stdout)
    assert (line["denial"], line["reason"], line["late"]) == (denial, REASON, False)

    shown = json.loads(office.decide("show", denial, "bea").stdout)
    done = office.decide("confirm", denial, "bea")

    assert (shown["reason"], shown["facts"], shown["laws"]) == (REASON, WHY, ["cn_general"])
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr
    after = office.house.get(path).json
    assert (after["state"], after["reason"]) == ("denied", REASON)
    assert office.house.get(f"{path}/remarks").json["answers"] == [WHY]
    letter = text_of(office.mail())
    assert [
        words
        for words in ("Reason: ", "Legal basis: PIPL, Art. 13(1)(2), 16", WHY, "people's court")
        if words not in letter
    ] == []
    assert json.loads(office.run("tasks", "list", "--json").stdout) == []
    events = [e.event for e in office.rows(Entry) if e.chain == made["id"]]
    assert events[-3:] == ["denial_proposed", "denial_read", "denied"]


@pytest.mark.requirement("R-M36-1:bad")
def test_what_is_said_of_a_minor_is_read_with_an_approval(office: Office) -> None:
    request_id, denial = _proposed(office)
    office.change(request_id, age_band="14_17")

    refused = office.decide("show", denial, "bea")

    assert (refused.returncode, WHY in refused.stdout) == (1, False)
    assert "minor_content" in refused.stderr


def test_who_has_not_read_it_confirms_nothing(office: Office) -> None:
    _, denial = _proposed(office)

    done = office.run("denials", "confirm", denial, "--as", "bea")

    assert done.stderr.startswith("denial_unread: ")


def test_nobody_is_denied_as_unverified_who_was_verified_meanwhile(office: Office) -> None:
    request_id = office.house.submit("deletion")["id"]
    denial = office.propose(request_id, "identity_unverified", who="vera").stdout.strip()
    office.change(request_id, level=2)

    done = office.decide("confirm", denial, "bea")

    assert done.stderr.startswith("proved_meanwhile: ")


@pytest.mark.requirement("R-P50-1:bad")
def test_nobody_confirms_their_own_denial(office: Office) -> None:
    request_id, denial = _proposed(office)

    done = office.decide("confirm", denial, "ana")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("own_denial: ")
    assert _codes(office) == ["own_denial"]
    assert office.house.get(f"/v1/requests/{request_id}").json["state"] == "in_progress"
    assert [one.outcome for one in office.rows(DenialProposal)] == [""]


@pytest.mark.requirement("R-P50-1:bad")
def test_nothing_is_proposed_without_a_reason_that_counts_here(office: Office) -> None:
    request_id = office.house.asserted("deletion")["id"]

    unsaid = office.run("tasks", "deny", request_id, "--as", "ana", "--note-basis", WHY)
    wrong = [office.propose(request_id, code) for code in ("", " ", "trade_secret", "too_busy")]

    assert (unsaid.returncode, "--reason" in unsaid.stderr) == (2, True)
    assert [done.stderr.partition(":")[0] for done in wrong] == ["invalid"] * 4
    assert _codes(office) == ["invalid"] * 4
    assert office.rows(DenialProposal) == []


@pytest.mark.parametrize("who", ["rui", "vera", "otto", "ada", "bot"])
def test_who_may_not_approve_neither_confirms_nor_dismisses_nor_reads(
    office: Office, who: str
) -> None:
    _, denial = _proposed(office)

    tried = [
        office.decide("confirm", denial, who),
        office.decide("dismiss", denial, who, "--because", "no"),
        office.decide("show", denial, who),
        office.decide("withdraw", denial, who),
    ]

    assert [done.returncode for done in tried] == [1] * 4
    assert _codes(office) == [*["forbidden"] * 3, "not_own_proposal"]
    assert [one.outcome for one in office.rows(DenialProposal)] == [""]


def test_a_verifier_proposes_what_an_approver_confirms_and_not_the_other_way(
    office: Office,
) -> None:
    made = office.house.submit("deletion", {"email": "alice@example.com"})
    denial = office.propose(made["id"], "identity_unverified", who="vera").stdout.strip()

    assert office.decide("confirm", denial, "vera").stderr.startswith("forbidden: ")
    assert office.decide("show", denial, "ana").returncode == 0
    assert office.decide("confirm", denial, "ana").returncode == 0
    assert office.house.get(f"/v1/requests/{made['id']}").json["state"] == "denied"


def test_what_was_dismissed_goes_on_and_its_facts_are_not_those_of_the_next(
    office: Office,
) -> None:
    request_id, denial = _proposed(office)
    again = office.propose(request_id, REASON, who="bea")
    blank = office.decide("dismiss", denial, "bea", "--because", " \n")
    words = "The order was completed yesterday."

    done = office.decide("dismiss", denial, "bea", "--because", words)

    assert again.stderr.startswith("denial_proposed: ")
    assert blank.stderr.startswith("invalid: because")
    assert done.returncode == 0, done.stderr
    assert office.decide("confirm", denial, "bea").stderr.startswith("denial_decided: ")
    assert json.loads(office.run("denials", "list", "--json").stdout) == []
    assert office.house.get(f"/v1/requests/{request_id}").json["state"] == "in_progress"
    office.change(request_id, level=1)
    other = office.propose(request_id, "identity_unverified", facts="").stdout.strip()
    shown = json.loads(office.decide("show", other, "bea").stdout)
    assert (shown["facts"], shown["dismissed_before"]) == ("", [words])
    assert office.decide("confirm", other, "bea").returncode == 0
    assert office.house.get(f"/v1/requests/{request_id}/remarks").json["answers"] == []
    assert words not in str([e.data for e in office.rows(Entry)])


def test_only_who_proposed_it_takes_it_back(office: Office) -> None:
    request_id, denial = _proposed(office)

    other = office.decide("withdraw", denial, "bea")
    own = office.decide("withdraw", denial, "ana")

    assert other.stderr.startswith("not_own_proposal: ")
    assert own.returncode == 0, own.stderr
    assert office.decide("confirm", denial, "bea").stderr.startswith("denial_decided: ")
    assert office.house.get(f"/v1/requests/{request_id}").json["state"] == "in_progress"


@pytest.mark.parametrize(
    ("happened", "code", "named"),
    [
        ({"regimes": ["cn_general", "eu_gdpr"]}, "law_changed", "eu_gdpr"),
        ({"irreversible_at": ...}, "too_late_to_deny", "was changed"),
        ({"state": State.FULFILLED}, "illegal_transition", "fulfilled"),
        ({"age_band": "under_14"}, "invalid", "in writing"),
    ],
)
def test_what_happened_in_between_is_told_and_nothing_is_denied(
    office: Office, happened: dict[str, Any], code: str, named: str
) -> None:
    request_id = office.house.asserted("deletion")["id"]
    words = ("tasks", "deny", request_id, "--reason", REASON, "--as", "ana")
    denial = office.run(*words, "--note-basis", WHY, "--channel", "phone").stdout.strip()
    now = office.house.clock.now()
    office.change(request_id, **{n: now if v is ... else v for n, v in happened.items()})
    told = len(office.rows(Notice))

    done = office.decide("confirm", denial, "bea")

    assert done.returncode == 1
    assert done.stderr.startswith(f"{code}: ")
    assert named in done.stderr
    assert len(office.rows(Notice)) == told
    assert [one.outcome for one in office.rows(DenialProposal)] == [""]
    assert office.house.get(f"/v1/requests/{request_id}").json["denial"] is None
    dismissed = office.decide("dismiss", denial, "bea", "--because", "overtaken")
    assert dismissed.returncode == 0, dismissed.stderr


def test_what_the_person_took_back_waits_for_nobody(office: Office) -> None:
    request_id, denial = _proposed(office)
    assert office.house.post(f"/v1/requests/{request_id}/cancel").status_code == 200

    assert json.loads(office.run("tasks", "list", "--json").stdout) == []
    assert office.decide("confirm", denial, "bea").stderr.startswith("illegal_transition: ")
    assert office.decide("confirm", "0" * 32, "bea").stderr.startswith("not_found: ")


def test_both_had_a_part_in_it_and_who_only_read_it_had_none(office: Office) -> None:
    request_id, denial = _proposed(office)
    assert office.decide("show", denial, "lex").returncode == 0
    assert office.decide("confirm", denial, "bea").returncode == 0

    with office.house.reading() as session:
        had = appeals.deciders(session, session.get_one(Request, request_id))

    ids = _ids(office)
    assert had == {ids["ana"], ids["bea"]}


def test_what_was_proposed_is_sealed_anew_and_forgotten_with_its_request(office: Office) -> None:
    request_id, denial = _proposed(office)
    office.decide("confirm", denial, "bea")
    house = office.house
    assert "writing" in rotation.rotate(house.engine, house.context.vault)

    house.clock.forward(days=house.context.settings.contact_days + 1)
    purge.purge(house.engine, house.context, house.blobs, now=house.clock.now())

    assert [row for row in office.rows(Writing) if row.request_id == request_id] == []
    assert [one.outcome for one in office.rows(DenialProposal)] == ["confirmed"]
    with house.writing() as session:
        assert checkpoints.checkpoint(session, Signer(SEED), house.clock.now())
    house.clock.forward(days=house.context.settings.record_days + 1)
    purge.purge(house.engine, house.context, house.blobs, now=house.clock.now())
    assert office.rows(DenialProposal) == []


@pytest.mark.requirement("R-P50-1")
@pytest.mark.parametrize(
    "text",
    [
        "denial: {remedies: []}\n",
        "defaults: {denial: {remedies: []}}\n",
        "remedies: {peoples_court: {zh: '', en: ''}}\n",
        "promises: {cn_general: {denial: {remedies: []}}}\n",
    ],
)
def test_no_setting_takes_a_way_out_away(tmp_path: Path, text: str) -> None:
    file = tmp_path / "regimes.yaml"
    file.write_text(text, encoding="utf-8")

    with pytest.raises(ConfigError):
        load(override=file)

    assert "人民法院" in remedies.words()["peoples_court"]["zh"]


def test_without_a_privacy_contact_the_court_and_the_authority_stay(office: Office) -> None:
    from rights.services import denials  # noqa: PLC0415 - only here

    made = office.house.asserted("deletion")
    context = office.house.context
    controller = dict(context.datamap.controller)
    object.__setattr__(context.datamap, "controller", {**controller, "dpo_contact": ""})
    with office.house.reading() as session:
        ways = denials.ways_out(context, session.get_one(Request, made["id"]))
    object.__setattr__(context.datamap, "controller", controller)

    assert [way["code"] for way in ways] == ["authority_complaint", "peoples_court"]


def test_without_a_document_nobody_denies_alone(house: House) -> None:
    request_id = reached(house)
    before = house.get(f"/v1/requests/{request_id}").json

    with pytest.raises(Conflict, match="rights tasks deny") as wrong:
        refused(house, request_id, "identity_unverified")

    assert wrong.value.code == "no_document"
    assert house.get(f"/v1/requests/{request_id}").json == before
