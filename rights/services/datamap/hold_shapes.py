"""The shape of what a data map says about rows that have to stay: why, how long, and how."""

from __future__ import annotations

from typing import Any

from rights.services.datamap import words
from rights.services.datamap.shapes import a_column, a_period, said, some_columns
from rights.services.datamap.values import Choice, Closed, Part, Plain, Text, WordOr
from rights.services.hold_catalogue import catalogue


class RetentionShape(Closed):
    """``retention`` at length."""

    period = a_period(required=True)
    from_ = a_column(required=True, data_key="from")
    basis = said(required=True)
    rank = Choice(tuple(words.RANKS), "rank", required=True)
    keep_fields = some_columns()


class HoldShape(Closed):
    """``retention`` that takes period, basis and rank from the hold catalogue."""

    hold = Choice(tuple(catalogue().duties), "duty to keep", required=True)
    from_ = a_column(required=True, data_key="from")
    keep_fields = some_columns()


class WithShape(Closed):
    """``retention`` that follows another collection's."""

    with_ = Text(required=True, data_key="with")
    keep_fields = some_columns()


class RestrictionShape(Closed):
    """``restriction`` at length."""

    strategy = Choice(words.STRATEGIES, "way to restrict", required=True)
    column = a_column()
    value = Plain()
    lifted = Plain()


class RetentionPart(Part):
    """A rule of its own, one of the catalogue, or ``with:`` the collection whose rule holds."""

    def __init__(self) -> None:
        super().__init__(RetentionShape)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(value, dict) and "with" in value:
            return Part(WithShape).deserialize(value)
        if isinstance(value, dict) and "hold" in value:
            return Part(HoldShape).deserialize(value)
        return super()._deserialize(value, *args, **kwargs)


def a_retention() -> WordOr:
    """``none``, or a rule in one of three forms."""
    return WordOr(("none",), RetentionPart)
