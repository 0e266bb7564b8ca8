"""
A package waits until a member of staff has looked at it, where the company wants that.

It is made, and neither announced nor downloadable. Whoever lets it go names the hash of what they
looked at; one that was made anew since is another one. Its clock runs on: a look that is late is
late like any other work. Who brought the request in does not let its package go.

Source: NDSR 25; PIPL 45, 51. Decided in ADR 0103.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlmodel import Session, col, select

from rights.domain import duties
from rights.domain.duties import Act
from rights.domain.errors import Conflict, FieldError, Invalid
from rights.domain.kinds import Kind
from rights.domain.lifecycle import Event, State, Wait
from rights.services import (
    additions,
    audit,
    not_me,
    outbox,
    own_requests,
    packages,
    replanning,
    requests,
    undecided,
)
from rights.services.context import Context
from rights.services.steps import steps_of
from rights.store.models import Aftercare, Entry, Package, Request, Staff, StepRow, StepState

KEPT_BACK: Final = "package_kept_back"
"""Of the entry that a package waits."""

ANEW: Final = "package_made_anew"
"""Of the entry that one was thrown away after a look."""

LET_GO: Final = "let_go"
"""In the result of a copy that is made anew: which one was let go, and in which round."""

NEVER: Final = "never"
QUARANTINED: Final = "quarantined"

KINDS: Final = frozenset({Kind.ACCESS, Kind.COPY, Kind.PORTABILITY})
"""Kinds whose package may wait. What the law wants at once never does."""

BECAUSE: Final = ("released", "incomplete", "too_much", "changed")
"""Why a package is made anew: staff released passages, it lacks or has something, or the map or a
store is another by now."""

_TAKEN_OUT: Final = ("apart", "withheld", "alerts")
"""What a package step notes of what it left out: passages, and values that had no right to be."""


def applies(context: Context, request: Request, made: Mapping[str, Any]) -> bool:
    """
    Return whether staff look at a package before it goes out, as the setting stands now.

    Args:
        made: What its step notes of it.
    """
    how = context.settings.packages_reviewed
    if how == NEVER or request.kind not in KINDS or requests.queue_of(request) != outbox.WORK:
        return False
    return how != QUARANTINED or any(made.get(name) for name in _TAKEN_OUT)


def standing(session: Session, request: Request) -> tuple[StepRow | Aftercare, Package] | None:
    """
    Return the package of a request that waits to be looked at; None for none.

    Returns:
        Before it the step that is the look, or what is owed to a closed request: its copy anew.
    """
    if request.closed_at is not None:
        return _added(session, request)
    step = packages.look(session, request.id)
    package = session.exec(
        select(Package).where(Package.request_id == request.id, Package.state == packages.IN_REVIEW)
    ).first()
    return (step, package) if step is not None and package is not None else None


def _added(session: Session, request: Request) -> tuple[Aftercare, Package] | None:
    row = session.exec(
        select(Aftercare).where(
            Aftercare.request_id == request.id,
            Aftercare.kind == additions.KIND,
            Aftercare.state == additions.OPEN,
        )
    ).first()
    package = session.get(Package, row.result["package"]) if row is not None else None
    waits = package is not None and package.state == packages.IN_REVIEW
    return (row, package) if row is not None and package is not None and waits else None


def released_since(session: Session, request: Request) -> bool:
    """Return whether passages were released that the package of a request still lacks."""
    told = select(Entry.event).where(
        Entry.chain == request.id, col(Entry.event).in_((KEPT_BACK, "redactions_released"))
    )
    last = session.exec(told.order_by(col(Entry.seq).desc()).limit(1)).first()
    return last not in (None, KEPT_BACK)


def thrown_away(session: Session, request_id: str) -> list[str]:
    """Return the packages of a request that were thrown away after a look: its chain tells."""
    told = select(Entry.data).where(Entry.chain == request_id, Entry.event == ANEW)
    return [str(data["package"]) for data in session.exec(told)]


def let_go(
    session: Session,
    context: Context,
    request: Request,
    sha256: str,
    staff: Staff,
    *,
    now: datetime,
) -> None:
    """
    Let the person have the package that was looked at; the caller has locked the request.

    Raises:
        Forbidden: their roles do not allow it, they brought the request in, or it is stopped.
        Conflict: no package waits, it is another one by now, passages were released that it lacks,
            or a denial waits for a second person.
    """
    duties.check(staff.roles, Act.REVIEW)
    own_requests.check(session, request.id, staff)
    row, package = _looked_at(session, request, sha256)
    if released_since(session, request):
        message = "passages were released that this package lacks: make it anew"
        raise Conflict(message, code="package_lacks_released")
    day = undecided.until(session, context, request)
    if day is not None and day > now:
        message = "a denial of this request waits for a second person: nothing goes out before"
        raise Conflict(message, code="package_denial_waits")
    data, by = {"package": package.id, "sha256": package.sha256}, f"staff:{staff.id}"
    if isinstance(row, StepRow):
        row.state, row.done_at, row.done_by = StepState.DONE, now, by
        row.result = data
    else:  # what was said of it counts as long as nothing more is let through
        said = {"sha256": package.sha256, "round": row.round}
        row.result = {**row.result, LET_GO: said}
        row.state, row.next_at = additions.WAITING, now
    _go_on(session, request, audit.Line("package_let_go", by, data), now)


def make_anew(
    session: Session, request: Request, sha256: str, because: str, staff: Staff, *, now: datetime
) -> None:
    """
    Throw the package away and let everything be read again; the caller has locked the request.

    Args:
        because: One of :data:`BECAUSE`.

    Raises:
        Forbidden: their roles do not allow it, or the request is stopped.
        Invalid: no reason of the list.
        Conflict: no package waits, or it is another one by now.
    """
    duties.check(staff.roles, Act.REVIEW)
    if because not in BECAUSE:
        wrong = FieldError("because", "is none of the list", BECAUSE)
        raise Invalid(f"the reason must be one of: {', '.join(BECAUSE)}", [wrong])
    row, package = _looked_at(session, request, sha256)
    data = {"package": package.id, "sha256": package.sha256, "because": because}
    if isinstance(row, StepRow):
        replanning.throw_away(session, request, steps_of(session, request.id), now)
    else:
        additions.again(row, now)
    _go_on(session, request, audit.Line(ANEW, f"staff:{staff.id}", data), now)


def _looked_at(
    session: Session, request: Request, sha256: str
) -> tuple[StepRow | Aftercare, Package]:
    """Return the package that was looked at, and its look. Raises Conflict, Forbidden."""
    not_me.check(request)
    found = standing(session, request)
    if found is None:
        message = "no package of this request waits for a look"
        raise Conflict(message, code="package_not_waiting")
    if found[1].sha256 != sha256:
        message = "the package was made anew since it was looked at: look at this one"
        raise Conflict(message, code="package_rebuilt")
    return found


def _go_on(session: Session, request: Request, line: audit.Line, now: datetime) -> None:
    """Write down what was said; what waits for the person's answer goes on waiting."""
    if request.state is State.ON_HOLD and request.wait in (Wait.TASK, Wait.STORE):
        requests.record(session, request, Event.RESUMED, actor=line.actor, now=now, before=[line])
        return
    audit.append(session, request, [line], now=now)
