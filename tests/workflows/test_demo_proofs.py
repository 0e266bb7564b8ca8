"""The demo's proofs must be able to fail: each is shown something wrong here."""

import hashlib
import io
import json
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import urllib3
from redis import Redis

from rights.domain import signing
from workflows.demo.company.people import Person, found
from workflows.demo.smoke import bystanders, canary, evidence
from workflows.demo.smoke.asking import Outcome
from workflows.demo.smoke.bystanders import Everything, Table
from workflows.demo.smoke.canary import Canary
from workflows.demo.smoke.hooks import Receiver

SECRET = "whsec_" + "ZGVtby10ZXN0cy1vbmx5LTMyLWJ5dGVzLWxvbmchISE="
WORD = "canary0123456789abcdef"


def somebody() -> Person:
    return found(date(2026, 11, 22)).people[0]


def outcome(package: bytes) -> Outcome:
    return Outcome("access/records", "access", "0" * 32, "fulfilled", 1.0, package=package)


def zipped(*, manifest_of: bytes, holds: bytes) -> bytes:
    target = io.BytesIO()
    digest = hashlib.sha256(manifest_of).hexdigest()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("users.jsonl", holds)
        listed = {"files": [{"path": "users.jsonl", "sha256": digest}]}
        archive.writestr("manifest.json", json.dumps(listed))
    return target.getvalue()


def test_a_package_that_is_what_its_manifest_says_passes() -> None:
    good = zipped(manifest_of=b"a row", holds=b"a row")
    assert evidence.package_opens([outcome(good)]) == ""


def test_a_changed_file_in_a_package_is_noticed() -> None:
    changed = zipped(manifest_of=b"a row", holds=b"another row")
    assert "users.jsonl" in evidence.package_opens([outcome(changed)])


def test_a_run_without_packages_proves_nothing() -> None:
    assert evidence.package_opens([outcome(b"")])


def test_one_changed_row_of_somebody_else_is_noticed() -> None:
    before = Everything({"shop.users": Table(("id", "name"), [(1, "a"), (2, "b")])})
    after = Everything({"shop.users": Table(("id", "name"), [(1, "a"), (2, "c")])})
    for mine, changes in ((frozenset({1}), ["shop.users"]), (frozenset({2}), [])):
        digests = [bystanders.digests(e, {"shop.users": mine}) for e in (before, after)]
        assert bystanders.changed(*digests) == changes


def test_a_lost_row_of_somebody_else_is_noticed() -> None:
    before = Everything({"shop.users": Table(("id", "name"), [(1, "a"), (2, "b")])})
    after = Everything({"shop.users": Table(("id", "name"), [(1, "a")])})
    digests = [bystanders.digests(e, {}) for e in (before, after)]
    assert bystanders.changed(*digests) == ["shop.users"]


def test_the_canary_is_found_across_the_edge_of_two_pieces(tmp_path: Path) -> None:
    padding = b"x" * ((1 << 20) - 5)
    (tmp_path / "register.db").write_bytes(padding + WORD.upper().encode() + padding)
    (tmp_path / "clean.log").write_bytes(padding)
    assert canary.in_files(Canary(WORD, somebody()), tmp_path) == ["register.db"]


def test_the_canary_is_found_in_the_queue(private_redis_url: str) -> None:
    bird = Canary(WORD, somebody())
    assert canary.in_queue(bird, private_redis_url) == []
    with Redis.from_url(private_redis_url) as client:
        client.hset("rq:job:1", "description", f"erase {WORD}")
    assert canary.in_queue(bird, private_redis_url) == ["redis"]


def test_a_webhook_is_taken_only_with_a_signature_that_holds() -> None:
    receiver = Receiver()
    try:
        body = json.dumps({"type": "request.fulfilled", "data": {"request_id": "0" * 32}}).encode()
        unsigned = urllib3.request("POST", receiver.url, body=body)
        receiver.secret = SECRET
        headers = signing.sign([SECRET], "msg_1", datetime.now(UTC), body)
        forged = urllib3.request("POST", receiver.url, body=body + b" ", headers=headers)
        signed = urllib3.request("POST", receiver.url, body=body, headers=headers)
        assert [unsigned.status, forged.status, signed.status] == [401, 401, 204]
        assert receiver.refused == 2
        assert receiver.wait_for("0" * 32, "request.fulfilled", timeout_s=1)
        assert not receiver.wait_for("1" * 32, "request.fulfilled", timeout_s=0.1)
    finally:
        receiver.stop()
