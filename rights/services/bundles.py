"""Bundles, read."""

from __future__ import annotations

from collections.abc import Collection

from sqlmodel import Session, col, select

from rights.domain.errors import NotFound
from rights.store.models import Bundle, Request


def find(
    session: Session, bundle_id: str, *, backend_id: str, subject: Collection[str] | None
) -> tuple[Bundle, list[Request]]:
    """
    Return a bundle and its requests.

    Raises:
        NotFound: it does not exist, or is another backend's or another person's.
    """
    bundle = session.get(Bundle, bundle_id)
    query = (
        select(Request)
        .where(Request.bundle_id == bundle_id)
        .order_by(col(Request.received_at), col(Request.id))
    )
    found = list(session.exec(query))
    foreign = subject is not None and any(r.subject not in subject for r in found)
    if bundle is None or bundle.backend_id != backend_id or not found or foreign:
        raise NotFound("there is no such bundle")
    return bundle, found
