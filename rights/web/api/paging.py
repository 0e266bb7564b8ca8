"""Cursors: where a list goes on, written so that nobody is tempted to count with them."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlmodel import Session

from rights.domain.errors import FieldError, Invalid
from rights.services import acknowledgement
from rights.store.ids import ID
from rights.store.models import Request
from rights.web.parts import parts


def page(session: Session, found: Sequence[Request], limit: int) -> dict[str, Any]:
    """Return a page of *found*, of which there is one more than fits when there is a next."""
    context = parts().context
    here = found[:limit]
    reachable = acknowledgement.reachable(session, context, here)
    items = [acknowledgement.of(context, r, reachable=r.id in reachable) for r in here]
    return {"items": items, "next": _written(here[-1]) if len(found) > limit else None}


def _written(last: Request) -> str:
    text = orjson.dumps([last.received_at.isoformat(), last.id])
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def read(cursor: str | None) -> tuple[datetime, str] | None:
    """Return where a page begins. Raises Invalid for anything but a cursor of ours."""
    if not cursor:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        at, last = orjson.loads(text)
        moment = datetime.fromisoformat(at).astimezone(UTC)
        known = ID.fullmatch(last) is not None
    except (binascii.Error, ValueError, TypeError, OverflowError):
        known = False
    if not known:
        wrong = FieldError("cursor", "is not a cursor: use `next` of the page before")
        raise Invalid("the cursor cannot be read", [wrong])
    return moment, last
