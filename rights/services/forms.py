"""
Is what somebody submitted sensible? Every mistake is named, with what would do instead.

What is merely missing is not a mistake: such a request is taken, and waits for information.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from rights.domain import anonymising, choosable
from rights.domain.anonymising import AGREED, AGREEMENT
from rights.domain.conversation import CONVERSATIONS
from rights.domain.cooling import LONGEST
from rights.domain.correctable import rule_for
from rights.domain.datamap import Correctable, DataMap
from rights.domain.errors import FieldError, Invalid
from rights.domain.ground_table import RestrictionGround
from rights.domain.grounds import GDPR, Ground
from rights.domain.kinds import Kind, Option
from rights.domain.parameters import (
    PREVAILS,
    PREVAILS_CHOICES,
    SWITCHES,
    UNTIL,
    VALUES,
    WAIT_DAYS,
    taken,
)
from rights.domain.policy import LAWFUL, Policy
from rights.domain.products import PRODUCTS
from rights.services.preferences import BY_OPTION

GROUNDS: Final = (
    "purpose_achieved",
    "service_ended",
    "consent_withdrawn",
    "unlawful",
    "unavoidable_collection",
    "unconsented_collection",
    "other",
)
"""Why deletion may be asked for; never required. Source: PIPL 47."""

OF_EVERY_LAW: Final = tuple(dict.fromkeys([*GROUNDS, *(str(g) for g in Ground if g in GDPR)]))
"""Why deletion may be asked for under any law."""

_NAMEABLE: Final = (*OF_EVERY_LAW, *map(str, RestrictionGround))
"""Every ground of any law; which of them the laws of a request know is ``naming_grounds``'s."""


def option_for(kind: Kind, name: str | None, policy: Policy = LAWFUL) -> Option:
    """
    Return the option that was asked for, or the kind's default.

    Raises:
        Invalid: it is another kind's, or is not offered; those that are offered are listed.
    """
    here = policy.offered(kind)
    found = next((o for o in here if name in (None, o)), None)
    if found is None:
        allowed = tuple(str(o) for o in here)
        message = f"is not an option of {kind}"
        raise Invalid("unknown option", [FieldError("option", message, allowed)])
    return found


def check(
    datamap: DataMap,
    kind: Kind,
    option: Option,
    *,
    parameters: Mapping[str, Any],
    values: Mapping[str, Any],
) -> None:
    """Raise Invalid with every mistake in what stands beside a kind and its option."""
    errors = [
        *named(datamap, kind, option, parameters),
        *_values(datamap, kind, option, values),
        *anonymised(datamap, option, parameters),
    ]
    if errors:
        raise Invalid("the request has mistakes", errors)


def named(
    datamap: DataMap, kind: Kind, option: Option, given: Mapping[str, Any]
) -> Iterator[FieldError]:
    """Yield what is wrong with the parameters that stand beside an option."""
    for name, value in given.items():
        if name not in taken(kind, option):
            message = f"is not a parameter of {kind}/{option}"
            yield FieldError(f"parameters.{name}", message, taken(kind, option))
            continue
        if name in _PLAIN:
            fits, message = _PLAIN[name]
            if not fits(value):
                day = name == UNTIL
                rule, bound = ("no_day", "") if day else ("between", f"1–{LONGEST}")
                yield FieldError(f"parameters.{name}", message, rule=rule, bound=bound)
            continue
        allowed = _CHOICES[name](datamap)
        many = isinstance(value, list)
        for place, each in enumerate(value if many else [value]):
            if each not in allowed:
                path = f"parameters.{name}.{place}" if many else f"parameters.{name}"
                yield FieldError(path, "is not known here", allowed)


def anonymised(
    datamap: DataMap, option: Option, parameters: Mapping[str, Any]
) -> Iterator[FieldError]:
    """Yield what is wrong with asking for anonymisation in place of deletion."""
    ground, agreed = str(parameters.get("ground") or ""), bool(parameters.get(AGREED))
    if option is not Option.ANONYMISE or anonymising.selectable(
        ground=ground, agreed=agreed, approved=anonymising.approved(datamap)
    ):
        return
    message = (
        f"is not for the ground {ground}: data goes by deletion then, unless the person agrees"
        f" (parameters.{AGREED}: {AGREEMENT})"
    )
    yield FieldError("option", message, (str(Option.DELETE),))


def choices(datamap: DataMap, name: str) -> tuple[str, ...]:
    """Return what a parameter may name."""
    return _CHOICES[name](datamap)


def _categories(datamap: DataMap) -> tuple[str, ...]:
    return tuple(sorted({f.category for c in datamap.collections for f in c.fields}))


