"""What staff may say beside a kind and its option when they log a request, and what they said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from werkzeug.datastructures import MultiDict

from rights.domain.datamap import DataMap
from rights.domain.ground_table import RestrictionGround
from rights.domain.kinds import Kind, Option
from rights.domain.parameters import SWITCHES, UNTIL, taken
from rights.domain.products import PRODUCTS
from rights.services import catalogue, forms
from rights.services.forms import OF_EVERY_LAW
from rights.web.console import pages

PREFIX: Final = "more."


@dataclass(frozen=True, slots=True)
class Input:
    """
    One thing that may be said.

    Args:
        shape: ``checks``, ``one`` or ``day``.
        choices: What can be chosen, by the words for it.
    """

    name: str
    shape: str
    title: str
    choices: tuple[tuple[str, str], ...] = ()


def asked(datamap: DataMap, kind: Kind, option: Option) -> list[Input]:
    """
    Return what may be said beside an option, as far as there is anything to choose from.

    What only the person says (a wait, a choice between two wishes) is not asked of staff.
    """
    return [
        made
        for name in taken(kind, option)
        if name in _SHAPES
        for made in (_input(datamap, kind, name),)
        if made.choices or made.shape == "day"
    ]


def _grounds(kind: Kind) -> tuple[str, ...]:
    """Return the grounds that any law knows; what those of the request do not is refused."""
    return tuple(map(str, RestrictionGround)) if kind is Kind.RESTRICTION else OF_EVERY_LAW


def _input(datamap: DataMap, kind: Kind, name: str) -> Input:
    title = pages.said().say("arriving", "more", name)
    if name == UNTIL:
        return Input(name, _SHAPES[name], title)
    words = _WORDS[name]
    known = _grounds(kind) if name == "ground" else forms.choices(datamap, name)
    shown = tuple((one, words(datamap, one)) for one in known)
    return Input(name, _SHAPES[name], title, shown)


def read(inputs: list[Input], given: MultiDict[str, str]) -> dict[str, Any]:
    """Return the parameters that were said; what was left empty is not one."""
    said = {one.name: _said(one, given) for one in inputs}
    return {name: value for name, value in said.items() if value}


def _said(one: Input, given: MultiDict[str, str]) -> Any:
    name = PREFIX + one.name
    return given.getlist(name) if one.shape == "checks" else given.get(name, "").strip()


def _category(datamap: DataMap, name: str) -> str:
    del datamap
    return pages.said().either(catalogue.categories().get(name, {}), name)


def _purpose(datamap: DataMap, name: str) -> str:
    return pages.said().either(datamap.purposes[name].title, name)


def _product(datamap: DataMap, name: str) -> str:
    return pages.said().either(datamap.products[name], name)


def _decision(datamap: DataMap, name: str) -> str:
    titles = {one.name: one.title for one in datamap.decisions}
    return pages.said().either(titles[name], name)


def _switch(datamap: DataMap, name: str) -> str:
    del datamap
    return pages.said().find("switches", name) or name


def _ground(datamap: DataMap, name: str) -> str:
    del datamap
    return pages.said().say("grounds", name)


_WORDS: Final[Mapping[str, Callable[[DataMap, str], str]]] = MappingProxyType(
    {
        "categories": _category,
        "purposes": _purpose,
        "topic": _purpose,
        PRODUCTS: _product,
        SWITCHES: _switch,
        "decision": _decision,
        "ground": _ground,
    }
)
_SHAPES: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(("categories", "purposes", PRODUCTS, SWITCHES), "checks"),
        **dict.fromkeys(("topic", "decision", "ground"), "one"),
        UNTIL: "day",
    }
)
