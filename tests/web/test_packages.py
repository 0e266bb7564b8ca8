"""Packages: a fresh proof for each download, any range of it, and then never again."""

from __future__ import annotations

import hashlib
import os
from typing import Any

import pytest
from sqlmodel import select

from rights.services import purge
from rights.store.models import Entry, Grant, Package
from tests.web.house import ALICE, BOB, House, Reply, partner, reply

CONTENT = os.urandom(64 * 1024 * 3 + 777)


@pytest.fixture
def ready(house: House) -> tuple[House, str, str]:
    made = house.asserted("access", ALICE)
    return house, made["id"], house.package(made["id"], CONTENT)


def _grant(house: House, request_id: str, package_id: str, **given: str) -> Reply:
    return house.post(f"/v1/requests/{request_id}/packages/{package_id}/grants", given)


def _granted(house: House, request_id: str, package_id: str) -> str:
    word = house.partner.assertion(ALICE, house.clock.now(), "mfa")
    response = _grant(house, request_id, package_id, assertion=word)
    assert response.status_code == 201, response.json
    return str(response.json["token"])


def _download(house: House, package_id: str, token: str, method: str = "GET", **h: str) -> Reply:
    headers = {"Authorization": f"Bearer {token}", **{n.replace("_", "-"): v for n, v in h.items()}}
    path = f"/v1/packages/{package_id}/content"
    return reply(house.client.open(path, method=method, headers=headers))


def test_a_package_is_downloaded_whole_with_a_strong_etag(ready: tuple[House, str, str]) -> None:
    house, request_id, package_id = ready

    got = _download(house, package_id, _granted(house, request_id, package_id))

    assert (got.status_code, got.data) == (200, CONTENT)
    assert got.headers["ETag"] == f'"{hashlib.sha256(CONTENT).hexdigest()}"'
    assert got.headers["Content-Type"] == "application/zip"
    assert got.headers["Cache-Control"] == "no-store"
    assert "attachment" in got.headers["Content-Disposition"]


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-65535", 0, 65536),
        ("bytes=65535-65536", 65535, 65537),
        ("bytes=100000-", 100000, len(CONTENT)),
        ("bytes=-10", len(CONTENT) - 10, len(CONTENT)),
        (f"bytes=5-{len(CONTENT) + 99}", 5, len(CONTENT)),
    ],
)
@pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)
def test_any_range_is_sent(ready: tuple[House, str, str], asked: str, start: int, end: int) -> None:
    house, request_id, package_id = ready

    got = _download(house, package_id, _granted(house, request_id, package_id), Range=asked)

    assert (got.status_code, got.data) == (206, CONTENT[start:end])
    assert got.headers["Content-Range"] == f"bytes {start}-{end - 1}/{len(CONTENT)}"
    assert got.headers["Content-Length"] == str(end - start)


@pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)
def test_ranges_that_make_no_sense_get_the_whole_and_those_outside_get_416(
    ready: tuple[House, str, str],
) -> None:
    house, request_id, package_id = ready
    token = _granted(house, request_id, package_id)

    for asked in ("bytes=0-1,5-9", "lines=1-2", "bytes=x", "bytes=9-2"):
        assert _download(house, package_id, token, Range=asked).data == CONTENT, asked
    outside = _download(house, package_id, token, Range=f"bytes={len(CONTENT)}-")
    assert outside.status_code == 416
    assert outside.headers["Content-Range"] == f"bytes */{len(CONTENT)}"


@pytest.mark.parametrize("register_url", ["sqlite"], indirect=True)
def test_a_download_goes_on_only_if_it_is_the_same_package(ready: tuple[House, str, str]) -> None:
    house, request_id, package_id = ready
    token = _granted(house, request_id, package_id)
    tag = f'"{hashlib.sha256(CONTENT).hexdigest()}"'

    same = _download(house, package_id, token, Range="bytes=10-19", If_Range=tag)
    other = _download(house, package_id, token, Range="bytes=10-19", If_Range='"other"')
    weak = _download(house, package_id, token, Range="bytes=10-19", If_Range=f"W/{tag}")
    known = _download(house, package_id, token, If_None_Match=tag)

    assert (same.status_code, same.data) == (206, CONTENT[10:20])
    assert other.data == weak.data == CONTENT
    assert (known.status_code, known.data) == (304, b"")


