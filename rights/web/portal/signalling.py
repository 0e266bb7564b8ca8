"""What a browser says by itself, heard where people come in."""

from __future__ import annotations

from flask import g, request
from sqlmodel import Session

from rights.services import signals
from rights.services.portal import Person
from rights.web import watching
from rights.web.parts import parts


def heard(session: Session, who: Person) -> None:
    """Honour the signal of this call, if its browser gives one."""
    if request.headers.get(signals.HEADER, "").strip() != "1":
        return
    here = parts()
    product = here.keys.caller_of(who.backend_id)
    made = signals.honour(session, here.context, product, who, g.language, now=here.now())
    if made is not None:
        watching.received(session, made)
