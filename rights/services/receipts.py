"""
The signed statement of outcome. Workers write it, once; here it is read, given away, checked.

The check needs the file and nothing else: no register, no network. A signature under the key
in the file shows that nothing was changed; that the key is the company's shows only by
comparing it with the one the company publishes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import orjson
from sqlmodel import Session

from rights.domain.errors import ConfigError, Invalid, NotFound
from rights.services.signing import Signer, public_key, verify
from rights.store.models import ReceiptRow, Request

FORMAT: Final = "rights-receipt/1"
_PARTS: Final = ("receipt", "key_id", "signature", "public_key")
_MOST_BYTES: Final = 4_194_304


def read(session: Session, request: Request) -> ReceiptRow:
    """
    Return the receipt of a request.

    Raises:
        NotFound: the request has not been answered yet.
    """
    row = session.get(ReceiptRow, request.id)
    if row is None:
        raise NotFound("there is no receipt: the request has not been answered yet")
    return row


def export(row: ReceiptRow, signer: Signer) -> dict[str, str]:
    """
    Return the file a person keeps: the signed text as it is, and what checks it.

    Raises:
        ConfigError: the key that signed it is not set any more.
    """
    key = signer.public().get(row.key_id)
    if key is None:
        raise ConfigError(
            f"the signing key {row.key_id} is not set: put it back behind the current one, "
            "receipts signed with it are still being asked for"
        )
    return {
        "receipt": row.body,
        "key_id": row.key_id,
        "signature": row.signature,
        "public_key": key,
    }


@dataclass(frozen=True, slots=True)
class Verified:
    """
    What a receipt file says, and whether it was signed so.

    Args:
        ok: The signature holds under the key that was used.
        body: The statement; empty unless ``ok``.
        key_id: The name of the key, as the file has it.
        fingerprint: SHA-256 of the public key that was used, to compare with the published one.
        trusted: The key was given from outside, not taken from the file.
        lines: The same for reading.
    """

    ok: bool
    body: Mapping[str, Any]
    key_id: str
    fingerprint: str
    trusted: bool
    lines: tuple[str, ...] = ()


def verify_file(path: Path, *, public_key: str | None = None) -> Verified:
    """
    Check the receipt in a file, offline.

    Args:
        public_key: Base64, from the company; without it the key in the file is used.

    Raises:
        Invalid: it is not a receipt file, or the key is not one.
    """
    if path.stat().st_size > _MOST_BYTES:
        raise Invalid("this file is too large to be a receipt")
    return verify_export(path.read_bytes(), public_key=public_key)


def verify_export(content: bytes, *, public_key: str | None = None) -> Verified:
    """Check the bytes of a receipt file; see :func:`verify_file`."""
    parts = _parts(content)
    key = public_key or parts["public_key"]
    ok = verify(_key(key), parts["receipt"].encode(), parts["signature"])
    body = _body(parts["receipt"]) if ok else {}
    found = Verified(ok, body, parts["key_id"], _fingerprint(key), trusted=public_key is not None)
    return replace(found, lines=tuple(_lines(found)))


def _parts(content: bytes) -> dict[str, str]:
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise Invalid("this is not a receipt file: it is not JSON") from None
    if not isinstance(found, dict):
        raise Invalid("this is not a receipt file: it is not a JSON object")
    found = _as_exported(found)
    missing = [name for name in _PARTS if not isinstance(found.get(name), str)]
    if missing:
        raise Invalid(f"this is not a receipt file: it lacks {', '.join(missing)}")
    return {name: found[name] for name in _PARTS}


def _as_exported(found: dict[str, Any]) -> dict[str, Any]:
    """Take what the API answers for a file too: the text says which key it was signed with."""
    if "receipt" in found or not isinstance(found.get("body"), str):
        return found
    try:
        signed = orjson.loads(found["body"])
    except orjson.JSONDecodeError:
        return found
    key = signed.get("public_key") if isinstance(signed, dict) else None
    return {"public_key": key, **found, "receipt": found["body"]}


def _key(encoded: str) -> Any:
    try:
        return public_key(encoded)
    except ValueError:
        raise Invalid("the public key must be 32 bytes in base64") from None


def _body(text: str) -> Mapping[str, Any]:
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict) or body.get("format") != FORMAT:
        raise Invalid(f"the signed text is not of the format {FORMAT}")
    return body


def _fingerprint(encoded: str) -> str:
    return hashlib.sha256(_key(encoded).public_bytes_raw()).hexdigest()


def _lines(found: Verified) -> Iterator[str]:
    whence = "given by you" if found.trusted else "from the file: compare it with the published one"
    yield f"key {found.key_id}, SHA-256 {found.fingerprint}, {whence}"
    for name in ("request", "kind", "option", "received_at", "answered_at", "proves", "plan"):
        if name in found.body:
            yield f"{name}: {found.body[name]}"
    for line in found.body.get("outcome", ()):
        place = ".".join(part for part in (line["store"], line["collection"]) if part)
        facts = {k: v for k, v in line.items() if v and k not in {"store", "collection"}}
        yield f"{place or '-'}: " + ", ".join(f"{k}={v}" for k, v in facts.items())