_CHOICES: Final[Mapping[str, Callable[[DataMap], tuple[str, ...]]]] = MappingProxyType(
    {
        "categories": _categories,
        "ground": lambda _: _NAMEABLE,
        PREVAILS: lambda _: PREVAILS_CHOICES,
        AGREED: lambda _: (AGREEMENT,),
        "purposes": lambda datamap: tuple(sorted(datamap.purposes)),
        "decision": lambda datamap: tuple(sorted(d.name for d in datamap.decisions)),
        SWITCHES: lambda datamap: tuple(
            name for name in BY_OPTION.values() if name in {s.name for s in datamap.switches}
        ),
        PRODUCTS: lambda datamap: tuple(sorted(datamap.products)),
        "topic": lambda datamap: tuple(sorted(datamap.purposes)),
    }
)
"""What each parameter may name; all of it stands in the data map or in the law."""


def _values(
    datamap: DataMap, kind: Kind, option: Option, given: Mapping[str, Any]
) -> Iterator[FieldError]:
    allowed = VALUES.get((kind, option), ())
    for name in given:
        if name not in allowed:
            yield FieldError(f"values.{name}", f"is not a value of {kind}/{option}", allowed)
    for place, change in enumerate(given.get("changes", ()) if "changes" in allowed else ()):
        yield from _change(datamap, f"values.changes.{place}", change)
    if CONVERSATIONS in allowed:
        yield from conversations(datamap, given)
    yield from tags(datamap, option, given)


def tags(datamap: DataMap, option: Option, given: Mapping[str, Any]) -> Iterator[FieldError]:
    """Yield what is wrong with a choice of tags."""
    if option is Option.TAGS_EDIT:
        yield from choosable.mistakes(datamap, given)


def conversations(datamap: DataMap, given: Mapping[str, Any]) -> Iterator[FieldError]:
    """Yield what is wrong with the rows that were named."""
    if CONVERSATIONS not in given:
        return
    allowed = tuple(c.path for c in datamap.collections if c.conversation)
    said = given[CONVERSATIONS]
    if not isinstance(said, list) or not said:
        yield FieldError(f"values.{CONVERSATIONS}", "names nothing", allowed)
        return
    for place, one in enumerate(said):
        if not isinstance(one, Mapping) or one.get("collection") not in allowed:
            path = f"values.{CONVERSATIONS}.{place}.collection"
            yield FieldError(path, "is not a conversation", allowed)


def _change(datamap: DataMap, path: str, change: Mapping[str, Any]) -> Iterator[FieldError]:
    rule = correctable(datamap).get(change["field"])
    if rule is None:
        allowed = tuple(sorted(correctable(datamap)))
        yield FieldError(f"{path}.field", "is not a field that can be corrected", allowed)
        return
    if rule.mode == "refused":
        because = f": {rule.because}" if rule.because else ""
        yield FieldError(f"{path}.field", f"cannot be changed{because}", ("explanation", "access"))
        return
    if message := _misfit(rule, change["value"]):
        yield FieldError(f"{path}.value", message)


def correctable(datamap: DataMap) -> Mapping[str, Correctable]:
    """Return every field that is about the person, and how it may be corrected."""
    return {
        f"{c.path}.{f.name}": rule_for(c, f) or _STAFF_DECIDE
        for c in datamap.collections
        for f in c.fields
        if f.secret is None
    }


_STAFF_DECIDE: Final = Correctable(mode="allowed")


def _misfit(rule: Correctable, value: Any) -> str:
    """Return what is wrong with a new value, or nothing. The value itself is never quoted."""
    if not _TYPES[rule.type](value):
        return f"is not of type {rule.type}"
    text = str(value)
    if len(text) > rule.max_length:
        return f"is longer than {rule.max_length} characters"
    if rule.pattern and not re.fullmatch(rule.pattern, text):
        return "does not have the form this field asks for"
    return ""


def _is_date(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(date.fromisoformat(value))
    except ValueError:
        return False


def _is_days(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= LONGEST


_PLAIN: Final[Mapping[str, tuple[Callable[[Any], bool], str]]] = MappingProxyType(
    {
        UNTIL: (_is_date, "is not a day: YYYY-MM-DD"),
        WAIT_DAYS: (_is_days, f"is not a number of days, 1 to {LONGEST}"),
    }
)
"""What names nothing of the data map or of the law, and when it fits."""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_TYPES: Final[Mapping[str, Callable[[Any], bool]]] = MappingProxyType(
    {
        "text": lambda value: isinstance(value, str),
        "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
        "number": _is_number,
        "date": _is_date,
        "boolean": lambda value: isinstance(value, bool),
    }
)
