"""The tables of the register. Rows without behaviour: what may happen is in the services."""

from rights.store.models.audit import Checkpoint, CheckpointLeaf, DayChain, Entry
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
    "Backend",
    "BackendKey",
    "Bundle",
    "Challenge",
    "Checkpoint",
    "CheckpointLeaf",
    "Consent",
    "DayChain",
    "Entry",
    "Grant",
    "IdempotencyRecord",
    "IdentifierRow",
    "JournalRow",
    "KeyringRow",
    "Lookup",
    "Nonce",
    "Notice",
    "OutboxMessage",
    "Package",
    "PlanRow",
    "Preference",
    "ReceiptRow",
    "Request",
    "SealedNote",
    "Staff",
    "StepRow",
    "StepState",
    "StoreStatus",
    "SubjectLock",
    "WebhookDelivery",
    "WebhookSubscription",
]
