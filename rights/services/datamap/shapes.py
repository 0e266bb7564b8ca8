"""What the shapes of a data map are made of."""

from __future__ import annotations

from typing import Any

from rights.services.datamap import words
from rights.services.datamap.values import Bilingual, Choice, Many, Part, Table, Text, Words


def a_name(**kwargs: Any) -> Text:
    """A name of the map: letters, digits, _ and -."""
    return Text(words.NAME, words.NAME_RULE, **kwargs)


def a_column(**kwargs: Any) -> Text:
    """A column, as the store spells it."""
    return Text(words.ROW_NAME, words.ROW_RULE, **kwargs)


def a_period(**kwargs: Any) -> Text:
    """A span of time: 30d, 6m, 3y."""
    return Text(words.PERIOD, words.PERIOD_RULE, **kwargs)


def some_columns() -> Many:
    """Columns."""
    return Many(a_column())


def said(**kwargs: Any) -> Words:
    """Words a person reads, in one language or both."""
    return Words(Bilingual, **kwargs)


def by_hand() -> Table:
    """Work in a store, to how staff do it by hand."""
    return Table(keys=Choice(words.BY_HAND, "work in a store"), values=Part(Bilingual))
