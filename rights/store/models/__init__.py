"""The tables of the register. Rows without behaviour: what may happen is in the services."""

from rights.store.models.aftercare import Aftercare, Capsule, ReceiptOpening, Suppression
from rights.store.models.audit import Checkpoint, CheckpointLeaf, DayChain, Entry
from rights.store.models.corrections import CorrectionGuard, DisputedValue, ReleasedValue
from rights.store.models.holds import EscrowKey, HeldRows, HoldApproval, HoldException, LegalHold
from rights.store.models.parties import (
    Backend,
    BackendKey,
    IdempotencyRecord,
    Staff,
    StoreStatus,
    WebhookDelivery,
    WebhookSubscription,
)
from rights.store.models.people import (
    Challenge,
    Consent,
    IdentifierRow,
    Nonce,
    Preference,
    SealedNote,
)
from rights.store.models.requests import Bundle, Request
from rights.store.models.results import Grant, Notice, Package, ReceiptRow
from rights.store.models.stores import StoreGate, StoreTurn
from rights.store.models.work import (
    JournalRow,
    KeyringRow,
    Lookup,
    OutboxMessage,
    PlanRow,
    StepRow,
    StepState,
    SubjectLock,
)

__all__ = [
    "Aftercare",
    "Backend",
    "BackendKey",
    "Bundle",
    "Capsule",
    "Challenge",
    "Checkpoint",
    "CheckpointLeaf",
    "Consent",
    "CorrectionGuard",
    "DayChain",
    "DisputedValue",
    "Entry",
    "EscrowKey",
    "Grant",
    "HeldRows",
    "HoldApproval",
    "HoldException",
    "IdempotencyRecord",
    "IdentifierRow",
    "JournalRow",
    "KeyringRow",
    "LegalHold",
    "Lookup",
    "Nonce",
    "Notice",
    "OutboxMessage",
    "Package",
    "PlanRow",
    "Preference",
    "ReceiptOpening",
    "ReceiptRow",
    "ReleasedValue",
    "Request",
    "SealedNote",
    "Staff",
    "StepRow",
    "StepState",
    "StoreGate",
    "StoreStatus",
    "StoreTurn",
    "SubjectLock",
    "Suppression",
    "WebhookDelivery",
    "WebhookSubscription",
]
