"""Signed assertions: what holds, what does not, and that each is good once."""

from __future__ import annotations

import base64
import secrets
from datetime import timedelta
from typing import Any

import orjson
import pytest
from joserfc import jws
from joserfc.jwk import OctKey, OKPKey
from sqlmodel import select

from rights.services import backends
from rights.store.models import Backend, IdentifierRow, Nonce
from tests.web.house import ALICE, BOB, House, Partner, partner


def _submit(house: House, word: str, **more: Any) -> tuple[int, dict[str, Any]]:
    response = house.post("/v1/requests", {"kind": "correction", "assertion": word, **more})
    return response.status_code, response.json


def test_an_assertion_says_who_and_how_surely(house: House) -> None:
    status, made = _submit(house, house.partner.assertion(ALICE, house.clock.now()))

    assert (status, made["level"], made["state"]) == (201, 1, "in_progress")
    with house.reading() as session:
        rows = session.exec(select(IdentifierRow)).all()
    assert {(r.type, r.proof) for r in rows} == {("user_id", "assertion"), ("email", "assertion")}


@pytest.mark.parametrize(("acr", "level"), [("session", 1), ("mfa", 2), ("real_name", 2)])
def test_what_an_assertion_is_worth_depends_on_how_the_person_signed_in(
    house: House, acr: str, level: int
) -> None:
    assert house.asserted("correction", acr=acr)["level"] == level


def test_a_backends_assertions_are_capped(house: House) -> None:
    with house.writing() as session:
        low = partner(session, house.context, "low", house.clock.now(), cap=1)
    word = low.assertion(ALICE, house.clock.now(), "mfa")

    made = house.post("/v1/requests", {"kind": "access", "assertion": word}, token=low.key).json

    assert (made["level"], made["state"]) == (1, "verifying")


def test_a_shared_secret_signs_too(house: House) -> None:
    secret = secrets.token_bytes(32)
    jwk = {"kty": "oct", "k": base64.urlsafe_b64encode(secret).decode().rstrip("="), "kid": "s"}
    with house.writing() as session:
        backend = session.get_one(Backend, house.partner.id)
        vault, now = house.context.vault, house.clock.now()
        backends.add_assertion_key(session, vault, backend, jwk, now=now)
        _, key = backends.issue_key(session, backend.id, backends.SCOPES, now=house.clock.now())
    signer = Partner(house.partner.id, key, OctKey.import_key(secret), "HS256")
    word = signer.assertion(ALICE, house.clock.now())

    response = house.post("/v1/requests", {"kind": "correction", "assertion": word}, token=key)

    assert response.status_code == 201
    with house.reading() as session:
        kept = str(session.get_one(Backend, house.partner.id).assertion_keys)
    assert base64.b64encode(secret).decode() not in kept


def test_the_older_name_of_the_algorithm_is_understood(house: House) -> None:
    house.partner.algorithm = "EdDSA"
    with pytest.warns(UserWarning, match="EdDSA"):
        word = house.partner.assertion(ALICE, house.clock.now())

    assert _submit(house, word)[0] == 201


def test_an_assertion_is_good_once(house: House) -> None:
    word = house.partner.assertion(ALICE, house.clock.now())

    first, _ = _submit(house, word)
    second, problem = _submit(house, word)

    assert (first, second, problem["code"]) == (201, 401, "bad_assertion")


def test_an_assertion_that_came_to_nothing_can_be_used_again(house: House) -> None:
    word = house.partner.assertion(ALICE, house.clock.now())

    refused, _ = _submit(house, word, option="delete")
    taken, _ = _submit(house, word)

    assert (refused, taken) == (422, 201)


def test_used_words_are_kept_as_hashes_only(house: House) -> None:
    _submit(house, house.partner.assertion(ALICE, house.clock.now(), jti="a-readable-nonce"))

    with house.reading() as session:
        (row,) = session.exec(select(Nonce)).all()
    assert len(row.hash) == 64
    assert "readable" not in row.hash


BAD_CLAIMS: list[dict[str, Any]] = [
    {"aud": "elsewhere"},
    {"aud": None},
    {"aud": ["elsewhere", "nowhere"]},
    {"acr": "telepathy"},
    {"acr": None},
    {"jti": None},
    {"jti": ""},
    {"jti": 7},
    {"subject": None},
    {"subject": {}},
    {"subject": "alice"},
    {"subject": {"shoe_size": "42"}},
    {"subject": {"email": "nonsense"}},
    {"iat": None},
    {"exp": None},
    {"exp": "soon"},
    {"exp": 1e400},
]


@pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("claims", BAD_CLAIMS)
def test_whatever_is_wrong_with_it_the_answer_is_the_same(
    house: House, claims: dict[str, Any]
) -> None:
    word = house.partner.assertion(ALICE, house.clock.now(), **claims)

    status, problem = _submit(house, word)

    assert status == 401
    assert problem == _refusal(house)


def _refusal(house: House) -> dict[str, Any]:
    _, problem = _submit(house, "not.a.jws")
    return problem


@pytest.mark.parametrize(
    ("iat", "exp"), [(-600, -300), (-10, 291), (120, 240), (0, 0), (10, -10), (-301, -1)]
)
def test_times_that_do_not_hold_are_refused(house: House, iat: int, exp: int) -> None:
    now = int(house.clock.now().timestamp())
    word = house.partner.assertion(ALICE, house.clock.now(), iat=now + iat, exp=now + exp)

    assert _submit(house, word)[0] == 401


def test_an_old_assertion_is_refused(house: House) -> None:
    word = house.partner.assertion(ALICE, house.clock.now() - timedelta(minutes=5))

    assert _submit(house, word)[0] == 401


def test_a_tampered_or_foreign_assertion_is_refused(house: House) -> None:
    word = house.partner.assertion(ALICE, house.clock.now())
    head, body, mark = word.split(".")
    other = Partner(house.partner.id, "", OKPKey.generate_key("Ed25519"))
    claims = base64.urlsafe_b64decode(body + "==")
    richer = base64.urlsafe_b64encode(claims.replace(b"u-1", b"u-2")).decode().rstrip("=")
    unsigned = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")

    for forged in (
        f"{head}.{richer}.{mark}",
        f"{head}.{body}.{mark[:-4]}AAAA",
        f"{unsigned}.{body}.",
        other.assertion(ALICE, house.clock.now()),
        "",
        "ü.ü.ü",
        "a" * 8193,
    ):
        assert _submit(house, forged)[0] in (401, 422), forged[:20]
    assert _submit(house, word)[0] == 201


def test_a_public_key_cannot_be_turned_into_a_shared_secret(house: House) -> None:
    signing = house.partner.signing
    assert isinstance(signing, OKPKey)
    point = str(signing.as_dict(private=False)["x"])
    public = OctKey.import_key(base64.urlsafe_b64decode(f"{point}="))
    claims = {
        "aud": "rights",
        "acr": "mfa",
        "jti": "n",
        "subject": ALICE,
        "iat": int(house.clock.now().timestamp()),
        "exp": int(house.clock.now().timestamp()) + 60,
    }
    word = jws.serialize_compact({"alg": "HS256"}, orjson.dumps(claims), public, ["HS256"])

    assert _submit(house, word)[0] == 401


def test_one_backends_assertion_is_nothing_at_another(house: House) -> None:
    with house.writing() as session:
        other = partner(session, house.context, "other", house.clock.now())
    word = house.partner.assertion(ALICE, house.clock.now())

    response = house.post("/v1/requests", {"kind": "copy", "assertion": word}, token=other.key)

    assert response.status_code == 401


def test_typed_and_asserted_people_must_be_the_same(house: House) -> None:
    word = house.partner.assertion(ALICE, house.clock.now())

    status, problem = _submit(house, word, subject=BOB)

    assert status == 422
    assert {e["field"] for e in problem["errors"]} == {"subject.user_id", "subject.email"}


@pytest.mark.parametrize(
    "jwk",
    [
        {"kty": "oct", "k": "c2hvcnQ"},
        {"kty": "RSA", "n": "x", "e": "AQAB"},
        {"kty": "OKP", "crv": "Ed25519"},
        {"kty": "OKP", "crv": "X25519", "x": "x"},
        {},
    ],
)
def test_keys_that_are_too_weak_or_of_another_kind_are_refused(
    house: House, jwk: dict[str, str]
) -> None:
    from rights.domain.errors import Invalid  # noqa: PLC0415 - only here

    with pytest.raises(Invalid), house.writing() as session:
        backend = session.get_one(Backend, house.partner.id)
        vault, now = house.context.vault, house.clock.now()
        backends.add_assertion_key(session, vault, backend, jwk, now=now)
