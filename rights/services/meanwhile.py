"""
While somebody waits before their account is cancelled, their data is out of use already.

The restriction is a request of its own, linked ``follows`` to the cancellation: it has a plan, a
receipt and an answer like any other. It ends, by another one, when the cancellation is called off;
when that begins, the restriction is not needed any more.

Source: NDSR 23; PIPL 44; GB/T 35273-2020 8.5.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

from sqlmodel import Session, col, select

from rights.domain.kinds import Kind, Option
from rights.domain.levels import Acr
from rights.domain.lifecycle import CALLED_OFF, TERMINAL, Event, State
from rights.domain.parameters import MEANWHILE
from rights.domain.products import PRODUCTS, alone, named
from rights.services import (
    cooling,
    intake,
    lifting,
    off_meanwhile,
    on_behalf,
    requests,
    subjects,
)
from rights.services.context import Context
from rights.store.models import IdentifierRow, Request

_DONE: Final = (State.FULFILLED, State.PARTIALLY_FULFILLED)


def of(session: Session, cancellation: Request) -> Request | None:
    """Return the restriction that a cancellation which waits, or waited, brought about."""
    query = select(Request).where(
        Request.subject == cancellation.subject,
        Request.follows == cancellation.id,
        Request.kind == Kind.RESTRICTION,
        Request.option == Option.RESTRICT,
    )
    found = session.exec(query.order_by(col(Request.received_at)))
    return next((one for one in found if MEANWHILE in one.parameters), None)


def begin(
    session: Session, context: Context, cancellation: Request, *, now: datetime
) -> Request | None:
    """
    Open the restriction, once; its switches are off for products that ask from now on.

    Where some products are cancelled and not the account, it is about what is theirs alone; no
    switch is touched, for those are the account's.

    Returns:
        It; None where it was opened before, somebody says that the cancellation is not theirs, or
        nothing of those products can be put out of use.
    """
    proved = _proved(session, cancellation)
    if cancellation.not_me_at is not None or not proved or of(session, cancellation) is not None:
        return None
    if not restrictable(context, cancellation):
        return None
    who = subjects.opened(context.vault, proved)
    made, _ = intake.submit(session, context, _submission(cancellation, who), now=now)
    made.subject = cancellation.subject  # under whichever name the cancellation is known
    how = {row.type: row for row in proved}
    for row in subjects.identifier_rows(session, made.id):
        row.proof, row.proved_at = how[row.type].proof, how[row.type].proved_at
        session.add(row)
    on_behalf.carry(session, context, cancellation, made)
    if not named(made.parameters):
        off_meanwhile.put_off(session, context, made, who, now=now)
    return made


def _submission(cancellation: Request, who: Mapping[str, str]) -> intake.Submission:
    return intake.Submission(
        kind=Kind.RESTRICTION,
        option=Option.RESTRICT,
        identifiers=who,
        backend_id=cancellation.backend_id,
        parameters={MEANWHILE: True, **_about(cancellation)},
        regimes=tuple(cancellation.regimes),
        regimes_because=cancellation.regimes_because,
        locale=cancellation.locale,
        channel=cancellation.channel,  # what its letters may tell depends on it
        attested=frozenset(who),
        acr=Acr(cancellation.acr) if cancellation.acr else None,
        proved=cancellation.level,
        age_band=cancellation.age_band,
        follows=cancellation.id,
        apart=cancellation.id,
        notify=False,
    )


def restrictable(context: Context, cancellation: Request) -> bool:
    """Return whether anything can be put out of use while a cancellation waits."""
    wanted = named(cancellation.parameters)
    mine = (c for c in context.datamap.collections if alone(c.products, wanted))
    return not wanted or any(c.restriction for c in mine)


def _about(cancellation: Request) -> dict[str, list[str]]:
    """Return which products a restriction is about, if not the account."""
    wanted = sorted(named(cancellation.parameters))
    return {PRODUCTS: wanted} if wanted else {}


def _proved(session: Session, cancellation: Request) -> list[IdentifierRow]:
    """Return what leads the cancellation to rows, and so may lead the restriction there."""
    weak = bool(cancellation.acr) and cancellation.level_needed > 1
    rows = subjects.identifier_rows(session, cancellation.id)
    return [row for row in rows if row.proof and not (weak and row.proof == "code")]


def overtaken(session: Session, cancellation: Request, *, now: datetime) -> None:
    """Call off a restriction that is not done yet: its cancellation begins."""
    made = of(session, cancellation) if cancellation.kind is Kind.ACCOUNT_CANCELLATION else None
    if made is not None and made.state not in TERMINAL:
        _call_off(session, made, cancellation, now)


def closed(
    session: Session, context: Context, request: Request, *, begun: bool, now: datetime
) -> None:
    """
    Let the restriction end with a cancellation that was called off; looking twice is harmless.

    Args:
        request: What was closed: the cancellation, or the restriction itself.
        begun: The restriction has changed something, or may have.
    """
    if request.state not in CALLED_OFF:
        return
    if request.kind is Kind.ACCOUNT_CANCELLATION and not request.merged_into:
        _end(session, context, request, begun=begun, now=now)
    elif MEANWHILE in request.parameters and not _goes_on(session, request):
        _put_on(session, [request.id], now)


def _end(
    session: Session, context: Context, cancellation: Request, *, begun: bool, now: datetime
) -> None:
    made = of(session, cancellation)
    if made is None:
        return
    made = requests.locked(session, made.id)
    if made.state in _DONE:
        finished(session, context, made, begun=begun, now=now)
    elif made.state in CALLED_OFF:  # overtaken by a cancellation that was called off after all
        _put_on(session, [made.id], now)
    elif not begun:
        _call_off(session, made, cancellation, now)


def finished(
    session: Session, context: Context, restriction: Request, *, begun: bool, now: datetime
) -> None:
    """
    Lift a restriction that was carried out, if its cancellation has been called off by now.

    Args:
        begun: It changed something: there is something to lift.
    """
    cancellation = session.get_one(Request, restriction.follows)
    if cancellation.state not in CALLED_OFF or cancellation.merged_into:
        return
    if not begun:
        _put_on(session, [restriction.id], now)
    elif not lifting.scheduled(session, restriction):
        _lift(session, context, restriction, now)


def part_ended(session: Session, context: Context, cancellation: Request, *, now: datetime) -> None:
    """
    Lift what a restriction left out of use, now that products are cancelled: the account goes on.

    The caller has seen that rows are left which it put out of use and the cancellation did not
    take.
    """
    made = of(session, cancellation)
    if made is not None and made.state in _DONE and not lifting.scheduled(session, made):
        _lift(session, context, made, now)


def _lift(session: Session, context: Context, restriction: Request, now: datetime) -> None:
    lift = lifting.at_once(session, context, restriction, now=now)
    on_behalf.carry(session, context, restriction, lift)


def lifted(session: Session, lift: Request, *, now: datetime) -> None:
    """Let the switches be read as on again that a restriction had put off which *lift* ended."""
    if lift.follows:
        _put_on(session, [lift.follows], now)
        return
    if lift.parameters.get("purposes"):
        return
    same = select(Request).where(
        Request.subject == lift.subject,
        Request.kind == Kind.RESTRICTION,
        Request.option == Option.RESTRICT,
        col(Request.state).in_(_DONE),
    )
    mine = [one.id for one in session.exec(same) if MEANWHILE in one.parameters]
    _put_on(session, mine, now)


def _call_off(session: Session, made: Request, cancellation: Request, now: datetime) -> None:
    data = {"because_of": cancellation.id}
    requests.record(session, made, Event.REVOKED, actor="system", now=now, data=data)


def _put_on(session: Session, ended: Collection[str], now: datetime) -> None:
    """Let switches be read as on again, but for those that another one that stands keeps off."""

    def keeper(who: str) -> str:
        return next((one.id for one in _of(session, who) if _keeps(session, one, ended)), "")

    off_meanwhile.put_on(session, ended, keeper=keeper, now=now)


def _of(session: Session, who: str) -> list[Request]:
    """Return the restrictions of this kind of somebody, by one blind index of theirs."""
    query = select(Request).where(
        col(Request.id).in_(select(IdentifierRow.request_id).where(IdentifierRow.blind == who)),
        Request.kind == Kind.RESTRICTION,
        Request.option == Option.RESTRICT,
    )
    found = session.exec(query.order_by(col(Request.received_at), col(Request.id)))
    return [one for one in found if MEANWHILE in one.parameters]


def _keeps(session: Session, restriction: Request, ended: Collection[str]) -> bool:
    """Return whether a restriction, none of those that ended, keeps the switches off."""
    if (
        restriction.id in ended
        or named(restriction.parameters)
        or not _goes_on(session, restriction)
    ):
        return False
    lifted = select(Request.id).where(
        Request.follows == restriction.id,
        Request.option == Option.LIFT,
        col(Request.state).in_(_DONE),
    )
    return session.exec(lifted.limit(1)).first() is None


def _goes_on(session: Session, restriction: Request) -> bool:
    """
    Return whether the account is to be cancelled, or was: nothing is switched on for it.

    Held on its way it goes on all the same. Only while it waits for its day can the person end
    the restriction and not the cancellation.
    """
    cancellation = session.get_one(Request, restriction.follows)
    if cancellation.state in (*CALLED_OFF, State.EXPIRED):
        return bool(cancellation.merged_into)
    return restriction.state not in CALLED_OFF or not cooling.cools(cancellation)
