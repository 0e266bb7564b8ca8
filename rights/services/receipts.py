"""
The signed statement of outcome. Workers write it, once; here it is read, given away, checked.

The check needs the file and nothing else: no register, no network. A signature under the key
in the file shows that nothing was changed; that the key is the company's shows only by
comparing it with the one the company publishes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import orjson
from sqlmodel import Session

from rights.domain.errors import ConfigError, Invalid, NotFound
from rights.domain.merkle import root, salted
from rights.services import not_me
from rights.services.signing import Signer, public_key, verify
from rights.store.models import ReceiptOpening, ReceiptRow, Request

FORMAT: Final = "rights-receipt/1"
SALT_BYTES: Final = 32
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


def read_opening(session: Session, request: Request) -> ReceiptOpening | None:
    """Return what opens the root of a request's receipt."""
    return session.get(ReceiptOpening, request.id)


def leaf_bytes(leaf: Mapping[str, Any]) -> bytes:
    """Return the bytes of one leaf as the root covers them: canonical JSON."""
    return orjson.dumps(dict(leaf), option=orjson.OPT_SORT_KEYS)


def opening(row: ReceiptOpening | None) -> dict[str, Any]:
    """Return what opens the root: for the person, never for the public."""
    if row is None:
        return {}
    return {"salt": base64.b64encode(row.salt).decode(), "leaves": row.leaves}


def shown(session: Session, request: Request) -> dict[str, Any]:
    """
    Return the receipt as its person gets it: the signed text, what checks it, what opens its root.

    Raises:
        NotFound: the request has not been answered yet.
        Forbidden: it is stopped: somebody says that it was not them.
    """
    not_me.check(request)
    row = read(session, request)
    return {
        "request_id": row.request_id,
        "body": row.body,
        "key_id": row.key_id,
        "signature": row.signature,
        "created_at": row.created_at.isoformat(),
        **opening(read_opening(session, request)),
    }


def export(row: ReceiptRow, signer: Signer, opened: ReceiptOpening | None = None) -> dict[str, Any]:
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
        **opening(opened),
    }


@dataclass(frozen=True, slots=True)
class Verified:
    """
    What a receipt file says, and whether it was signed so.

    Args:
        ok: The signature holds under the key that was used, and the effects, where the file
            has them, are those that were signed.
        body: The statement; empty unless ``ok``.
        key_id: The name of the key, as the file has it.
        fingerprint: SHA-256 of the public key that was used, to compare with the published one.
        trusted: The key was given from outside, not taken from the file.
        effects: The effects in the file are those under the signed root; None if it has none.
        lines: The same for reading.
    """

    ok: bool
    body: Mapping[str, Any]
    key_id: str
    fingerprint: str
    trusted: bool
    effects: bool | None = None
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
    whole = _document(content)
    parts = _parts(whole)
    key = public_key or parts["public_key"]
    signed = verify(_key(key), parts["receipt"].encode(), parts["signature"])
    body = _body(parts["receipt"]) if signed else {}
    effects = _effects(body, whole) if signed and whole.get("salt") else None
    found = Verified(
        signed and effects is not False,
        body,
        parts["key_id"],
        _fingerprint(key),
        trusted=public_key is not None,
        effects=effects,
    )
    return replace(found, lines=tuple(_lines(found)))


def _effects(body: Mapping[str, Any], whole: Mapping[str, Any]) -> bool:
    """Return whether the leaves of the file are those of the signed root, and add up."""
    leaves, claimed = whole.get("leaves"), body.get("effects")
    if not isinstance(leaves, list) or not isinstance(claimed, dict):
        return False
    if not all(isinstance(leaf, dict) for leaf in leaves):
        return False
    try:
        salt = base64.b64decode(str(whole["salt"]), validate=True)
    except binascii.Error:
        return False
    made = root(salted(salt, map(leaf_bytes, leaves))).hex()
    return made == claimed.get("root") and _adds_up(body, leaves)


def _adds_up(body: Mapping[str, Any], leaves: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether the counts of the effects are those of the outcome."""
    effects: Counter[tuple[str, str]] = Counter()
    for leaf in leaves:
        effects[leaf["collection"], leaf["action"]] += leaf["affected"]
    told: Counter[tuple[str, str]] = Counter()
    for line in body.get("outcome", ()):
        told[f"{line['store']}.{line['collection']}", line["action"]] += line["affected"]
    return all(told[place] == count for place, count in effects.items())


def _document(content: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise Invalid("this is not a receipt file: it is not JSON") from None
    if not isinstance(found, dict):
        raise Invalid("this is not a receipt file: it is not a JSON object")
    return _as_exported(found)


def _parts(found: Mapping[str, Any]) -> dict[str, str]:
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
        yield f"{place or '-'}: " + ", ".join(f"{k}={_said(v)}" for k, v in facts.items())
    for store in found.body.get("stores", ()):
        yield f"{store['store']}: " + "; ".join(_proved(store))
    if found.effects is not None:
        word = "are those that were signed" if found.effects else "are NOT those that were signed"
        yield f"the effects in the file {word}"


def _said(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


def _proved(store: Mapping[str, Any]) -> Iterator[str]:
    """Yield what was proved of one store, and apart from it what its owner declares."""
    yield f"{store['level']} (read back {store.get('read_back_at') or 'never'})"
    if "physically_gone_by" in store:
        day, by = store["physically_gone_by"], store.get("by")
        yield f"physically gone by {day or 'a day nobody has named'}" + (f" ({by})" if by else "")
    for backup in store.get("backups", ()):
        yield f"backup {backup['name']} until {backup['until']}"