def test_head_tells_the_size_and_sends_nothing(ready: tuple[House, str, str]) -> None:
    house, request_id, package_id = ready

    got = _download(house, package_id, _granted(house, request_id, package_id), "HEAD")

    assert (got.status_code, got.data) == (200, b"")
    assert got.headers["Content-Length"] == str(len(CONTENT))


@pytest.mark.requirement("R-PKG-2")
@pytest.mark.parametrize(
    ("acr", "code", "status"),
    [
        (None, "", 401),
        ("session", "", 401),
        (None, "code", 401),
        ("mfa", "", 201),
        ("session", "code", 201),
    ],
)
def test_a_download_needs_a_fresh_proof_at_the_requests_level(
    ready: tuple[House, str, str],
    acr: str | None,
    code: str,
    status: int,
) -> None:
    house, request_id, package_id = ready
    given: dict[str, str] = {}
    if acr:
        given["assertion"] = house.partner.assertion(ALICE, house.clock.now(), acr)
    if code:
        house.post(f"/v1/requests/{request_id}/verification", {"purpose": "grant"})
        given["code"] = house.code(request_id, "grant")

    response = _grant(house, request_id, package_id, **given)

    assert response.status_code == status, response.json


def test_a_wrong_code_for_a_download_is_counted(ready: tuple[House, str, str]) -> None:
    house, request_id, package_id = ready
    house.post(f"/v1/requests/{request_id}/verification", {"purpose": "grant"})
    right = house.code(request_id, "grant")
    wrong = f"{(int(right) + 1) % 1_000_000:06d}"

    tries = [_grant(house, request_id, package_id, code=wrong).status_code for _ in range(5)]
    word = house.partner.assertion(ALICE, house.clock.now())
    after = _grant(house, request_id, package_id, code=right, assertion=word)

    assert (set(tries), after.status_code) == ({401}, 429)


@pytest.mark.requirement("R-PKG-2:bad")
def test_a_foreign_persons_assertion_finds_no_package(ready: tuple[House, str, str]) -> None:
    house, request_id, package_id = ready
    word = house.partner.assertion(BOB, house.clock.now(), "mfa")

    assert _grant(house, request_id, package_id, assertion=word).status_code == 404


@pytest.mark.requirement("R-PKG-2", "R-PKG-2:bad")
def test_a_grant_for_one_package_opens_no_other(ready: tuple[House, str, str]) -> None:
    house, request_id, package_id = ready
    other = house.asserted("copy", BOB)
    theirs = house.package(other["id"], b"theirs")
    token = _granted(house, request_id, package_id)

    foreign = _download(house, theirs, token)
    tampered = _download(house, package_id, f"{token[:-2]}zz")
    absent = _download(house, "0" * 32, token)

    assert foreign.status_code == tampered.status_code == absent.status_code == 404
    assert foreign.json == tampered.json == absent.json


@pytest.mark.requirement("R-PKG-2", "R-PKG-2:bad")
def test_a_grant_ends_after_half_an_hour_and_a_package_after_its_days(
    ready: tuple[House, str, str],
) -> None:
    house, request_id, package_id = ready
    token = _granted(house, request_id, package_id)

    house.clock.forward(minutes=31)
    late = _download(house, package_id, token)
    house.clock.forward(days=7)
    word = house.partner.assertion(ALICE, house.clock.now(), "mfa")
    over = _grant(house, request_id, package_id, assertion=word)

    assert (late.status_code, late.json["code"]) == (410, "grant_expired")
    assert (over.status_code, over.json["code"]) == (410, "package_expired")


