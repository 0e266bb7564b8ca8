"""
Which role may do what about a request: one table, read by every surface on which staff act.

Who keeps the records (auditor) and who checks identities (verifier) decides nothing about data,
and no automaton decides anything.

Source: NDSR 9; PIPL 51 (access by least privilege); PIPL 24(3) (no decision by automation alone);
Minors Regulation 36 (a minor's content with the approval of whoever is responsible).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from rights.domain.errors import Forbidden


class Act(StrEnum):
    """What a member of staff does."""

    COMPLETE = "complete"
    REVIEW = "review"
    RETRY = "retry"
    LEAVE_OUT = "leave_out"
    APPROVE = "approve"
    DENY = "deny"
    CONFIRM_DENIAL = "confirm_denial"
    LIFT = "lift"
    READ_HELD = "read_held"
    PLACE_HOLD = "place_hold"
    PROPOSE_RELEASE = "propose_release"
    DECIDE_HOLD = "decide_hold"
    ASK_PROOF = "ask_proof"
    IDENTIFY = "identify"
    CORRESPOND = "correspond"
    ASSIGN_APPEAL = "assign_appeal"
    DECIDE_APPEAL = "decide_appeal"
    ANSWER_COMPLAINT = "answer_complaint"
    VERIFY = "verify"
    OPEN_EVIDENCE = "open_evidence"
    REDACT_EVIDENCE = "redact_evidence"
    OPEN_TASK_DOCUMENT = "open_task_document"
    ASK_MINOR = "ask_minor"
    APPROVE_MINOR = "approve_minor"
    LOG_REQUEST = "log_request"
    LOG_LATE = "log_late"
    ASK_POINTS = "ask_points"
    ASK_AGAIN = "ask_again"
    LOOK = "look"
    FIND_PERSON = "find_person"
    ASSIGN = "assign"
    MANAGE_STAFF = "manage_staff"
    MANAGE_PRODUCTS = "manage_products"
    CHANGE_SETTINGS = "change_settings"
    EXTEND = "extend"
    PAUSE_CLOCK = "pause_clock"
    REPORT = "report"
    READ_TRAIL = "read_trail"
    EXPORT_TRAIL = "export_trail"
    OPEN_INCIDENT = "open_incident"
    HANDLE_INCIDENT = "handle_incident"
    LIST_TOUCHED = "list_touched"
    AUDIT_MINORS = "audit_minors"
    MARK_DUTY = "mark_duty"


AUTOMATION: Final = "automation"

MAY: Final[Mapping[Act, frozenset[str]]] = MappingProxyType(
    {
        Act.COMPLETE: frozenset({"reviewer", "approver", "admin", AUTOMATION}),
        Act.RETRY: frozenset({"reviewer", "approver", "admin", AUTOMATION}),
        Act.REVIEW: frozenset({"reviewer"}),
        Act.LEAVE_OUT: frozenset({"reviewer", "approver"}),
        Act.APPROVE: frozenset({"approver"}),
        Act.DENY: frozenset({"approver", "verifier", "legal", "dpo"}),
        Act.CONFIRM_DENIAL: frozenset({"approver", "legal", "dpo"}),
        Act.LIFT: frozenset({"approver", "legal", "dpo"}),
        Act.READ_HELD: frozenset({"legal"}),
        Act.PLACE_HOLD: frozenset({"reviewer", "approver", "legal", "dpo"}),
        Act.PROPOSE_RELEASE: frozenset({"reviewer", "approver", "legal", "dpo"}),
        Act.DECIDE_HOLD: frozenset({"legal"}),
        Act.ASK_PROOF: frozenset({"verifier", "reviewer", "approver"}),
        Act.IDENTIFY: frozenset({"verifier"}),
        Act.CORRESPOND: frozenset({"reviewer", "approver", "legal", "dpo"}),
        Act.ASSIGN_APPEAL: frozenset({"approver", "legal", "dpo", "admin"}),
        Act.DECIDE_APPEAL: frozenset({"approver", "legal", "dpo"}),
        Act.ANSWER_COMPLAINT: frozenset({"reviewer", "approver", "legal", "dpo"}),
        Act.VERIFY: frozenset({"verifier"}),
        Act.OPEN_EVIDENCE: frozenset({"verifier"}),
        Act.REDACT_EVIDENCE: frozenset({"verifier"}),
        Act.OPEN_TASK_DOCUMENT: frozenset({"approver", "auditor", "dpo"}),
        Act.ASK_MINOR: frozenset({"reviewer", "approver", "verifier", "legal", "dpo"}),
        Act.APPROVE_MINOR: frozenset({"approver", "dpo"}),
        Act.LOG_REQUEST: frozenset({"reviewer", "approver", "verifier", "legal", "dpo"}),
        Act.LOG_LATE: frozenset({"approver", "legal", "dpo"}),
        Act.ASK_POINTS: frozenset({"reviewer", "approver", "legal", "dpo"}),
        Act.ASK_AGAIN: frozenset({"approver", "legal", "dpo"}),
        Act.LOOK: frozenset(
            {"reviewer", "approver", "verifier", "auditor", "admin", "legal", "dpo"}
        ),
        Act.FIND_PERSON: frozenset({"reviewer", "approver", "verifier", "legal", "dpo"}),
        Act.ASSIGN: frozenset({"reviewer", "approver", "legal", "dpo", "admin"}),
        Act.MANAGE_STAFF: frozenset({"admin"}),
        Act.MANAGE_PRODUCTS: frozenset({"admin"}),
        Act.CHANGE_SETTINGS: frozenset({"admin"}),
        Act.EXTEND: frozenset({"approver", "legal", "dpo"}),
        Act.PAUSE_CLOCK: frozenset({"reviewer", "approver", "verifier", "legal", "dpo"}),
        Act.REPORT: frozenset({"auditor", "approver", "legal", "dpo", "admin"}),
        Act.READ_TRAIL: frozenset({"auditor", "dpo"}),
        Act.EXPORT_TRAIL: frozenset({"auditor", "dpo"}),
        Act.OPEN_INCIDENT: frozenset({"reviewer", "approver", "verifier", "admin", "legal", "dpo"}),
        Act.HANDLE_INCIDENT: frozenset({"legal", "dpo"}),
        Act.LIST_TOUCHED: frozenset({"approver", "legal", "dpo"}),
        Act.AUDIT_MINORS: frozenset({"auditor"}),
        Act.MARK_DUTY: frozenset({"legal", "dpo", "admin"}),
    }
)
"""Roles and scopes, one of which is enough; a reason for a denial names fewer (reasons.yaml)."""

BY_A_PERSON: Final = frozenset(
    {
        Act.REVIEW,
        Act.LEAVE_OUT,
        Act.APPROVE,
        Act.DENY,
        Act.CONFIRM_DENIAL,
        Act.LIFT,
        Act.READ_HELD,
        Act.PLACE_HOLD,
        Act.PROPOSE_RELEASE,
        Act.DECIDE_HOLD,
        Act.ASK_PROOF,
        Act.IDENTIFY,
        Act.CORRESPOND,
        Act.ASSIGN_APPEAL,
        Act.DECIDE_APPEAL,
        Act.ANSWER_COMPLAINT,
        Act.VERIFY,
        Act.OPEN_EVIDENCE,
        Act.REDACT_EVIDENCE,
        Act.OPEN_TASK_DOCUMENT,
        Act.ASK_MINOR,
        Act.APPROVE_MINOR,
        Act.LOG_REQUEST,
        Act.LOG_LATE,
        Act.ASK_POINTS,
        Act.ASK_AGAIN,
        Act.LOOK,
        Act.FIND_PERSON,
        Act.ASSIGN,
        Act.MANAGE_STAFF,
        Act.MANAGE_PRODUCTS,
        Act.CHANGE_SETTINGS,
        Act.EXTEND,
        Act.PAUSE_CLOCK,
        Act.REPORT,
        Act.READ_TRAIL,
        Act.EXPORT_TRAIL,
        Act.OPEN_INCIDENT,
        Act.HANDLE_INCIDENT,
        Act.LIST_TOUCHED,
        Act.AUDIT_MINORS,
        Act.MARK_DUTY,
    }
)
"""Decisions, what people are told, and the console: ``automation`` does none of it."""


def check(has: Iterable[str], act: Act, *, narrower: frozenset[str] | None = None) -> None:
    """
    Make sure that somebody may do this.

    Args:
        has: Their roles and scopes.
        narrower: What is asked for in this case, within what the act asks for.

    Raises:
        Forbidden: they may not; names the act and who may.
    """
    mine = frozenset(has)
    may = MAY[act] if narrower is None else MAY[act] & narrower
    who = sorted(may - {AUTOMATION})
    if act in BY_A_PERSON and AUTOMATION in mine:
        message = f"{act}: a decision is taken by a person, never by an automaton"
        raise Forbidden(message, act=act, roles=who)
    if not mine & may:
        raise Forbidden(f"{act} is for {', '.join(who)}", act=act, roles=who)


def may(has: Iterable[str], act: Act) -> bool:
    """Return whether somebody with these roles and scopes may do this."""
    try:
        check(has, act)
    except Forbidden:
        return False
    return True
