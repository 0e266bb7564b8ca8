"""Nobody enters an area but by its guard, and a key opens only what it is for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from rights.services import backends
from rights.services.backends import SCOPES, LiveKeys
from rights.store.models import BackendKey
from rights.web.area import Area
from rights.web.auth import Guard
from rights.web.contract import agreed
from tests.web.house import ALICE, House


def _operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in agreed()["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                yield method.upper(), path, operation


OPERATIONS = list(_operations())


def _filled(path: str) -> str:
    parts = path.split("/")
    return "/".join("0" * 32 if part.startswith("{") else part for part in parts)


def test_every_blueprint_names_its_guard(house: House) -> None:
    for name, blueprint in house.app.blueprints.items():
        assert isinstance(getattr(blueprint, "guard", None), Guard), name


def test_every_view_is_in_a_blueprint_but_for_files(house: House) -> None:
    outside = [r.rule for r in house.app.url_map.iter_rules() if "." not in r.endpoint]

    assert outside == ["/static/<path:filename>"]


def test_every_call_behind_a_key_names_a_known_scope(house: House) -> None:
    named = set()
    for blueprint in house.app.blueprints.values():
        if isinstance(blueprint, Area) and blueprint.guard in (Guard.KEY, Guard.KEY_OR_PORTAL):
            for endpoint, view in house.app.view_functions.items():
                if endpoint.partition(".")[0] == blueprint.name:
                    named.add(vars(view)["scope"])

    assert named == set(SCOPES)


@pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(("method", "path"), [(m, p) for m, p, o in OPERATIONS if o["security"]])
def test_no_credential_no_entry(house: House, method: str, path: str) -> None:
    for headers in (
        {},
        {"Authorization": "Basic eDp5"},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer rk_000000000000_" + "0" * 64},
        {"Authorization": "Bearer nonsense"},
    ):
        response = house.client.open(_filled(path), method=method, headers=headers, json={})

        assert response.status_code == 401
        assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)
@pytest.mark.requirement("R-9-1")
@pytest.mark.parametrize(
    ("method", "path", "scope"), [(m, p, o["x-scope"]) for m, p, o in OPERATIONS if "x-scope" in o]
)
def test_a_key_without_the_scope_is_refused_and_told_which(
    house: House, method: str, path: str, scope: str
) -> None:
    others = [s for s in SCOPES if s != scope]
    with house.writing() as session:
        _, key = backends.issue_key(session, house.partner.id, others, now=house.clock.now())

    response = house.call(method, _filled(path), {}, token=key)

    assert (response.status_code, response.json["code"]) == (403, "forbidden")
    assert scope in response.json["detail"]


@pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("method", "path"), [(m, p) for m, p, o in OPERATIONS if not o["security"]]
)
def test_public_calls_need_nothing(house: House, method: str, path: str) -> None:
    assert house.client.open(path, method=method).status_code == 200


def _key(house: House, **values: Any) -> tuple[str, str]:
    with house.writing() as session:
        row, text = backends.issue_key(
            session, house.partner.id, SCOPES, now=house.clock.now(), **values
        )
    return row.id, text


def test_a_key_is_kept_as_a_hash_and_shown_once(house: House) -> None:
    row_id, text = _key(house)

    with house.reading() as session:
        kept = str(session.get_one(BackendKey, row_id).model_dump())
    assert text.split("_")[2] not in kept


def test_a_key_ends_when_it_says(house: House) -> None:
    _, text = _key(house, expires_at=house.clock.now() + timedelta(hours=1))
    before = house.get("/v1/requests", token=text).status_code
    house.clock.forward(hours=2)

    assert (before, house.get("/v1/requests", token=text).status_code) == (200, 401)


def test_old_and_new_key_both_work_while_one_replaces_the_other(house: House) -> None:
    old_id, old = _key(house)
    with house.writing() as session:
        _, new = backends.rotate(session, old_id, now=house.clock.now())

    both = [house.get("/v1/requests", token=key).status_code for key in (old, new)]
    house.clock.forward(days=1, seconds=1)
    house.parts.keys._live.clear()  # noqa: SLF001 - five seconds later
    after = [house.get("/v1/requests", token=key).status_code for key in (old, new)]

    assert (both, after) == ([200, 200], [401, 200])


def test_a_revoked_key_dies_within_seconds(house: House) -> None:
    row_id, text = _key(house)
    house.get("/v1/requests", token=text)
    with house.writing() as session:
        backends.revoke(session, row_id, now=house.clock.now())

    impatient = LiveKeys(house.engine, fresh_s=0)

    with pytest.raises(Exception, match="not valid"):
        impatient.caller(text, now=house.clock.now())


def test_the_right_prefix_with_a_wrong_secret_is_refused(house: House) -> None:
    prefix = house.partner.key.rpartition("_")[0]

    assert house.get("/v1/requests", token=f"{prefix}_{'0' * 64}").status_code == 401


def test_calls_are_limited_per_key(furnished: Any) -> None:
    house: House = furnished(rate_per_key="3/minute")

    statuses = [house.get("/v1/requests").status_code for _ in range(4)]

    assert statuses == [200, 200, 200, 429]
    assert house.client.get("/v1/kinds").status_code == 200


def test_calls_are_limited_per_address_even_without_a_key(furnished: Any) -> None:
    house: House = furnished(rate_per_address="3/minute")

    statuses = [house.client.get("/v1/requests").status_code for _ in range(4)]

    assert statuses == [401, 401, 401, 429]


def test_limits_go_on_when_redis_is_down(
    settings_of: Any, private_valkey: Any, request: pytest.FixtureRequest
) -> None:
    from tests.web.house import furnish  # noqa: PLC0415 - with a server of its own

    house = furnish(settings_of(redis_url=private_valkey.url, rate_per_key="3/minute"))
    request.addfinalizer(house.engine.dispose)
    request.addfinalizer(house.parts.limits.close)
    private_valkey.stop()

    made = house.post("/v1/requests", {"kind": "access", "subject": ALICE})
    ready = house.client.get("/readyz")
    statuses = [house.get("/v1/requests").status_code for _ in range(3)]

    assert made.status_code == 201
    up = dict.fromkeys(("register", "blobs", "evidence", "keys"), "up")
    assert ready.get_json() == {"status": "degraded", "redis": "down", **up}
    assert statuses == [200, 200, 429]


def test_every_answer_carries_the_hardening_headers(house: House) -> None:
    for response in (house.get("/v1/requests"), house.get("/v1/nothing"), house.get("/docs")):
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
        assert "unsafe" not in response.headers["Content-Security-Policy"]
        assert "Set-Cookie" not in response.headers


def test_over_https_browsers_are_told_to_stay_there(furnished: Any) -> None:
    house: House = furnished(base_url="https://rights.example.com")

    assert "max-age" in house.get("/v1/requests").headers["Strict-Transport-Security"]


@pytest.mark.requirement("R-9-1", "R-9-1:bad")
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("keys", ""),
        ("keys", "k1:c2hvcnQ="),
        ("rate_per_key", "often"),
        ("blobs_url", "ftp://x/y"),
        ("webhook_allow", "what is this"),
        ("datamap", "/nowhere.yaml"),
    ],
)
def test_a_missing_or_broken_setting_is_a_start_up_failure(
    settings_of: Any, name: str, value: str
) -> None:
    from rights.app import create_app  # noqa: PLC0415 - it fails
    from rights.domain.errors import ConfigError  # noqa: PLC0415

    with pytest.raises(ConfigError):
        create_app(settings_of(**{name: value}))


def test_an_unknown_surface_is_refused(settings_of: Any) -> None:
    from rights.app import create_app  # noqa: PLC0415 - it fails
    from rights.domain.errors import ConfigError  # noqa: PLC0415

    with pytest.raises(ConfigError, match="surfaces"):
        create_app(settings_of(), surfaces=("television",))
