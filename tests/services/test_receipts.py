"""Receipts as files: checked with nothing but the file, and the company's key."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session

from rights.domain.errors import ConfigError, Invalid, NotFound
from rights.services.receipts import export, read, verify_file
from rights.services.signing import Signer
from rights.store.models import ReceiptRow
from tests.services.registers import NOW, SEED, new_request, opened, signer

BODY: dict[str, Any] = {
    "format": "rights-receipt/1",
    "request": "9a" * 16,
    "kind": "deletion",
    "option": "delete",
    "answered_at": NOW.isoformat(),
    "outcome": [
        {"store": "shop", "collection": "orders", "action": "erase", "affected": 3, "missing": ""}
    ],
}
OTHER = "s2:" + base64.b64encode(b"o" * 32).decode()


def _row(body: dict[str, Any] | None = None, by: Signer | None = None) -> ReceiptRow:
    text, key = json.dumps(body or BODY), by or signer()
    return ReceiptRow(
        request_id="9a" * 16,
        body=text,
        key_id=key.key_id,
        signature=key.sign(text.encode()),
        created_at=NOW,
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "receipt.json"
    path.write_text(json.dumps(export(_row(), signer())))
    return path


def _change(file: Path, **parts: str) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), **parts}))


def test_a_receipt_as_it_was_given_holds_and_says_what_was_done(file: Path) -> None:
    found = verify_file(file)

    assert found.ok
    assert found.body == BODY
    assert "shop.orders: action=erase, affected=3" in found.lines
    assert "request: " + "9a" * 16 in found.lines


def test_the_answer_of_the_api_is_a_receipt_file_too(tmp_path: Path) -> None:
    row = _row({**BODY, "public_key": signer().public()[signer().key_id]})
    answered = {"request_id": row.request_id, "body": row.body, "key_id": row.key_id}
    path = tmp_path / "answer.json"
    path.write_text(json.dumps({**answered, "signature": row.signature}))

    assert verify_file(path).ok

    path.write_text(json.dumps({**answered, "signature": row.signature, "body": "{}"}))
    with pytest.raises(Invalid):
        verify_file(path)


def test_with_the_key_of_the_company_the_receipt_is_trusted(file: Path) -> None:
    found = verify_file(file, public_key=signer().public()["s1"])

    assert (found.ok, found.trusted) == (True, True)


def test_a_key_that_came_with_the_file_is_said_to_need_comparing(file: Path) -> None:
    found = verify_file(file)

    assert not found.trusted
    assert "compare it with the published one" in found.lines[0]


def test_a_changed_statement_does_not_hold_and_is_not_shown(file: Path) -> None:
    text = json.loads(file.read_text())["receipt"]
    _change(file, receipt=text.replace('"affected": 3', '"affected": 30'))

    found = verify_file(file)

    assert not found.ok
    assert found.body == {}


def test_a_receipt_forged_with_a_key_of_ones_own_fails_against_the_companys(file: Path) -> None:
    forger = Signer(OTHER)
    file.write_text(json.dumps(export(_row(by=forger), forger)))

    assert verify_file(file).ok
    assert not verify_file(file, public_key=signer().public()["s1"]).ok


def test_a_signed_text_that_is_no_receipt_is_refused(file: Path) -> None:
    file.write_text(json.dumps(export(_row({"format": "rights-checkpoint/1"}), signer())))

    with pytest.raises(Invalid, match="rights-receipt/1"):
        verify_file(file)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '"text"', "{}", '{"receipt": 1}', "\x00\xff", "null"]
)
def test_what_is_no_receipt_file_is_refused_in_words(file: Path, content: str) -> None:
    file.write_text(content)

    with pytest.raises(Invalid, match="not a receipt file"):
        verify_file(file)


@pytest.mark.parametrize("key", ["", "not base64", "AAAA"])
def test_a_key_that_is_none_is_refused_in_words(file: Path, key: str) -> None:
    _change(file, public_key=key)

    with pytest.raises(Invalid, match="public key"):
        verify_file(file)


@pytest.mark.parametrize("signature", ["", "AAAA", "not base64"])
def test_a_signature_that_is_none_does_not_hold(file: Path, signature: str) -> None:
    _change(file, signature=signature)

    assert not verify_file(file).ok


def test_a_receipt_signed_with_an_older_key_is_given_with_that_key(file: Path) -> None:
    row = _row()
    both = Signer(f"{OTHER},{SEED}")

    file.write_text(json.dumps(export(row, both)))

    assert verify_file(file).ok
    assert export(row, both)["key_id"] == "s1"


def test_a_receipt_whose_key_was_thrown_away_is_not_given_without_it() -> None:
    with pytest.raises(ConfigError, match="put it back"):
        export(_row(), Signer(OTHER))


def test_an_unanswered_request_has_no_receipt(request: pytest.FixtureRequest) -> None:
    with Session(opened(request, "sqlite")) as session, pytest.raises(NotFound):
        read(session, new_request(session, 1))
