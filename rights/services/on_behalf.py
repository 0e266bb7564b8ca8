"""
A request that comes of another one is asked for by whoever asked for that, and told to them.

What was shown of their authority goes along, as it stands; documents stay where they were looked
at.

Source: PIPL 31, 49; Civil Code 165.
"""

from __future__ import annotations

from sqlmodel import Session

from rights.services import contacts, reaching, representatives
from rights.services.context import Context
from rights.store import rows
from rights.store.ids import new_id
from rights.store.models import Representation, RepresentativeContact, Request


def carry(session: Session, context: Context, first: Request, following: Request) -> None:
    """Let *following* be asked for as *first* was; nothing where its subject asked alone."""
    following.requester_role, following.age_band = first.requester_role, first.age_band
    following.delivers_to = first.delivers_to
    row = session.get(Representation, first.id)
    if row is None or session.get(Representation, following.id) is not None:
        return
    session.add(_authority(context, row, following))
    session.add_all(
        _contact(context, one, following) for one in reaching.representatives(session, first.id)
    )


def _authority(context: Context, row: Representation, following: Request) -> Representation:
    said = context.vault.open(row.sealed, aad=representatives.aad(row.request_id))
    same = row.model_dump(exclude={"request_id", "sealed"})
    sealed = context.vault.seal(said, aad=representatives.aad(following.id))
    return rows.new(Representation, **same, request_id=following.id, sealed=sealed)


def _contact(
    context: Context, one: RepresentativeContact, following: Request
) -> RepresentativeContact:
    value = contacts.value(context.vault, one)
    return rows.new(
        RepresentativeContact,
        id=new_id(),
        request_id=following.id,
        type=one.type,
        sealed=context.vault.seal(value.encode(), aad=contacts.aad(following.id, one.type)),
        blind=one.blind,
        proof=one.proof,
        proved_at=one.proved_at,
    )
