"""What a browser says by itself, heard where people come in."""

from __future__ import annotations

from flask import g, request
from sqlmodel import Session

from rights.domain.errors import RightsError
from rights.logs import get
from rights.services import signals
from rights.services.portal import Person
from rights.web import watching
from rights.web.parts import parts


def heard(session: Session, who: Person) -> None:
    """Honour the signal of this call, if its browser gives one."""
    if request.headers.get(signals.HEADER, "").strip() != "1":
        return
    here = parts()
    product, made = here.keys.caller_of(who.backend_id), None
    try:
        with session.begin_nested():
            made = signals.honour(session, here.context, product, who, g.language, now=here.now())
    except RightsError as error:  # nobody is kept out by what their browser says
        get().warning("portal.signal_refused", code=error.code)
    if made is not None:
        watching.received(session, made)
