"""
Seal everything anew under the current key.

Keyed hashes stay as they are: a look-up tries every live key, and a key may only be retired
once no row was written under it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import Engine
from sqlmodel import Session, SQLModel, col, select

from rights.services import (
    contacts,
    correction_guard,
    disputes,
    escrow_keys,
    evidence,
    person_keys,
    representatives,
    subjects,
    task_documents,
    writings,
)
from rights.services.network_identity import bridges
from rights.services.sign_in import providers
from rights.services.staff_access import passkeys as staff_passkeys
from rights.services.staff_access import second_factors
from rights.store.db import transaction
from rights.store.models import (
    ContactWarning,
    CorrectionGuard,
    DisputedValue,
    EscrowKey,
    Evidence,
    HeldRows,
    IdentifierRow,
    KeyringRow,
    NetworkIdentityBridge,
    Package,
    PersonKey,
    Representation,
    RepresentativeContact,
    SealedNote,
    SignInProvider,
    StaffLogin,
    StaffPasskey,
    TaskDocument,
    WebhookSubscription,
    Writing,
)
from rights.store.vault import Vault

BATCH: Final = 500

Place = tuple[type[SQLModel], str, str, Callable[[Any], str]]

SEALED: Final[tuple[Place, ...]] = (
    (IdentifierRow, "id", "sealed", lambda r: subjects.aad(r.request_id, r.type)),
    (
        RepresentativeContact,
        "id",
        "sealed",
        lambda r: contacts.aad(r.request_id, r.type),
    ),
    (Representation, "request_id", "sealed", lambda r: representatives.aad(r.request_id)),
    (SealedNote, "id", "sealed", lambda r: f"note|{r.request_id}|{r.purpose}|{r.id}"),
    (KeyringRow, "request_id", "sealed", lambda r: f"keyring|{r.request_id}"),
    (HeldRows, "id", "sealed", lambda r: f"held|{r.request_id}|{r.collection}"),
    (EscrowKey, "request_id", "sealed", lambda r: escrow_keys.aad(r.request_id)),
    (DisputedValue, "id", "sealed", lambda r: disputes.aad(r.request_id, r.id)),
    (CorrectionGuard, "id", "sealed", lambda r: correction_guard.aad(r.id)),
    (Writing, "id", "sealed", lambda r: writings.aad(r.request_id, r.purpose, r.id)),
    (SignInProvider, "backend_id", "sealed_secret", lambda r: providers.aad(r.backend_id)),
    (NetworkIdentityBridge, "backend_id", "sealed_secret", lambda r: bridges.aad(r.backend_id)),
    (ContactWarning, "id", "sealed", lambda r: subjects.aad(r.request_id, r.type)),
    (PersonKey, "id", "sealed", lambda r: person_keys.aad(r.id)),
    (StaffLogin, "staff_id", "totp", lambda r: second_factors.aad(r.staff_id)),
    (StaffPasskey, "id", "sealed", lambda r: staff_passkeys.aad(r.id)),
    (WebhookSubscription, "id", "sealed_secret", lambda r: f"webhook|{r.id}"),
)
"""Every column sealed for longer than minutes: table, key, column, and what it is bound to."""


def rotate(engine: Engine, vault: Vault) -> dict[str, int]:
    """Reseal in batches; safe to run again, and while the service is up. Returns counts."""
    out = {}
    for model, key, column, aad in SEALED:
        turn = _resealer(vault, column, aad)
        out[str(model.__tablename__)] = _walk(engine, model, key, turn)
    out["package"] = _walk(engine, Package, "id", _rewrapper(vault, lambda r: f"package|{r.id}"))
    out["evidence"] = _walk(engine, Evidence, "id", _rewrapper(vault, lambda r: evidence.aad(r.id)))
    steps = _rewrapper(vault, lambda r: task_documents.aad(r.id))
    out["task_document"] = _walk(engine, TaskDocument, "id", steps)
    return out


def _walk(engine: Engine, model: type[SQLModel], key: str, turn: Callable[[Any], bool]) -> int:
    done, last = 0, ""
    place = col(getattr(model, key))
    while True:
        with transaction(engine) as session:
            rows = _page(session, model, place, last)
            if not rows:
                return done
            done += sum(turn(row) for row in rows)
            last = getattr(rows[-1], key)


def _page(session: Session, model: type[SQLModel], place: Any, last: str) -> list[Any]:
    query = select(model).where(place > last).order_by(place).limit(BATCH)
    return list(session.exec(query))


def _resealer(vault: Vault, column: str, aad: Callable[[Any], str]) -> Callable[[Any], bool]:
    def turn(row: Any) -> bool:
        sealed = getattr(row, column)
        if not sealed or vault.key_id(sealed) == vault.keyring.current:
            return False
        setattr(row, column, vault.reseal(sealed, aad=aad(row)))
        return True

    return turn


def _rewrapper(vault: Vault, aad: Callable[[Any], str]) -> Callable[[Any], bool]:
    def turn(row: Any) -> bool:
        if not row.wrapped_key or vault.key_id(row.wrapped_key) == vault.keyring.current:
            return False
        row.wrapped_key = vault.rewrap(row.wrapped_key, aad=aad(row))
        return True

    return turn
