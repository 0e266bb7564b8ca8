"""A form sent twice, by a double click or after going back, is sent once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Final

from flask import request
from sqlmodel import Session

from rights.domain.errors import Unavailable
from rights.services import idempotency
from rights.services.idempotency import Repeated, Reply
from rights.store.db import transaction
from rights.web.parts import parts
from rights.web.portal import door

_TRIES: Final = 3


def once(work: Callable[[Session, datetime], str], *, alike: bool = False) -> str:
    """
    Do *work* in one transaction, and no second time for the same form; return what it returned.

    Args:
        alike: A form that says the same in this visit is the same, even one that was loaded anew.

    Raises:
        Unavailable: the same form is being sent several times at once.
    """
    here = parts()
    fields = sorted(
        (name, value)
        for name, value in request.form.items(multi=True)
        if not (alike and name == "once")
    )
    said = hashlib.sha256(repr(fields).encode()).hexdigest()
    name = f"portal|{door.visit().id}|{said}"
    backend = door.visit().backend_id
    call = idempotency.call(here.context.vault, backend, name, request.path, said.encode())
    for _ in range(_TRIES):
        now = here.now()
        try:
            with transaction(here.engine) as session:
                if before := idempotency.earlier(session, here.context.vault, call, now=now):
                    return before.body.decode()
                made = work(session, now)
                reply = Reply(201, made.encode())
                idempotency.keep(session, here.context.vault, call, reply, now=now)
                return made
        except Repeated:
            continue
    raise Unavailable("the same form is being sent at the same time: send it again")
