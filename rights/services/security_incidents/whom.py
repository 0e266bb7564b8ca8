"""
Whom an incident hit, a line for each who is to be told: the person, guardians of minors, who acts.

A line says how they are told, and no address: contacts of guardians take a colleague's word
(``guardians``), and a letter needs nobody to see where it goes.

Source: PIPL 57; NDSR 11(2); Minors Regulation 35.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine

from rights.services import contacts
from rights.services.contacts import Way
from rights.services.context import Context
from rights.services.security_incidents import people, touched
from rights.services.security_incidents.scope import Scope
from rights.store.db import picture, reading

MAIL: Final = "mail"
TEXT: Final = "text"
PHONE: Final = "phone"
NONE: Final = "none"
CHANNELS: Final = (MAIL, TEXT, PHONE, NONE)
"""How somebody is told: a letter, a text message that there is one, a call, an announcement."""


@dataclass(frozen=True, slots=True)
class Whom:
    """
    Somebody who is to be told.

    Args:
        person: A number within this incident.
        request: One of their requests that were touched.
        role: ``person``, ``guardian`` or ``representative``.
        channel: One of :data:`CHANNELS`.
    """

    person: str
    request: str
    minor: bool
    role: str
    channel: str


def listed(engine: Engine, context: Context, scope: Scope) -> Iterator[Whom]:
    """Yield everybody who is to be told, person by person; memory does not grow with them."""
    with picture(engine) as connection:
        for batch in people.following(connection, scope):
            with reading(engine) as session:
                found = people.ways(session, context, scope, batch)
            for one in batch:
                number = touched.number(scope, one.key)
                for role, way in found[one.key]:
                    channel = _channel(context, way)
                    yield Whom(number, one.request_id, one.minor, role, channel)


def _channel(context: Context, way: Way | None) -> str:
    if way is None:
        return NONE
    if way is Way.EMAIL:
        return MAIL
    return TEXT if way in contacts.ways(context).values() else PHONE
