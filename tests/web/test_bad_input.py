"""What is wrong is named, field by field, with what would do instead."""

from __future__ import annotations

from typing import Any

import pytest

from rights.domain.kinds import Kind
from tests.web.house import ALICE, House

pytestmark = pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)
"""What is refused at the door does not reach the register, so one register will do."""

KINDS = [str(k) for k in Kind]
TYPES = ["device_id", "email", "phone", "user_id"]


def _new(**more: Any) -> dict[str, Any]:
    return {"kind": "access", "subject": ALICE, **more}


WRONG: list[tuple[dict[str, Any], str, list[str] | None]] = [
    ({"subject": ALICE}, "kind", None),
    (_new(kind="oblivion"), "kind", KINDS),
    (_new(kind=7), "kind", KINDS),
    (_new(kind=None), "kind", None),
    (_new(option="nothing"), "option", None),
    (_new(option="delete"), "option", ["records", "summary", "recipients", "ai_use"]),
    (_new(kind="portability", option="push"), "option", ["pull"]),
    (_new(colour="red"), "colour", None),
    (_new(parameters={"colour": "red"}), "parameters.colour", None),
    (_new(parameters={"ground": "other"}), "parameters.ground", ["categories"]),
    (_new(parameters={"categories": ["love"]}), "parameters.categories.0", None),
    (_new(parameters={"categories": "contact"}), "parameters.categories", None),
    (_new(values={"tags": ["a"]}), "values.tags", []),
    (_new(kind="deletion", parameters={"ground": "spite"}), "parameters.ground", None),
    (
        _new(kind="consent_withdrawal", parameters={"purposes": ["x"]}),
        "parameters.purposes.0",
        ["newsletter", "service"],
    ),
    (_new(subject={}, kind="account_cancellation"), "subject", None),
    (_new(subject="alice"), "subject", None),
    (_new(subject={"shoe_size": "42"}), "subject.shoe_size", TYPES),
    (_new(subject={"email": "not an address"}), "subject.email", None),
    (_new(subject={"email": 5}), "subject.email", None),
    (_new(subject={"user_id": ""}), "subject.user_id", None),
    (_new(subject={"user_id": "a\u0000b"}), "subject.user_id", None),
    (_new(subject={"phone": "12"}), "subject.phone", None),
    ({"kind": "access"}, "subject", TYPES),
    (_new(regimes=[""]), "regimes.0", None),
    (_new(locale="fr"), "locale", ["zh-CN", "en"]),
    (_new(follows="x"), "follows", None),
    (_new(follows="0" * 32), "follows", None),
    (_new(kind="correction", values={"changes": []}), "values.changes", None),
    (_new(kind="correction", values={"changes": [{"value": 1}]}), "values.changes.0.field", None),
    (
        _new(kind="correction", values={"changes": [{"field": "shop.users.shoe", "value": 1}]}),
        "values.changes.0.field",
        None,
    ),
    (
        _new(
            kind="correction",
            values={"changes": [{"field": "shop.users.password_hash", "value": "x"}]},
        ),
        "values.changes.0.field",
        None,
    ),
    (
        _new(
            kind="correction", values={"changes": [{"field": "shop.users.verdict", "value": "x"}]}
        ),
        "values.changes.0.field",
        ["explanation", "access"],
    ),
    (
        _new(kind="correction", values={"changes": [{"field": "shop.users.nickname", "value": 5}]}),
        "values.changes.0.value",
        None,
    ),
    (
        _new(
            kind="correction",
            values={"changes": [{"field": "shop.users.nickname", "value": "x" * 21}]},
        ),
        "values.changes.0.value",
        None,
    ),
    (
        _new(
            kind="correction",
            values={"changes": [{"field": "shop.users.nickname", "value": "<b>"}]},
        ),
        "values.changes.0.value",
        None,
    ),
    (
        _new(
            kind="correction",
            values={"changes": [{"field": "shop.users.birthday", "value": "yesterday"}]},
        ),
        "values.changes.0.value",
        None,
    ),
]


@pytest.mark.requirement("R-23-1:bad")
@pytest.mark.parametrize(("body", "field", "allowed"), WRONG)
def test_each_wrong_field_is_named(
    house: House, body: dict[str, Any], field: str, allowed: list[str] | None
) -> None:
    response = house.post("/v1/requests", body)

    assert response.status_code == 422
    assert response.headers["Content-Type"] == "application/problem+json"
    named = {e["field"]: e for e in response.json["errors"]}
    assert field in named, named
    if allowed is not None:
        assert named[field]["allowed"] == allowed


def test_every_mistake_is_named_at_once(house: House) -> None:
    response = house.post(
        "/v1/requests", {"kind": "oblivion", "subject": {"email": 5}, "colour": "red"}
    )

    assert {e["field"] for e in response.json["errors"]} == {"kind", "subject.email", "colour"}


@pytest.mark.requirement("R-23-1:bad")
@pytest.mark.parametrize(
    ("data", "kind", "status", "code"),
    [
        (b"", "application/json", 400, "empty_body"),
        (b"  \n", "application/json", 400, "empty_body"),
        (b"{", "application/json", 400, "malformed_json"),
        (b"[]", "application/json", 400, "malformed_json"),
        (b"null", "application/json", 400, "malformed_json"),
        (b'{"kind": NaN}', "application/json", 400, "malformed_json"),
        (b'{"kind": "\xff"}', "application/json", 400, "malformed_json"),
        (b'{"kind": "\\ud800"}', "application/json", 400, "malformed_json"),
        (b"[" * 5000, "application/json", 400, "malformed_json"),
        (b"kind=access", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        (b'{"kind": "access"}', "text/plain", 415, "unsupported_media_type"),
        (b'{"kind": "access"}', "", 415, "unsupported_media_type"),
        (b'{"a": "' + b"x" * 300_000 + b'"}', "application/json", 413, "too_large"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(
    house: House, data: bytes, kind: str, status: int, code: str
) -> None:
    response = house.client.post(
        "/v1/requests", data=data, content_type=kind, headers=house.partner.headers
    )

    assert (response.status_code, response.get_json()["code"]) == (status, code)


def test_a_refused_body_is_not_repeated(house: House) -> None:
    canary = "canary-4711"
    bodies: list[dict[str, Any]] = [
        {"kind": canary, "subject": ALICE},
        {"kind": "access", "subject": {"email": canary}},
        {
            "kind": "correction",
            "subject": ALICE,
            "values": {"changes": [{"field": "shop.users.birthday", "value": canary}]},
        },
    ]

    for body in bodies:
        assert canary.encode() not in house.post("/v1/requests", body).data


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "limit=x",
        "colour=red",
        "state=lost",
        "kind=oblivion",
        "limit=1&limit=2",
    ],
)
def test_a_wrong_query_is_refused_by_name(house: House, query: str) -> None:
    response = house.get(f"/v1/requests?{query}")

    assert response.status_code == 422
    assert response.json["errors"][0]["field"] == query.partition("=")[0]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/nothing", 404),
        ("PUT", "/v1/requests", 405),
        ("GET", "/v1/requests/x", 404),
        ("GET", "/v1/requests/", 404),
        ("OPTIONS", "/v1/requests", 405),
    ],
)
def test_addresses_that_are_not_there_answer_with_a_problem(
    house: House, method: str, path: str, status: int
) -> None:
    response = house.call(method, path)

    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"


def test_a_wrong_method_is_told_the_right_ones(house: House) -> None:
    assert "POST" in house.call("PUT", "/v1/requests").headers["Allow"]
