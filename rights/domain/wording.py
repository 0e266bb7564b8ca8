"""
A sentence filled in: with the form of a word that fits a number.

``{count} {count:row|rows}`` is "1 row", "0 rows", "2 rows". A language without such forms, as
Chinese is, writes the number alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter
from typing import Any, Final

BETWEEN: Final = "|"
"""What stands between the form for one and the form for any other number."""


class _Sentence(Formatter):
    def format_field(self, value: Any, format_spec: str) -> Any:
        one, between, many = format_spec.partition(BETWEEN)
        if not between:
            return super().format_field(value, format_spec)
        return one if str(value) == "1" else many  # a number may be written out already


_SENTENCE: Final = _Sentence()


def filled(text: str, values: Mapping[str, object]) -> str:
    """
    Return a sentence, filled in.

    Raises:
        KeyError: something it names is not there.
    """
    # A sentence without forms is filled in by the interpreter itself, which is much faster.
    return _SENTENCE.vformat(text, (), values) if BETWEEN in text else text.format(**values)
