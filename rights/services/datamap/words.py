"""The closed lists of words a data map may use, and the form of its names."""

from __future__ import annotations

from typing import Final

from rights.domain.actions import IN_A_STORE
from rights.domain.facts import COMPARISONS, USUALLY

NAME: Final = r"[A-Za-z][A-Za-z0-9_-]{0,62}"
NAME_RULE: Final = "letters, digits, _ and -, beginning with a letter, at most 63"
ROW_NAME: Final = r"[^\s:,](?:[^:,\n]*[^\s:,])?"
ROW_RULE: Final = "no colon, comma or line break, no space at the ends"
PERIOD: Final = r"[1-9][0-9]{0,3}[dwmy]"
PERIOD_RULE: Final = "a number and d, w, m or y: 30d, 6m, 3y"
TAG: Final = r"\S(?:[^\n]{0,198}\S)?"
TAG_RULE: Final = "one line, no space at the ends, at most 200 characters"
COUNTRY: Final = r"[A-Z]{2}"
COUNTRY_RULE: Final = "two capital letters: CN"

ADDRESS: Final = r"https?://[^\s\"'<>]{1,500}"
ADDRESS_RULE: Final = "an address that begins with https://"

IDENTIFIER_KINDS: Final = ("account", "contact", "device", "locator")
NORMALISE: Final = ("email", "e164", "lower", "url")
STORE_ROLES: Final = ("controller", "joint", "entrusted", "entrusted_public_sector")
CLASSIFICATIONS: Final = ("general", "important", "core", "unknown")
STRATEGIES: Final = ("flag", "seal", "escrow")
CORRECT_MODES: Final = ("allowed", "self_service", "refused")
CORRECT_TYPES: Final = ("text", "integer", "number", "date", "boolean")
PROOFS: Final = tuple(USUALLY)
COMPARE: Final = COMPARISONS
BY_HAND: Final = tuple(str(one) for one in IN_A_STORE)
ON_SOURCE_ERASURE: Final = ("recompute", "erase", "keep")
REVIEWERS: Final = ("reviewer", "approver", "verifier", "auditor", "admin")

RANKS: Final = {
    "law": "law",
    "regulation": "administrative_regulation",
    "administrative_regulation": "administrative_regulation",
    "departmental_rule": "departmental_rule",
    "standard": "standard",
    "contract": "contract",
    "agreement": "agreement",
    "policy": "policy",
    "litigation": "litigation",
    "authority_order": "authority_order",
}
"""Rank as written, to rank as recorded; ``regulation`` is short for the longer word."""

BASES: Final = (
    "consent",
    "contract",
    "employment",
    "legal_obligation",
    "vital_interest",
    "public_interest",
    "public_disclosure",
    "legitimate_interest",
    "other_law",
)
"""PIPL 13(1)(1)-(7) and GDPR 6(1); a field names the purpose too: ``consent:<purpose>``."""

AI_ROLES: Final = (
    "none",
    "prompt",
    "chat_history",
    "behavioural",
    "training_corpus",
    "finetune_set",
    "embedding",
    "feature",
    "inference_log",
    "model_weights",
)
AI_USES: Final = ("training", "inference", "both", "none")

SWITCHES: Final = ("personalised", "push", "commercial_messages", "public_info", "tags")
"""Switches that requests know by name; others are ``purpose:<name>`` or a decision's flag."""
