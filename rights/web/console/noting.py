"""
What somebody tried at the console and may not is an entry: which act, of which request, and why.

It goes to the chain of the day. Nothing happened to the request, whose own chain its person and
products read, and by which is told whether anybody touched it.

Source: NDSR 9; PIPL 51.
"""

from __future__ import annotations

from typing import Final

from flask import g, request
from sqlmodel import Session

from rights.domain.errors import RightsError
from rights.services import staff as members
from rights.services.staff_access import sessions
from rights.store.db import transaction
from rights.store.ids import ID
from rights.web.auth import STAFF_COOKIE
from rights.web.parts import parts

_AREA: Final = "console-"


def note(error: RightsError, *, act: str = "") -> None:
    """
    Write down that whoever is signed in was refused something.

    Args:
        act: What they tried, where the address of the page does not tell.
    """
    with transaction(parts().engine) as session:
        within(session, error, act=act)
    g.noted = error


def within(session: Session, error: RightsError, *, act: str = "", request_id: str = "") -> None:
    """
    Write it down in a transaction of the caller's.

    Args:
        request_id: Of which request, as a form has it, where the address does not name it.
    """
    about = request_id or str((request.view_args or {}).get("request_id", ""))
    tried = members.Tried(act or _page(), about if ID.fullmatch(about) else "")
    members.refused(session, g.present.staff, error, tried, now=parts().now())


def note_once(error: RightsError) -> None:
    """Write down what went wrong on a page, unless the page did so or nobody is signed in."""
    if "present" in g and g.get("noted") is not error:
        note(error)


def note_over(error: RightsError) -> None:
    """
    Write down that a browser came with a session that is over or never was, once an hour for each.

    All of which the register knows nothing are counted as one: who makes cookies up fills no trail.
    """
    here, secret = parts(), request.cookies.get(STAFF_COOKIE, "")
    if not secret:
        return
    with transaction(here.engine) as session:
        whose = sessions.whose(session, secret)
        about = sessions.place(secret) if whose else "unknown"
        if here.limits.first(f"{_AREA}{error.code}|{about}"):
            members.turned_away(session, whose, error, _page(), now=here.now())


def _page() -> str:
    return (request.endpoint or "").removeprefix(_AREA)