@pytest.mark.requirement("R-PKG-2", "R-PKG-2:bad")
def test_a_package_is_granted_so_often_and_each_time_is_an_entry(
    ready: tuple[House, str, str],
) -> None:
    house, request_id, package_id = ready
    for _ in range(5):
        _granted(house, request_id, package_id)

    word = house.partner.assertion(ALICE, house.clock.now(), "mfa")
    sixth = _grant(house, request_id, package_id, assertion=word)

    assert (sixth.status_code, sixth.json["code"]) == (410, "grants_used_up")
    with house.reading() as session:
        entries = session.exec(select(Entry).where(Entry.event == "download_granted")).all()
    assert len(entries) == 5
    assert {e.data["package"] for e in entries} == {package_id}


@pytest.mark.requirement("R-PKG-2")
def test_a_purged_package_is_gone_from_the_store_and_its_key_destroyed(
    ready: tuple[House, str, str],
) -> None:
    house, request_id, package_id = ready
    token = _granted(house, request_id, package_id)
    house.clock.forward(days=8)

    counts = purge.purge(house.engine, house.context, house.blobs, now=house.clock.now())

    assert counts["packages"] == 1
    assert list(house.blobs.list()) == []
    with house.reading() as session:
        row = session.get_one(Package, package_id)
        assert (row.wrapped_key, row.state) == (b"", "purged")
        assert session.exec(select(Grant)).all() == []
    assert _download(house, package_id, token).status_code == 404
    assert house.get(f"/v1/requests/{request_id}/packages/{package_id}").json["state"] == "purged"


@pytest.mark.requirement("R-PKG-2")
def test_neither_token_nor_identifier_is_logged_or_part_of_an_address(
    ready: tuple[House, str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    house, request_id, package_id = ready
    word = house.partner.assertion(ALICE, house.clock.now(), "mfa")
    granted = _grant(house, request_id, package_id, assertion=word).json
    _download(house, package_id, granted["token"])

    out = capsys.readouterr()
    assert granted["token"] not in granted["content"]
    assert granted["token"] not in out.out + out.err
    with house.reading() as session:
        kept = str([g.model_dump() for g in session.exec(select(Grant))])
        kept += str([e.model_dump() for e in session.exec(select(Entry))])
    assert granted["token"] not in kept


def test_what_is_missing_is_named_and_a_half_built_package_is_not_shown(house: House) -> None:
    made = house.asserted("access", ALICE)
    missing: Any = [{"path": "shop.orders", "code": "held"}]
    house.package(made["id"], b"x", missing=missing, complete=False)
    house.package(made["id"], b"y", state="building")

    (shown,) = house.get(f"/v1/requests/{made['id']}/packages").json["items"]

    assert (shown["missing"], shown["complete"], shown["level_needed"]) == (missing, False, 2)


def test_another_backend_sees_no_package(ready: tuple[House, str, str]) -> None:
    house, request_id, package_id = ready
    with house.writing() as session:
        other = partner(session, house.context, "other", house.clock.now())

    path = f"/v1/requests/{request_id}/packages"

    assert house.get(path, token=other.key).status_code == 404
    assert house.get(f"{path}/{package_id}", token=other.key).status_code == 404


def test_a_key_is_no_grant_and_a_grant_no_key(ready: tuple[House, str, str]) -> None:
    house, request_id, package_id = ready
    token = _granted(house, request_id, package_id)

    assert _download(house, package_id, house.partner.key).status_code == 401
    assert house.get("/v1/requests", token=token).status_code == 401


def test_bytes_that_were_changed_are_not_sent(ready: tuple[House, str, str]) -> None:
    house, request_id, package_id = ready
    token = _granted(house, request_id, package_id)
    blob = f"packages/{package_id}.zip"
    sealed = bytearray(b"".join(house.blobs.read(blob)))
    sealed[100] ^= 1
    house.blobs.put(blob, [bytes(sealed)])

    assert _download(house, package_id, token).status_code == 500
