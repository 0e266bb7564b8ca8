"""What staff do on a page: done as a whole, or refused, and the refusal is an entry too."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlmodel import Session

from rights.domain.errors import Conflict, Forbidden, Invalid, NotFound, RightsError
from rights.store.db import transaction
from rights.store.models import Staff
from rights.web.console import door, noting
from rights.web.parts import parts

_STATUS = {Forbidden: 403, Conflict: 409, NotFound: 404}


def tried(do: Callable[[Session, Staff, datetime], object]) -> RightsError | None:
    """
    Do something as whoever is signed in, in one transaction; return why it was not done.

    Args:
        do: Takes the session, whoever is signed in as that session has them, and the time.
    """
    here = parts()
    try:
        with transaction(here.engine) as session:
            do(session, session.get_one(Staff, door.staff().id), here.now())
    except (Conflict, Forbidden, Invalid, NotFound) as error:
        noting.note(error)
        return error
    return None


def status_of(error: RightsError) -> int:
    """Return the status of a page that says why something was not done."""
    return _STATUS.get(type(error), 422)
