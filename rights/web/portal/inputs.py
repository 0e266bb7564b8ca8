"""
What a form asks for beside a kind and its option, and what its reader typed.

Nothing asked here is needed but what work cannot start without. Source: NDSR 23; PIPL 15, 46-47.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from werkzeug.datastructures import MultiDict

from rights.domain import choosable
from rights.domain.anonymising import AGREED, AGREEMENT
from rights.domain.cooling import LONGEST
from rights.domain.datamap import Correctable, DataMap
from rights.domain.ground_table import RestrictionGround
from rights.domain.kinds import Kind, Option
from rights.domain.parameters import (
    INSTEAD,
    PREVAILS,
    PREVAILS_CHOICES,
    SWITCHES,
    UNTIL,
    VALUES,
    WAIT_DAYS,
    needed,
    taken,
)
from rights.domain.products import PRODUCTS
from rights.domain.tags import CHOSEN, REMOVED
from rights.services import catalogue
from rights.services.forms import GROUNDS, correctable
from rights.services.preferences import BY_OPTION
from rights.services.words import Words
from rights.web.portal.words import category

_MOST_ROWS: Final = 200
"""More than a request takes, so that too many are told as that."""

_TOO_LARGE: Final = 2**63

CHANGES: Final = 3
"""How many corrections one form has room for; whoever has more adds them in words."""

_NUMBER: Final = re.compile(r".*changes\.(\d{1,4})\.value")

_DAYS: Final = re.compile(r"[1-9]")

Form = MultiDict[str, str]


@dataclass(frozen=True, slots=True)
class Input:
    """
    One thing a form asks for.

    Args:
        shape: ``checks``, ``one``, ``count``, ``agree``, ``day``, ``lines``, ``text`` or
            ``changes``.
        choices: What can be chosen, by the words for it.
        folded: Out of the way until somebody wants it.
        about: Why it is asked, where staff say so.
    """

    name: str
    shape: str
    title: str
    needed: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    folded: bool = False
    about: str = ""


def asked(
    datamap: DataMap,
    said: Words,
    kind: Kind,
    option: Option,
    *,
    only: tuple[str, ...] = (),
    pause: int = 0,
    grounds: tuple[str, ...] = (),
) -> list[Input]:
    """
    Return what a form for *option* asks for.

    Args:
        only: Just these, of a request that waits for them; all of them then needed.
        pause: The most days that can be chosen to wait; not asked where there are none.
        grounds: Those of the laws that it will be handled under; none: what every law understands.
    """
    names = only or (*_in_form(kind, option), *VALUES.get((kind, option), ()))
    must = only or needed(kind, option)
    found = [
        _SHAPES[name](datamap, said, kind, name, needed=name in must)
        for name in names
        if name in _SHAPES
        and (name != WAIT_DAYS or pause)
        and (name != PRODUCTS or datamap.products)
    ]
    return [_narrowed(one, said, pause, grounds) for one in found]


def _narrowed(one: Input, said: Words, pause: int, grounds: tuple[str, ...]) -> Input:
    """Leave the choices that the laws of the request have."""
    if one.name == WAIT_DAYS:
        return replace(one, choices=one.choices[:pause])
    if one.name == "ground" and grounds:
        return replace(one, choices=tuple((g, said.say("grounds", g)) for g in grounds))
    return one


def _in_form(kind: Kind, option: Option) -> Iterator[str]:
    """Yield parameters; what follows from another answer is asked when that is known."""
    for name in taken(kind, option):
        if name == "ground" and kind is Kind.RESTRICTION:  # under some laws only: staff ask for it
            continue
        if name == PREVAILS or (name == AGREED and option is not Option.ANONYMISE):
            continue
        yield name


def read(
    inputs: list[Input], given: Form, prefix: str
) -> tuple[dict[str, Any], dict[str, Any], list[str]]:
    """Return parameters, values, and the names of what is needed and was left empty."""
    parameters: dict[str, Any] = {}
    values: dict[str, Any] = {}
    for one in inputs:
        said = _READ[one.shape](given, f"{prefix}{one.name}")
        if said:
            (values if one.name in _VALUES else parameters)[one.name] = said
    empty = [i.name for i in inputs if i.needed and not {**parameters, **values}.get(i.name)]
    return parameters, values, [name for name in empty if not _said_otherwise(name, values)]


def _said_otherwise(name: str, values: Mapping[str, Any]) -> bool:
    """A correction in words alone is taken in too: staff ask back. Source: PIPL 46."""
    instead = values.get(INSTEAD.get(name, ""))
    return bool(instead) or (name == "changes" and bool(values.get("text")))


def typed(datamap: DataMap, values: dict[str, Any]) -> dict[str, Any]:
    """Return corrections with their values as the fields hold them; what cannot be stays text."""
    if "changes" not in values:
        return values
    rules = correctable(datamap)
    changes = [
        {**one, "value": _as(rules.get(one["field"]), one["value"])} for one in values["changes"]
    ]
    return {**values, "changes": changes}


def _as(rule: Correctable | None, text: str) -> Any:
    try:
        found = _TYPED[rule.type](text) if rule and rule.type in _TYPED else text
    except (ValueError, KeyError):
        return text
    # What JSON has no word for stays text, which such a field does not take.
    odd = isinstance(found, float) and not math.isfinite(found)
    return text if odd or (isinstance(found, int) and abs(found) >= _TOO_LARGE) else found


_TYPED: Final[Mapping[str, Callable[[str], Any]]] = MappingProxyType(
    {
        "integer": int,
        "number": float,
        "boolean": lambda text: {"true": True, "false": False, "1": True, "0": False}[
            text.strip().lower()
        ],
    }
)


# -- what each thing looks like -------------------------------------------------------------


def _title(said: Words, name: str) -> str:
    return said.either(catalogue.words()["fields"][name])


def _categories(datamap: DataMap, said: Words, kind: Kind, name: str, *, needed: bool) -> Input:
    del kind
    known = {f.category for c in datamap.collections for f in c.fields if f.disclose}
    shown = tuple((one, category(said, one)) for one in sorted(known))
    return Input(name, "checks", _title(said, name), needed, shown, folded=True)


def _purposes(datamap: DataMap, said: Words, kind: Kind, name: str, *, needed: bool) -> Input:
    by_consent = kind is Kind.CONSENT_WITHDRAWAL
    shown = tuple(
        (p.name, said.either(p.title, p.name))
        for p in datamap.purposes.values()
        if p.basis == "consent" or not by_consent
    )
    return Input(name, "checks", _title(said, name), needed, shown, folded=not needed)


def _products(datamap: DataMap, said: Words, kind: Kind, name: str, *, needed: bool) -> Input:
    del kind
    shown = tuple((one, said.either(title, one)) for one, title in datamap.products.items())
    return Input(name, "checks", _title(said, name), needed, shown)


def _switches(datamap: DataMap, said: Words, kind: Kind, name: str, *, needed: bool) -> Input:
    del kind
    known = {s.name for s in datamap.switches}
    shown = tuple(
        (one, said.find("switches", one) or one) for one in BY_OPTION.values() if one in known
    )
    return Input(name, "checks", _title(said, name), needed, shown)


def _topic(datamap: DataMap, said: Words, kind: Kind, name: str, *, needed: bool) -> Input:
    del kind
    shown = tuple((p.name, said.either(p.title, p.name)) for p in datamap.purposes.values())
    return Input(name, "one", _title(said, name), needed, shown, folded=True)


def _decision(datamap: DataMap, said: Words, kind: Kind, name: str, *, needed: bool) -> Input:
    del kind
    shown = tuple((d.name, said.either(d.title, d.name)) for d in datamap.decisions)
    return Input(name, "one", _title(said, name), needed, shown, folded=True)


def _ground(datamap: DataMap, said: Words, kind: Kind, name: str, *, needed: bool) -> Input:
    del datamap
    known = tuple(RestrictionGround) if kind is Kind.RESTRICTION else GROUNDS
    shown = tuple((str(one), said.say("grounds", one)) for one in known)
    return Input(name, "one", _title(said, name), needed, shown, folded=True)


def _agreed(datamap: DataMap, said: Words, kind: Kind, name: str, *, needed: bool) -> Input:
    del datamap, kind
    return Input(
        name, "agree", _title(said, name), needed, ((AGREEMENT, said.say("agreed", AGREEMENT)),)
    )


def _prevails(datamap: DataMap, said: Words, kind: Kind, name: str, *, needed: bool) -> Input:
    del datamap, kind
    shown = tuple((one, said.say("prevails", one)) for one in PREVAILS_CHOICES)
    return Input(name, "one", _title(said, name), needed, shown)


def _day(datamap: DataMap, said: Words, kind: Kind, name: str, *, needed: bool) -> Input:
    del datamap, kind
    return Input(name, "day", _title(said, name), needed, folded=not needed)


def _wait_days(datamap: DataMap, said: Words, kind: Kind, name: str, *, needed: bool) -> Input:
    del datamap, kind
    shown = tuple(
        (str(n), said.say("pause", "day") if n == 1 else said.say("pause", "days", count=n))
        for n in range(1, LONGEST + 1)
    )
    return Input(name, "count", _title(said, name), needed, shown, folded=True)


def _offered_tags(datamap: DataMap, said: Words, kind: Kind, name: str, *, needed: bool) -> Input:
    del kind
    shown = tuple((tag, said.either(t, tag)) for tag, t in choosable.offered(datamap).items())
    return Input(name, "checks", _title(said, name), needed, shown)


def _lines(datamap: DataMap, said: Words, kind: Kind, name: str, *, needed: bool) -> Input:
    del datamap, kind
    return Input(name, "lines", _title(said, name), needed)


def _text(datamap: DataMap, said: Words, kind: Kind, name: str, *, needed: bool) -> Input:
    del datamap, kind
    return Input(name, "text", _title(said, name), needed)


def _changes(datamap: DataMap, said: Words, kind: Kind, name: str, *, needed: bool) -> Input:
    del kind
    rules = correctable(datamap)
    shown = tuple(
        (f"{c.path}.{f.name}", f"{said.either(c.title, c.name)}: {said.either(f.title, f.name)}")
        for c in datamap.collections
        for f in c.fields
        if f.disclose and f.secret is None and rules[f"{c.path}.{f.name}"].mode != "refused"
    )
    return Input(name, "changes", _title(said, name), needed, shown)


_SHAPES: Final[Mapping[str, Callable[..., Input]]] = MappingProxyType(
    {
        "categories": _categories,
        "purposes": _purposes,
        SWITCHES: _switches,
        PRODUCTS: _products,
        "topic": _topic,
        "decision": _decision,
        "ground": _ground,
        AGREED: _agreed,
        PREVAILS: _prevails,
        UNTIL: _day,
        WAIT_DAYS: _wait_days,
        "tags": _lines,
        CHOSEN: _offered_tags,
        REMOVED: _lines,
        "text": _text,
        "changes": _changes,
    }
)
"""How each name is asked for; a test sees to it that every name a person may give has a shape."""

_VALUES: Final = frozenset(name for names in VALUES.values() for name in names)


def _several(given: Form, name: str) -> list[str]:
    return given.getlist(name)


def _one(given: Form, name: str) -> str:
    return given.get(name, "").strip()


def _count(given: Form, name: str) -> int | str:
    said = _one(given, name)
    return int(said) if _DAYS.fullmatch(said) else said  # what is no such number is told


def _split(given: Form, name: str) -> list[str]:
    return [line.strip() for line in given.get(name, "").splitlines() if line.strip()]


def rows(given: Form) -> list[int]:
    """Return the numbers of the corrections to show: those that were typed in, and some room."""
    sent = {
        int(found[1])
        for name, value in given.items(multi=True)
        if value.strip() and (found := _NUMBER.fullmatch(name))
    }
    return sorted({*range(1, CHANGES + 1), *sent})[:_MOST_ROWS]


def _pairs(given: Form, name: str) -> list[dict[str, str]]:
    found = []
    for number in rows(given):
        field, value = (given.get(f"{name}.{number}.{part}", "") for part in ("field", "value"))
        if field and value.strip():
            found.append({"field": field, "value": value.strip()})
    return found


_READ: Final[Mapping[str, Callable[[Form, str], Any]]] = MappingProxyType(
    {
        "checks": _several,
        "one": _one,
        "count": _count,
        "agree": _one,
        "day": _one,
        "text": _one,
        "lines": _split,
        "changes": _pairs,
    }
)
