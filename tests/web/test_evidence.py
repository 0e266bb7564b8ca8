"""Documents that show who acts for somebody: what is taken, how it lies, and how it ends."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from rights.domain.errors import Conflict, Forbidden, Invalid
from rights.domain.lifecycle import State
from rights.services import audit, evidence, reaching, requests, reviewing, subjects
from rights.store.models import Evidence, Notice, Representation, Request
from tests.web.house import ALICE, BOB, House
from tests.web.verifying import (
    GUARDIAN,
    JPEG,
    PDF,
    PNG,
    RELATIVE,
    accepted,
    reached,
    refused,
    staff,
    upload,
)


def objects(house: House) -> list[Path]:
    root = Path(house.context.settings.evidence_url.removeprefix("file://"))
    return [path for path in root.rglob("*") if path.is_file()]


def row_of(house: House, request_id: str) -> Representation:
    with house.reading() as session:
        found: Representation = session.get_one(Representation, request_id)
    return found


def request_of(house: House, request_id: str) -> Request:
    with house.reading() as session:
        found: Request = session.get_one(Request, request_id)
    return found


@pytest.mark.parametrize(
    ("content", "kind"), [(PDF, "application/pdf"), (PNG, "image/png"), (JPEG, "image/jpeg")]
)
def test_a_document_is_taken_in_sealed_and_without_a_name(
    house: House, content: bytes, kind: str
) -> None:
    request_id = reached(house)

    made = upload(house, request_id, content, kind)

    assert made.status_code == 201, made.json
    assert (made.json["media_type"], made.json["size"]) == (kind, len(content))
    (kept,) = objects(house)
    assert kept.name == made.json["id"]
    assert content[:12] not in kept.read_bytes()
    assert house.get(f"/v1/requests/{request_id}").json["needs"] == []


def test_what_a_document_is_its_content_says_and_nothing_else(house: House) -> None:
    request_id = reached(house)

    assert upload(house, request_id, PNG, "application/pdf").json["media_type"] == "image/png"
    for said in (
        b"<!doctype html><script>alert(1)</script>",
        b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
        b"PK\x03\x04 a zip",
        b"<script>%PDF-1.7",
        b"GIF89a",
        b"",
        b"%PD",
    ):
        refused = upload(house, request_id, said)
        assert refused.status_code == 422, said
        assert refused.json["errors"][0]["allowed"] == [
            "application/pdf", "image/png", "image/jpeg",
        ]  # fmt: skip
    assert upload(house, request_id, PDF, "text/html").status_code == 415
    assert len(objects(house)) == 1


def test_a_picture_that_would_be_huge_is_never_decoded(house: House) -> None:
    """Its head says 2**31 pixels a side: it is bytes to us."""
    bomb = PNG[:16] + b"\x7f\xff\xff\xff\x7f\xff\xff\xff" + b"\x00" * 4096

    assert upload(house, reached(house), bomb, "image/png").status_code == 201


def test_what_is_too_large_leaves_nothing_behind(house: House) -> None:
    request_id = reached(house)
    huge = PDF + b"0" * evidence.MOST_BYTES

    said = upload(house, request_id, huge)
    streamed = house.client.post(
        f"/v1/requests/{request_id}/evidence",
        input_stream=io.BytesIO(huge),
        headers={**house.partner.headers, "Content-Type": "application/pdf"},
        environ_overrides={"wsgi.input_terminated": True},
    )

    assert (said.status_code, streamed.status_code) == (413, 413)
    assert objects(house) == []
    assert house.get(f"/v1/requests/{request_id}/evidence").json["items"] == []


def test_five_megabytes_exactly_are_taken(house: House) -> None:
    whole = PDF + b"0" * (evidence.MOST_BYTES - len(PDF))

    assert upload(house, reached(house), whole).status_code == 201


def test_five_documents_are_enough(house: House) -> None:
    request_id = reached(house)

    found = [upload(house, request_id).status_code for _ in range(6)]

    assert found == [201] * 5 + [409]


def test_documents_are_taken_only_from_whoever_has_proved_their_own_address(house: House) -> None:
    made = house.submit("copy", requester=RELATIVE)

    early = upload(house, made["id"])

    assert (early.status_code, early.json["code"]) == (409, "representative_unproved")
    assert upload(house, house.submit("copy")["id"]).status_code == 404


def test_documents_of_somebody_elses_request_are_not_taken(house: House) -> None:
    request_id = reached(house)

    def token(subject: Any) -> str:
        word = house.partner.assertion(subject, house.clock.now(), "mfa")
        return str(house.post("/v1/portal-tokens", {"assertion": word}).json["token"])

    assert upload(house, request_id, token=token(BOB)).status_code == 404
    assert upload(house, request_id, token=token(ALICE)).status_code == 404
    assert upload(house, "0" * 32).status_code == 404
    assert objects(house) == []


def test_while_staff_have_to_look_a_request_does_not_lapse(house: House) -> None:
    request_id = reached(house)
    assert request_of(house, request_id).next_at is not None

    upload(house, request_id)

    assert request_of(house, request_id).next_at is None


@pytest.mark.requirement("R-ID-3", "R-NEG-29")
def test_with_the_decision_the_documents_are_gone_and_a_record_stays(house: House) -> None:
    request_id = reached(house)
    upload(house, request_id)
    upload(house, request_id, PNG, "image/png")

    state = accepted(house, request_id)

    assert state == State.IN_PROGRESS
    assert objects(house) == []
    kept = row_of(house, request_id)
    assert (kept.method, kept.result) == ("documents", "accepted")
    assert kept.verifier.startswith("staff:")
    assert len(kept.decision_hash) == 64
    assert kept.decided_at == house.clock.now()
    with house.reading() as session:
        rows = evidence.of_request(session, request_id)
        entries = {e.event: e.data for e in audit.entries(session, request_id)}
    assert [(bool(r.wrapped_key), bool(r.destroyed_at)) for r in rows] == [(False, True)] * 2
    assert entries["evidence_decided"]["documents"] == 2
    assert "evidence_destroyed" in entries
    assert "somebody who may" not in str(entries)


def test_accepting_lifts_the_request_to_the_third_level(house: House) -> None:
    request_id = reached(house)
    upload(house, request_id)

    accepted(house, request_id)

    now = house.get(f"/v1/requests/{request_id}").json
    assert (now["state"], now["level"], now["level_needed"]) == ("in_progress", 3, 3)
    with house.reading() as session:
        proofs = {row.proof for row in subjects.identifier_rows(session, request_id)}
        contacts = {row.proof for row in reaching.representatives(session, request_id)}
    assert (proofs, contacts) == ({"review"}, {"code"})


def test_what_the_authority_lacks_is_not_accepted_away(house: House) -> None:
    agent = {**GUARDIAN, "role": "agent", "relation": "lawyer"}
    request_id = reached(house, requester=agent)
    upload(house, request_id)

    with pytest.raises(Conflict, match="poa_matters"):
        accepted(house, request_id)

    assert len(objects(house)) == 1


def test_nothing_is_accepted_without_a_document(house: House) -> None:
    request_id = reached(house)

    with pytest.raises(Conflict, match="no document"):
        accepted(house, request_id)


@pytest.mark.requirement("R-NEG-24")
@pytest.mark.parametrize(
    "role", ["reviewer", "approver", "auditor", "admin", "legal", "automation"]
)
def test_only_a_verifier_decides(house: House, role: str) -> None:
    request_id = reached(house)
    upload(house, request_id)

    with pytest.raises(Forbidden):
        accepted(house, request_id, staff(house, role))
    with pytest.raises(Forbidden):
        refused(house, request_id, "evidence_relation", staff(house, role, role))

    assert request_of(house, request_id).state is State.VERIFYING


def test_what_is_sent_back_is_asked_for_and_the_documents_go_all_the_same(house: House) -> None:
    request_id = reached(house)
    upload(house, request_id)

    refused(house, request_id, "evidence_death")

    now = house.get(f"/v1/requests/{request_id}").json
    assert (now["state"], now["wait"]) == ("verifying", "needs_info")
    assert now["needs"] == ["evidence_death"]
    assert objects(house) == []
    with house.reading() as session:
        events = [n.event for n in session.exec(select(Notice))]
    assert "needs_info" in events
    upload(house, request_id)
    assert house.get(f"/v1/requests/{request_id}").json["needs"] == []
    assert accepted(house, request_id, staff(house, "verifier", "dpo")) == State.IN_PROGRESS


def test_documents_that_show_nothing_end_in_a_denial_with_its_ways_out(house: House) -> None:
    request_id = reached(house)
    upload(house, request_id)

    state = refused(house, request_id, "identity_unverified")

    assert state == State.DENIED
    assert objects(house) == []
    denial = house.get(f"/v1/requests/{request_id}").json["denial"]
    assert denial["reason"] == "identity_unverified"
    assert denial["remedies"]
    assert row_of(house, request_id).result == "refused"


def test_a_reason_that_is_none_names_those_that_are(house: House) -> None:
    request_id = reached(house)
    upload(house, request_id)

    with pytest.raises(Invalid, match="identity_unverified"):
        refused(house, request_id, "too_much_work")


@pytest.mark.requirement("R-NEG-29")
def test_documents_of_a_request_that_ended_otherwise_are_gone_too(house: House) -> None:
    request_id = reached(house)
    upload(house, request_id)

    house.post(f"/v1/requests/{request_id}/cancel")
    assert len(objects(house)) == 1
    house.clock.forward(minutes=2)
    evidence.destroy(house.engine, house.parts.evidence, now=house.clock.now())

    assert objects(house) == []


def test_documents_nobody_decided_on_go_after_thirty_days_and_are_asked_for_anew(
    house: House,
) -> None:
    request_id = reached(house)
    upload(house, request_id)

    house.clock.forward(days=30, seconds=1)
    gone = evidence.destroy(house.engine, house.parts.evidence, now=house.clock.now())

    now = request_of(house, request_id)
    assert (gone, objects(house)) == (1, [])
    assert (now.state, now.needs) == (State.VERIFYING, ["evidence"])
    assert now.next_at is None  # we decided nothing, so no date ends it


def test_an_object_that_could_not_be_deleted_goes_with_the_next_sweep(house: House) -> None:
    request_id = reached(house)
    upload(house, request_id)
    verifier = staff(house, "verifier")
    with house.writing() as session:
        request = requests.locked(session, request_id)
        reviewing.accept(session, house.context, request, verifier, now=house.clock.now())

    with house.reading() as session:
        (row,) = session.exec(select(Evidence)).all()
    assert (row.wrapped_key, row.destroyed_at) == (b"", None)
    assert len(objects(house)) == 1  # the run ended here: bytes without a key
    assert evidence.destroy(house.engine, house.parts.evidence, now=house.clock.now()) == 1
    assert objects(house) == []


def test_an_upload_that_was_cut_off_is_gone_within_the_hour(house: House) -> None:
    request_id = reached(house)

    def cut() -> Any:
        yield PDF
        raise OSError("the line is dead")

    with pytest.raises(OSError, match="dead"):
        taken(house, request_id, cut())

    assert objects(house) == []
    with house.reading() as session:
        assert evidence.live(session, request_id) == []


def taken(house: House, request_id: str, pieces: Any) -> Evidence:
    """Take in what arrives in these pieces, as the web process does."""
    place = house.parts.evidence
    assert place is not None
    return evidence.take(
        house.engine,
        house.context,
        place,
        lambda s: requests.locked(s, request_id),
        pieces,
        actor="subject",
        now=house.clock.now(),
    )


@pytest.mark.requirement("R-NEG-29")
@pytest.mark.parametrize("how", ["accepted", "sent back", "cancelled", "destroyed"])
def test_a_document_on_its_way_while_its_request_is_decided_is_not_kept(
    house: House, how: str
) -> None:
    request_id = reached(house)
    upload(house, request_id)

    def decided() -> Any:
        yield PDF
        if how == "accepted":
            accepted(house, request_id)
        elif how == "sent back":
            refused(house, request_id, "evidence_death")
        elif how == "cancelled":
            house.post(f"/v1/requests/{request_id}/cancel")
        else:
            house.clock.forward(hours=1, seconds=1)
            now = house.clock.now()
            evidence.destroy(house.engine, house.parts.evidence, now=now)
        yield b"the rest"

    with pytest.raises(Conflict, match="nothing of it is kept"):
        taken(house, request_id, decided())

    now = house.clock.now()
    evidence.destroy(house.engine, house.parts.evidence, now=now)
    assert len(objects(house)) == (1 if how == "destroyed" else 0)  # the one that was whole
    with house.reading() as session:
        assert len(evidence.of_request(session, request_id)) == 1


def test_documents_nobody_can_open_any_more_wait_for_nobody(house: House) -> None:
    request_id = reached(house)
    upload(house, request_id)
    with house.writing() as session:
        assert [request.id for request, _ in reviewing.waiting(session)] == [request_id]
        evidence.shred(session, request_id, now=house.clock.now())  # the object is still there

    with house.reading() as session:
        assert reviewing.waiting(session) == []
    with pytest.raises(Conflict, match="no document"):
        accepted(house, request_id)
