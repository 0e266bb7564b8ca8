"""
What a letter, a call or a visitor says of who wrote, where that is not the person it is about.

It is said as a call of the API says it, and means the same: a second person, of whom nothing is
proved. One thing differs. Whoever calls can be asked for an address at once; a letter is here
already, so one that names none is taken in, and staff write back.

Source: PIPL 31, 49; Civil Code 23, 28, 165, 1045; NDSR 23.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from rights.domain.errors import FieldError, Invalid
from rights.domain.kinds import Kind
from rights.domain.plain_text import plain
from rights.domain.representation import TEXTS, Role, Scope
from rights.services import representatives, subjects
from rights.services.context import Context
from rights.services.representatives import Second

PATH: Final = "requester"
"""Of the document that what is wrong stands in."""

ROLES: Final = tuple(role for role in Role if role is not Role.SELF)
_DAY: Final = "YYYY-MM-DD"
_MOST_CONTACTS: Final = 10


def of(context: Context, said: Mapping[str, Any]) -> Second:
    """
    Return who wrote, as a document describes them, checked.

    Raises:
        Invalid: a field is not known or cannot be read, the relation is none of the role, a
            contact is none, or none of those that were given can get a code. All that is wrong in
            the document is named, and nothing of what was said.
    """
    read, wrong = dict[str, Any](), list(_lacks(said))
    for name, value in said.items():
        try:
            read[name] = _known(name)(name, value)
        except Invalid as error:
            wrong += error.errors
    if wrong:
        raise Invalid("who wrote cannot be read", wrong)
    own = cleaned_contact(context, read.pop("contact", {}), f"{PATH}.contact")
    second = Second(read.pop("role"), read.pop("relation"), own, **read)
    return representatives.checked(context, second, path=PATH, reached=bool(own))


def cleaned_contact(context: Context, given: Mapping[str, str], path: str) -> dict[str, str]:
    """Return a contact as stores compare it. Raises Invalid under the document's own path."""
    if not given:
        return {}
    try:
        return subjects.cleaned(context.datamap, given)
    except Invalid as error:
        wrong = [replace(one, field=one.field.replace("subject", path, 1)) for one in error.errors]
        raise Invalid(str(error), wrong) from None


def _lacks(said: Mapping[str, Any]) -> Iterator[FieldError]:
    for name in ("role", "relation"):
        if name not in said:
            yield FieldError(f"{PATH}.{name}", "has to be said", rule="missing")


def _known(name: str) -> Callable[[str, Any], Any]:
    if name not in _READ:
        raise _wrong(name, "is not a known field", "not_here")
    return _READ[name]


def _wrong(name: str, message: str, rule: str, *allowed: str) -> Invalid:
    wrong = FieldError(f"{PATH}.{name}", message, allowed, rule=rule)
    return Invalid(f"{PATH}.{name} {message}", [wrong])


def _role(name: str, value: Any) -> Role:
    if not isinstance(value, str) or value not in ROLES:
        raise _wrong(name, "is not as whom somebody asks for another", "choose", *ROLES)
    return Role(value)


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong(name, "is not a text", "not_written_so")
    return plain(value, field=f"{PATH}.{name}", longest=TEXTS[name])


def _relation(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong(name, "is not a text", "not_written_so")
    return value  # which there are hangs on the role


def _contact(name: str, value: Any) -> Mapping[str, str]:
    """Return it if it is a document of texts; what may stand in it is the data map's to say."""
    fits = isinstance(value, dict) and 0 < len(value) <= _MOST_CONTACTS
    if not fits or not all(isinstance(one, str) for one in value.values()):
        raise _wrong(name, 'is not like {"email": "…"}', "not_written_so")
    return dict(value)


def _matters(name: str, value: Any) -> tuple[Kind, ...]:
    if not isinstance(value, list) or not 0 < len(value) <= len(Kind):
        raise _wrong(name, "is no list of kinds", "choose", *Kind)
    if not all(isinstance(one, str) and one in set(Kind) for one in value):
        raise _wrong(name, "names what is no kind", "choose", *Kind)
    return tuple(Kind(one) for one in value)


def _scope(name: str, value: Any) -> Scope:
    if not isinstance(value, str) or value not in set(Scope):
        raise _wrong(name, "is not how far an authority goes", "choose", *Scope)
    return Scope(value)


def _until(name: str, value: Any) -> date:
    try:
        found = date.fromisoformat(value)
    except (TypeError, ValueError):
        raise _wrong(name, f"is not a day: {_DAY}", "no_day") from None
    if found.isoformat() != value:
        raise _wrong(name, f"is not a day: {_DAY}", "no_day")
    return found


def _signed(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _wrong(name, "is neither true nor false", "choose")
    return value


_READ: Final[Mapping[str, Callable[[str, Any], Any]]] = MappingProxyType(
    {
        "role": _role,
        "relation": _relation,
        "contact": _contact,
        "name": _text,
        "interest": _text,
        "matters": _matters,
        "scope": _scope,
        "until": _until,
        "signed": _signed,
    }
)
"""The fields of a requester, by how each is read; ``NewRequest.requester`` of the API has them."""

FIELDS: Final = tuple(_READ)
