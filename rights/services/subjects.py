"""Who a request is about: sealed identifiers, and "the same person" by keyed hash."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import orjson
from sqlalchemy import String, bindparam
from sqlmodel import Session, col, select

from rights.domain.datamap import DataMap
from rights.domain.errors import FieldError, Invalid
from rights.domain.identifiers import normalise, plausible
from rights.store import rows
from rights.store.ids import new_id
from rights.store.models import Complaint, IdentifierRow, Request
from rights.store.vault import Vault

_RANK = {"account": 0, "contact": 1, "device": 2, "locator": 3}


def cleaned(datamap: DataMap, given: Mapping[str, str]) -> dict[str, str]:
    """
    Return the identifiers as stores compare them, strongest first.

    Raises:
        Invalid: a type the data map does not know, or a value that cannot be one.
    """
    errors: list[FieldError] = []
    out: dict[str, str] = {}
    for name, value in given.items():
        known = datamap.identifiers.get(name)
        if known is None:
            allowed = tuple(sorted(datamap.identifiers))
            errors.append(FieldError(f"subject.{name}", "is not a known identifier", allowed))
            continue
        if not plausible(value, known.normalise):
            errors.append(
                FieldError(f"subject.{name}", f"is not a valid {name}", rule="not_written_so")
            )
            continue
        out[name] = normalise(value, known.normalise)
    if not given:
        raise nobody(datamap)
    if errors:
        raise Invalid("the subject cannot be read", errors)
    return dict(sorted(out.items(), key=lambda item: rank(datamap, item[0])))


def nobody(datamap: DataMap) -> Invalid:
    """Return the error of what names nobody, with what would."""
    wrong = FieldError("subject", "names nobody", tuple(sorted(datamap.identifiers)))
    return Invalid("the subject cannot be read", [wrong])


def names_somebody(datamap: DataMap, types: Iterable[str]) -> bool:
    """Return whether one of these types leads to a person; where something stands does not."""
    known = datamap.identifiers
    return any(name in known and known[name].kind != "locator" for name in types)


def kinds(datamap: DataMap) -> tuple[str, ...]:
    """Return the types of identifier by which somebody can be named, strongest first."""
    return tuple(sorted(datamap.identifiers, key=lambda name: rank(datamap, name)))


def rank(datamap: DataMap, name: str) -> tuple[int, str]:
    """Return a sort key: accounts, contacts, devices, then where things stand."""
    return _RANK.get(datamap.identifiers[name].kind, 9), name


def blind(vault: Vault, name: str, value: str) -> str:
    """Return the keyed hash by which an identifier is found again."""
    return vault.blind(f"{name}={value}", scope="identifier")


def blinds(vault: Vault, name: str, value: str) -> tuple[str, ...]:
    """Return the hashes of an identifier under every live key: search for any of them."""
    return vault.blinds(f"{name}={value}", scope="identifier")


def subjects_of(vault: Vault, datamap: DataMap, identifiers: Mapping[str, str]) -> tuple[str, ...]:
    """Return "the same person" under every live key, the current one first; none of nobody."""
    if not identifiers:
        return ()
    name = min(identifiers, key=lambda n: rank(datamap, n))
    return blinds(vault, name, identifiers[name])


def subject_of(vault: Vault, datamap: DataMap, identifiers: Mapping[str, str]) -> str:
    """
    Return the blind index of the strongest identifier: "the same person" for us.

    Of nobody: what is the same as nothing else, until somebody is named.
    """
    if not identifiers:
        return vault.blind(new_id(), scope="nobody")
    name = min(identifiers, key=lambda n: rank(datamap, n))
    return blind(vault, name, identifiers[name])


def fingerprint(vault: Vault, *parts: Any) -> str:
    """Return a keyed hash over everything that makes two requests the same request."""
    return vault.blind(
        orjson.dumps(parts, option=orjson.OPT_SORT_KEYS).decode(), scope="fingerprint"
    )


def aad(request_id: str, name: str) -> str:
    """Return what binds a sealed identifier to its row."""
    return f"identifier|{request_id}|{name}"


def rows_for(
    vault: Vault,
    request: Request | Complaint,
    identifiers: Mapping[str, str],
    *,
    proofs: Mapping[str, str],
    now: datetime,
) -> list[IdentifierRow]:
    """Return the sealed rows of *identifiers*, not yet added to a session."""
    return [
        rows.new(
            IdentifierRow,
            id=new_id(),
            request_id=request.id,
            type=name,
            sealed=vault.seal(value.encode(), aad=aad(request.id, name)),
            blind=blind(vault, name, value),
            proof=proofs.get(name, ""),
            proved_at=now if proofs.get(name) else None,
        )
        for name, value in identifiers.items()
    ]


_OF_REQUEST: Final = select(IdentifierRow).where(
    col(IdentifierRow.request_id) == bindparam("request", type_=String)
)


def identifier_rows(session: Session, request_id: str) -> Sequence[IdentifierRow]:
    """Return a request's identifier rows."""
    return session.exec(_OF_REQUEST, params={"request": request_id}).all()


def opened(vault: Vault, rows: Iterable[IdentifierRow]) -> dict[str, str]:
    """Return type to value. Only workers and the sender of notices need the values."""
    return {r.type: value(vault, r) for r in rows}


def value(vault: Vault, row: IdentifierRow) -> str:
    """Return one identifier's value."""
    return vault.open(row.sealed, aad=aad(row.request_id, row.type)).decode()
