"""Portal tokens: a person reaches their own requests, for ten minutes, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from rights.services import tokens
from rights.store.models import Backend
from tests.web.house import ALICE, BOB, House


def _token(house: House, subject: Any = ALICE, acr: str | None = "session") -> str:
    body: dict[str, Any] = {"subject": subject}
    if acr:
        body = {"assertion": house.partner.assertion(subject, house.clock.now(), acr)}
    response = house.post("/v1/portal-tokens", body)
    assert response.status_code == 201, response.json
    return str(response.json["token"])


def test_a_person_creates_proves_follows_and_cancels_their_own_request(house: House) -> None:
    token = _token(house)
    made = house.post("/v1/requests", {"kind": "deletion"}, token=token).json
    path = f"/v1/requests/{made['id']}"

    assert (made["state"], made["level"]) == ("verifying", 1)
    answered = house.post(
        f"{path}/verification/answer", {"code": house.code(made["id"])}, token=token
    ).json
    assert (answered["state"], answered["level"]) == ("in_progress", 2)
    assert house.get(path, token=token).json["id"] == made["id"]
    assert house.get(f"{path}/timeline", token=token).json["events"][0]["event"] == "received"
    assert house.post(f"{path}/cancel", token=token).json["state"] == "revoked"


def test_a_person_downloads_with_the_session_and_a_code(house: House) -> None:
    token = _token(house)
    made = house.asserted("access", ALICE)
    package = house.package(made["id"], b"mine")
    path = f"/v1/requests/{made['id']}"
    house.post(f"{path}/verification", {"purpose": "grant"}, token=token)

    code = {"code": house.code(made["id"], "grant")}
    response = house.post(f"{path}/packages/{package}/grants", code, token=token)

    assert response.status_code == 201


def test_a_person_sees_only_their_own(house: House) -> None:
    mine, theirs = house.submit(subject=ALICE), house.submit(subject=BOB)
    token = _token(house)

    listed = house.get("/v1/requests", token=token).json["items"]

    assert [r["id"] for r in listed] == [mine["id"]]
    for call in ("", "/timeline", "/packages", "/receipt"):
        assert house.get(f"/v1/requests/{theirs['id']}{call}", token=token).status_code == 404
    assert house.post(f"/v1/requests/{theirs['id']}/cancel", token=token).status_code == 404


def test_a_person_cannot_speak_for_another(house: House) -> None:
    response = house.post("/v1/requests", {"kind": "copy", "subject": BOB}, token=_token(house))

    assert response.status_code == 422
    assert response.json["errors"][0]["field"] == "subject"


def test_a_person_opts_out_without_any_further_proof(house: House) -> None:
    token = _token(house, {"device_id": "d-1"}, acr=None)

    response = house.post("/v1/preferences/off", {"name": "personalised"}, token=token)

    assert response.status_code == 202
    assert response.json["request"]["state"] == "in_progress"


@pytest.mark.parametrize("path", ["/v1/webhooks", "/v1/portal-tokens", "/v1/consents"])
def test_what_is_the_backends_stays_closed_to_people(house: House, path: str) -> None:
    method = "GET" if path == "/v1/webhooks" else "POST"

    assert house.call(method, path, {}, token=_token(house)).status_code == 401


def test_a_token_ends_after_ten_minutes(house: House) -> None:
    token = _token(house)
    house.clock.forward(minutes=9, seconds=58)
    before = house.get("/v1/requests", token=token).status_code
    house.clock.forward(seconds=5)

    assert (before, house.get("/v1/requests", token=token).status_code) == (200, 401)


def test_tampered_cut_and_foreign_tokens_are_refused_alike(house: House) -> None:
    token = _token(house)
    later = house.clock.now().replace(year=2090)
    other = tokens.make(house.context.vault, "challenge", {"b": "x"}, expires_at=later)

    answers = [
        house.get("/v1/requests", token=bad).json
        for bad in (token[:-3], f"{token[:20]}x{token[21:]}", f"pt_{other}", "pt_", "pt_a.b")
    ]

    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["code"] == "bad_token"


def test_a_token_hides_who_it_is_for(house: House) -> None:
    import base64  # noqa: PLC0415 - only here

    token = _token(house).removeprefix("pt_")
    body = token.partition(".")[0]
    shown = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))

    assert b"alice" not in shown
    assert b"u-1" not in shown


def test_a_closed_backends_people_are_refused(furnished: Any) -> None:
    house: House = furnished()
    token = _token(house)
    house.parts.keys._live.clear()  # noqa: SLF001 - five seconds later
    with house.writing() as session:
        session.get_one(Backend, house.partner.id).closed_at = house.clock.now()

    assert house.get("/v1/requests", token=token).status_code == 401


def test_a_person_reads_their_own_switches_and_nobody_elses(house: House) -> None:
    house.post("/v1/preferences/off", {"subject": BOB, "name": "personalised"})
    token = _token(house)
    read = "/v1/preferences/read"

    own = house.post(read, {"subject": ALICE, "name": "personalised"}, token=token)
    mixed = {**ALICE, **{n: v for n, v in BOB.items() if n not in ALICE}, "device_id": "d-1"}
    theirs = house.post(read, {"subject": BOB, "name": "personalised"}, token=token)
    both = house.post(read, {"subject": mixed, "name": "personalised"}, token=token)

    assert own.status_code == 200
    assert (theirs.status_code, both.status_code) == (403, 403)
