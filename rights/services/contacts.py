"""
Which identifiers a person can be reached by, and how: by mail, or by text message.

A telephone is reachable only where a provider of text messages is set. One address given under
two names is one contact: its code proves it once.

Source: GDPR 12(6); GB/T 35273-2020 8.7(a).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeVar

from rights.domain.datamap import DataMap
from rights.domain.errors import Conflict, FieldError, Invalid
from rights.services import subjects
from rights.services.context import Context
from rights.store.models import IdentifierRow, RepresentativeContact
from rights.store.vault import Vault

Contact = IdentifierRow | RepresentativeContact
"""Where somebody is reached: the subject of a request, or who acts for them."""

Any_ = TypeVar("Any_", IdentifierRow, RepresentativeContact, Contact)


class Way(StrEnum):
    """How something reaches a person; mail comes first where both would do."""

    EMAIL = "email"
    SMS = "sms"


_BY_FORM: Final[Mapping[str, Way]] = MappingProxyType({"email": Way.EMAIL, "e164": Way.SMS})


def ways(context: Context) -> dict[str, Way]:
    """Return how each type of identifier is reached; those that are not are left out."""
    sms = bool(context.settings.sms_url)
    return {n: way for n, way in kinds(context.datamap).items() if sms or way is not Way.SMS}


def kinds(datamap: DataMap) -> dict[str, Way]:
    """Return which types are mailboxes and which are telephones, reachable here or not."""
    known = datamap.identifiers.values()
    return {one.name: _BY_FORM[one.normalise] for one in known if one.normalise in _BY_FORM}


def aad(request_id: str, name: str) -> str:
    """Return what binds a sealed contact of a representative to its row."""
    return f"representative|{request_id}|{name}"


def value(vault: Vault, row: Contact) -> str:
    """Return one contact's value."""
    if isinstance(row, IdentifierRow):
        return subjects.value(vault, row)
    return vault.open(row.sealed, aad=aad(row.request_id, row.type)).decode()


def proved(row: Contact) -> bool:
    """Return whether whoever asked showed that they read this address, or a product said so."""
    return row.proof not in ("", "review")


def best(context: Context, rows: Iterable[Any_]) -> Any_ | None:
    """Return which of one person's contacts messages go to; a proved one before a typed one."""
    return next(iter(reachable(context, rows)), None)


def reachable(context: Context, rows: Iterable[Any_]) -> list[Any_]:
    """Return the contacts among *rows*, the best first: proved before typed, mail before phone."""
    how = ways(context)
    last = list(Way)
    found = [row for row in rows if row.type in how]
    return sorted(found, key=lambda row: (not proved(row), last.index(how[row.type])))


def chosen(context: Context, rows: Iterable[Any_], to: str) -> Any_:
    """
    Return the contact a code goes to.

    Args:
        to: The type of the identifier; empty for the best.

    Raises:
        Conflict: nothing that was given can get a code.
        Invalid: *to* is none of those that can; the error lists them.
    """
    found = reachable(context, rows)
    if not found:
        raise Conflict(
            "no address was given that a code can be sent to: add an e-mail address",
            code="no_contact",
        )
    if not to:
        return found[0]
    named = next((row for row in found if row.type == to), None)
    if named is None:
        possible = tuple(row.type for row in found)
        wrong = FieldError("to", "is not an identifier of this request that gets codes", possible)
        raise Invalid("a code cannot go there", [wrong])
    return named


def place(context: Context, row: Contact) -> str:
    """
    Return a keyed hash of where *row* leads: one mailbox under two names is one place.

    Raises:
        Tampered: the sealed value does not open.
    """
    return place_of(context, value(context.vault, row))


def place_of(context: Context, value: str) -> str:
    """Return the same of a value as the data map cleans it."""
    return context.vault.blind(value, scope="contact")
