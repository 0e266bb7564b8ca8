"""Asking the stores through a worker, for whom a product vouches, and reading what it answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rights.services import lookups
from rights.store.db import reading, transaction
from rights.web.parts import parts
from rights.web.portal import door

WAIT_S: Final = 2
"""After which a page without a script looks again whether there is an answer."""


def ask(question: str, about: Mapping[str, Any] | None = None) -> str:
    """
    Ask, and return the id of the look-up.

    Raises:
        LevelTooLow: nobody vouches for this person, or not surely enough.
        NotFound: nobody is signed in. TooMany: this browser asks too often.
    """
    here, cap = parts(), door.caller().level_cap
    door.slowly("lookup")
    with transaction(here.engine) as session:
        row = lookups.ask_for(
            session,
            here.context,
            door.person(),
            question,
            cap=cap,
            now=here.now(),
            about=about,
        )
        return row.id


def read(lookup_id: str, question: str) -> tuple[str, Any]:
    """
    Return the state of a look-up, ``waiting``, ``answered`` or ``failed``, and its answer.

    Raises:
        NotFound: this person asked no such thing. Gone: its quarter of an hour is over.
    """
    here = parts()
    with reading(here.engine) as session:
        row, answer = lookups.read_for(
            session, here.context, door.person(), lookup_id, question, now=here.now()
        )
        return row.state, answer
