"""
Rules of the data map that keep rows though their rank alone does not: who lets them, and for whom.

What was approved is one rule as it was: a rule that is changed is another one.

Source: NDSR 24; PIPL 47(2); E-Commerce Law 24(2).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from sqlmodel import Session, col, select

from rights.domain import duties
from rights.domain.datamap import DataMap, Retention
from rights.domain.errors import Conflict, Invalid, NotFound
from rights.domain.holds import AGREED, APPROVABLE, BY_ITSELF, PLACED
from rights.domain.kinds import Kind, default_option
from rights.services import audit
from rights.services.context import Context
from rights.services.regimes import agreement_holds
from rights.store.models import Backend, HoldApproval, Request, Staff

E_COMMERCE: Final = "cn_ecommerce"


def digest(path: str, rule: Retention) -> str:
    """Return the hash of a rule: what was approved is this rule and no other."""
    said = json.dumps([path, asdict(rule)], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(said.encode()).hexdigest()


def legal(staff: Staff) -> None:
    """
    Make sure that a person may decide about holds.

    Raises:
        Forbidden: they lack the scope, or are an automaton.
    """
    duties.check(staff.roles, duties.Act.DECIDE_HOLD)


def approve(
    session: Session, context: Context, path: str, staff: Staff, *, because: str, now: datetime
) -> HoldApproval:
    """
    Let a retention rule of lower rank hold.

    Args:
        because: The delegation it rests on.

    Raises:
        Forbidden: not theirs to decide.
        Invalid: there is no such rule, or one that needs or bears no approval, or it rests on an
            agreement and no law in use here names one.
        Conflict: it is approved already.
    """
    legal(staff)
    rule = _approvable(context.datamap, path)
    if rule.rank in AGREED and not _agreement_counts(session, context):
        raise Invalid(
            f"rank {rule.rank} keeps nothing here: only the E-Commerce Law names an agreement,"
            f" and requests are not handled under {E_COMMERCE}"
        )
    if not because.strip():
        raise Invalid("say what the rule rests on: --because, the delegation in words")
    known = digest(path, rule)
    if any(row.digest == known for row in live(session)):
        raise Conflict(f"the rule of {path} is approved already", code="rule_approved")
    row = HoldApproval(
        path=path,
        digest=known,
        rank=rule.rank,
        basis=rule.basis,
        because=because.strip()[:400],
        approved_by=f"staff:{staff.id}",
        approved_at=now,
    )
    session.add(row)
    note(session, "hold_approved", staff, now, {"collection": path, "rule": known})
    return row


def _approvable(datamap: DataMap, path: str) -> Retention:
    found = next((c for c in datamap.collections if c.path == path), None)
    rule = found.retention if found else None
    if rule is None:
        raise Invalid(f"the data map has no retention rule for {path}")
    if rule.with_:
        raise Invalid(f"{path} is held as long as {rule.with_}: approve the rule of that one")
    if rule.rank in BY_ITSELF:
        raise Invalid(f"the rule of {path} holds by itself: rank {rule.rank}")
    if rule.rank in PLACED:
        raise Invalid(f"rank {rule.rank} is no rule: place a legal hold")
    if rule.rank not in APPROVABLE:
        raise Invalid(f"nothing is kept under rank {rule.rank}: nobody can approve it")
    if not rule.keep_fields:
        raise Invalid(f"the rule of {path} keeps whole rows: name what it needs in keep_fields")
    return rule


def revoke(session: Session, path: str, staff: Staff, *, now: datetime) -> None:
    """
    End the approval of a rule.

    Raises:
        Forbidden: not theirs to decide.
        NotFound: there is none.
    """
    legal(staff)
    rows = [row for row in live(session) if row.path == path]
    if not rows:
        raise NotFound(f"no rule of {path} is approved")
    for row in rows:
        row.revoked_by, row.revoked_at = f"staff:{staff.id}", now
        session.add(row)
    note(session, "hold_revoked", staff, now, {"collection": path})


def _agreement_counts(session: Session, context: Context) -> bool:
    """Return whether requests are handled under a law that lets an agreement keep something."""
    used = {*context.settings.default_regimes}
    for regimes in session.exec(select(Backend.regimes)):
        used.update(regimes)
    kind = Kind.ACCOUNT_CANCELLATION
    return agreement_holds(kind, default_option(kind), used)


def approved(session: Session, datamap: DataMap, request: Request) -> frozenset[str]:
    """
    Return the collections whose rule of lower rank holds for a request.

    Only under Chinese law, where the delegation is theirs to show; what was agreed only for a
    cancellation under the E-Commerce Law. Of several regimes the strictest decides, so all must
    be Chinese.
    """
    regimes = request.regimes
    if not regimes or not all(name.startswith("cn_") for name in regimes):
        return frozenset()
    agreed = agreement_holds(request.kind, request.option, regimes)
    digests = {
        c.path: digest(c.path, c.retention)
        for c in datamap.collections
        if c.retention
        and c.retention.rank in APPROVABLE
        and (agreed or c.retention.rank not in AGREED)
    }
    known = {row.digest for row in live(session)} if digests else set()
    return frozenset(path for path, its in digests.items() if its in known)


def live(session: Session) -> Sequence[HoldApproval]:
    """Return the approvals that stand."""
    query = select(HoldApproval).where(col(HoldApproval.revoked_at).is_(None))
    return session.exec(query).all()


def note(
    session: Session, event: str, staff: Staff, now: datetime, data: Mapping[str, Any]
) -> None:
    audit.append_day(session, audit.Line(event, f"staff:{staff.id}", data), now=now)
