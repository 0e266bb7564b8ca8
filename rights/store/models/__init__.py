"""The tables of the register. Rows without behaviour: what may happen is in the services."""

from rights.store.models.aftercare import Aftercare, Capsule, ReceiptOpening, Suppression
from rights.store.models.approvals import ContentApproval
from rights.store.models.asking import AskedPoint, AskProposal
from rights.store.models.audit import Checkpoint, CheckpointLeaf, DayChain, Entry, TrailCheck
from rights.store.models.clock_mark import ClockMark
from rights.store.models.clocks import (
    Alert,
    ClockPause,
    ExtensionRow,
    RequestClock,
    ScheduleWarning,
)
from rights.store.models.corrections import CorrectionGuard, DisputedValue, ReleasedValue
from rights.store.models.correspondence import Appeal, Complaint, Writing
from rights.store.models.denying import DenialProposal, PartProposal
from rights.store.models.holds import EscrowKey, HeldRows, HoldApproval, HoldException, LegalHold
from rights.store.models.incidents import (
    IncidentClock,
    IncidentLetter,
    IncidentTold,
    SecurityIncident,
)
from rights.store.models.keys import KeyChallenge, KeyLetter, KeyProof, PersonKey
from rights.store.models.network_identity import NetworkIdentityBridge, NetworkIdentityVisit
from rights.store.models.organisation import DeclaredMap, DutyTerm
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
    TagKeptAway,
    TagSaid,
)
from rights.store.models.portal import PortalSession
from rights.store.models.proofs import ProofDemand, ProofRow, ProofTry
from rights.store.models.reports import AskedReport, PublishedReport
from rights.store.models.representing import (
    Arrangement,
    Evidence,
    Representation,
    RepresentativeContact,
)
from rights.store.models.requests import Bundle, Request
from rights.store.models.results import Grant, Notice, Package, ReceiptRow
from rights.store.models.settings import SettingProposal, SettingValue
from rights.store.models.sign_in import SignIn, SignInProvider
from rights.store.models.staff_access import (
    Assignment,
    Figures,
    SavedView,
    StaffInvitation,
    StaffLogin,
    StaffPasskey,
    StaffSession,
)
from rights.store.models.stores import StoreChange, StoreGate, StoreSchema, StoreTurn
from rights.store.models.takeover import ContactWarning, WarningDue
from rights.store.models.work import (
    JournalRow,
    KeyringRow,
    Lookup,
    OutboxMessage,
    PlanRow,
    StepRow,
    StepState,
    SubjectLock,
    TaskDocument,
)

__all__ = [
    "Aftercare",
    "Alert",
    "Appeal",
    "Arrangement",
    "AskProposal",
    "AskedPoint",
    "AskedReport",
    "Assignment",
    "Backend",
    "BackendKey",
    "Bundle",
    "Capsule",
    "Challenge",
    "Checkpoint",
    "CheckpointLeaf",
    "ClockMark",
    "ClockPause",
    "Complaint",
    "Consent",
    "ContactWarning",
    "ContentApproval",
    "CorrectionGuard",
    "DayChain",
    "DeclaredMap",
    "DenialProposal",
    "DisputedValue",
    "DutyTerm",
    "Entry",
    "EscrowKey",
    "Evidence",
    "ExtensionRow",
    "Figures",
    "Grant",
    "HeldRows",
    "HoldApproval",
    "HoldException",
    "IdempotencyRecord",
    "IdentifierRow",
    "IncidentClock",
    "IncidentLetter",
    "IncidentTold",
    "JournalRow",
    "KeyChallenge",
    "KeyLetter",
    "KeyProof",
    "KeyringRow",
    "LegalHold",
    "Lookup",
    "NetworkIdentityBridge",
    "NetworkIdentityVisit",
    "Nonce",
    "Notice",
    "OutboxMessage",
    "Package",
    "PartProposal",
    "PersonKey",
    "PlanRow",
    "PortalSession",
    "Preference",
    "ProofDemand",
    "ProofRow",
    "ProofTry",
    "PublishedReport",
    "ReceiptOpening",
    "ReceiptRow",
    "ReleasedValue",
    "Representation",
    "RepresentativeContact",
    "Request",
    "RequestClock",
    "SavedView",
    "ScheduleWarning",
    "SealedNote",
    "SecurityIncident",
    "SettingProposal",
    "SettingValue",
    "SignIn",
    "SignInProvider",
    "Staff",
    "StaffInvitation",
    "StaffLogin",
    "StaffPasskey",
    "StaffSession",
    "StepRow",
    "StepState",
    "StoreChange",
    "StoreGate",
    "StoreSchema",
    "StoreStatus",
    "StoreTurn",
    "SubjectLock",
    "Suppression",
    "TagKeptAway",
    "TagSaid",
    "TaskDocument",
    "TrailCheck",
    "WarningDue",
    "WebhookDelivery",
    "WebhookSubscription",
    "Writing",
]
