"""
The kinds of value a data map may hold, with messages that say what to write.

Messages have the form ``what → remedy``; :mod:`rights.services.datamap.mistakes` takes them apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validates_schema

from rights.services.datamap.problems import suggest

_COMMON: Final[dict[str, str | list[Any] | dict[Any, Any]]] = {
    "required": "is missing → add it",
    "null": "has no value → write one or remove the line",
}

_SHAPE: Final = {"type": "is not a mapping → write `key: value` lines"}
_PART: Final = _COMMON | _SHAPE
_MANY: Final = _COMMON | {"invalid": "is not a list → write `- ` before each member, or [a, b]"}


class Closed(Schema):
    """A mapping in which every key is known; an unknown one is named with the nearest."""

    error_messages = _SHAPE

    class Meta:
        """Unknown keys are refused below, where a suggestion can be made."""

        unknown = EXCLUDE

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def _unknown(self, _: Any, original: Any, **__: Any) -> None:
        if not isinstance(original, Mapping):
            return
        known = {f.data_key or name for name, f in self.fields.items()}
        unknown = {
            key: [f"is not a known key → {suggest(key, known)}"]
            for key in original
            if key not in known
        }
        if unknown:
            raise ValidationError(unknown)


class Text(fields.String):
    """Words. What YAML reads as something else must be quoted."""

    default_error_messages = _COMMON

    def __init__(self, pattern: str = "", rule: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._pattern = re.compile(pattern) if pattern else None
        self._rule = rule

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        if isinstance(value, bool):
            raise ValidationError("is read by YAML as true or false → put it in quotes")
        if isinstance(value, (Mapping, list)):
            raise ValidationError("is not text → write one value")
        if not isinstance(value, str):
            raise ValidationError("is not text → put it in quotes")
        if not value.strip():
            raise ValidationError("is empty → write a value or remove the line")
        if self._pattern is not None and not self._pattern.fullmatch(value):
            raise ValidationError(f"has the wrong form → {self._rule}")
        return value


class Words(Text):
    """A text that a person reads: plain, or a mapping of its languages."""

    def __init__(self, languages: type[Closed], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._languages = languages

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        if isinstance(value, Mapping):
            return Part(self._languages).deserialize(value)
        return super()._deserialize(value)


class Flag(fields.Boolean):
    """True or false, in any of YAML's spellings."""

    default_error_messages = _COMMON

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("is not true or false → write true or false, without quotes")
        return value


class Whole(fields.Integer):
    """A whole number above 0."""

    default_error_messages = _COMMON

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValidationError("is not a whole number above 0 → write one")
        return value


class Plain(fields.Field[Any]):
    """A value a column can hold: text, a number, true, false or null."""

    default_error_messages = _COMMON

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_none=True, **kwargs)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        if value is None or isinstance(value, (str, int, float)):
            return value
        raise ValidationError("is not a single value → write text (dates in quotes) or a number")


class Settings(fields.Field[Any]):
    """A mapping whose meaning only the connector knows."""

    default_error_messages = _COMMON

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        if not isinstance(value, Mapping):
            raise ValidationError("is not a mapping → write `key: value` lines")
        return value


class Choice(Text):
    """One of a list of words."""

    def __init__(self, words: type[StrEnum] | Sequence[str], what: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._words = tuple(str(w) for w in words)
        self._what = what

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        word = super()._deserialize(value)
        if word not in self._words:
            near = suggest(word, self._words)
            every = f"; one of: {', '.join(self._words)}" if near.startswith("did") else ""
            raise ValidationError(f"is no {self._what}: {word} → {near}{every}")
        return word


class Many(fields.List[Any]):
    """A list."""

    default_error_messages = _MANY


class Table(fields.Field[Any]):
    """A mapping from names of the author's choice to values of one kind."""

    default_error_messages = _COMMON

    def __init__(self, keys: Text, values: fields.Field[Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._keys = keys
        self._values = values

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise ValidationError("is not a mapping → write `name: value` lines")
        errors: dict[str, Any] = {}
        out: dict[str, Any] = {}
        for name, member in value.items():
            try:
                self._keys.deserialize(name)
                out[name] = self._values.deserialize(member)
            except ValidationError as error:
                errors[name] = error.messages
                if error.valid_data is not None:
                    out[name] = error.valid_data
        if errors:
            raise ValidationError(errors, valid_data=out)
        return out


class Part(fields.Nested):
    """A mapping of known keys."""

    default_error_messages = _PART


class WordOr(fields.Field[Any]):
    """Either one of a few words or a construct of its own."""

    default_error_messages = _COMMON

    def __init__(
        self, words: Iterable[str], other: Callable[[], fields.Field[Any]], **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self._words = tuple(words)
        self._other = other()

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        if isinstance(value, str):
            if value in self._words:
                return value
            raise ValidationError(
                f"says {value}, which has no meaning here → {suggest(value, self._words)}"
            )
        return self._other.deserialize(value)


class Bilingual(Closed):
    """Words a person reads, in both languages."""

    zh = Text(required=True)
    en = Text(required=True)
