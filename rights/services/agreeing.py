"""
Whether somebody agrees to a purpose that has to be agreed to by itself.

Nobody's data is used for such a purpose before: where nothing is known, the answer is no.

Source: PIPL 14, 29; Interim Measures for Anthropomorphic AI Interaction Services 16.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlmodel import Session, col, select

from rights.domain.purposes import SEPARATE
from rights.services import subjects
from rights.services.context import Context
from rights.store.models import Consent

GRANTED: Final = "granted"


def agreed(
    session: Session, context: Context, identifiers: Mapping[str, str], purpose: str
) -> bool:
    """Return whether the last that this person said, to any backend, is a consent of its own."""
    same = subjects.subjects_of(context.vault, context.datamap, identifiers)
    query = select(Consent).where(col(Consent.subject).in_(same), Consent.purpose == purpose)
    last = session.exec(query.order_by(col(Consent.id).desc()).limit(1)).first()
    return last is not None and last.state == GRANTED and last.manner in SEPARATE
