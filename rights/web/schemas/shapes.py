"""The kinds of value that documents of this API are made of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from rights.domain.plain_text import control

LONGEST: Final = 2000
_LONGEST_VALUE: Final = 10_000
_ID: Final = "^[0-9a-f]{32}$"


class Closed(Schema):
    """A document in which every name is known; unknown ones are refused by name."""

    error_messages = {  # noqa: RUF012 - the library declares it without saying it is of the class
        "unknown": "is not a known field",
        "type": "must be an object",
    }

    class Meta:
        """Unknown names are mistakes."""

        unknown = RAISE


class Open(Schema):
    """A document whose inside is described elsewhere."""

    class Meta:
        """Whatever is in it stays."""

        unknown = "include"


class Text(fields.String):
    """One line or more of printable text: no control characters but line breaks and tabs."""

    def __init__(
        self, *, least: int = 0, most: int = LONGEST, form: str = "", **kwargs: Any
    ) -> None:
        checks: list[Any] = [validate.Length(least, most)]
        if form:
            checks.append(validate.Regexp(form))
        super().__init__(validate=checks, **kwargs)

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        if control(text.replace("\r", "")):
            raise ValidationError("holds control characters")
        return text


class Id(Text):
    """An id of ours."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(form=_ID, most=32, **kwargs)


class Choice(fields.String):
    """One of a few words; a wrong one is told which there are."""

    def __init__(self, words: Iterable[str], **kwargs: Any) -> None:
        self.words = tuple(str(word) for word in words)
        metadata = {"enum": list(self.words), **kwargs.pop("metadata", {})}
        super().__init__(metadata=metadata, **kwargs)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        if not isinstance(value, str) or value not in self.words:
            message: Any = {"message": "is not allowed here", "allowed": list(self.words)}
            raise ValidationError(message)  # taken apart in rights.web.reading
        return value


class Subject(fields.Dict):
    """
    Who this is about: identifier type to value, as the data map names the types.

    Args:
        least: How many have to be named.
    """

    def __init__(self, *, least: int = 1, **kwargs: Any) -> None:
        metadata = {
            "minProperties": least,
            "maxProperties": 10,
            "example": {"user_id": "u-1001", "email": "wei.zhang@example.com"},
            "description": "Identifier type to value; the types are the data map's.",
            **kwargs.pop("metadata", {}),
        }
        super().__init__(
            keys=Text(least=1, most=40),
            values=Text(least=1, most=320),
            validate=validate.Length(least, 10),
            metadata=metadata,
            **kwargs,
        )


class Scalar(fields.Raw):
    """One value as a store holds it: a text, a number or a truth value."""

    def __init__(self, **kwargs: Any) -> None:
        kinds = ["string", "integer", "number", "boolean"]
        super().__init__(metadata={"type": kinds, "maxLength": _LONGEST_VALUE}, **kwargs)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        if not isinstance(value, str | int | float | bool):
            raise ValidationError("is not a text, a number or a truth value")
        if isinstance(value, str) and len(value) > _LONGEST_VALUE:
            raise ValidationError(f"is longer than {_LONGEST_VALUE} characters")
        return value


class Bilingual(Closed):
    """A text in both languages."""

    zh = fields.String(data_key="zh-CN", required=True)
    en = fields.String(required=True)


class Moment(fields.DateTime):
    """An instant, UTC unless its name says otherwise."""


def nullable(field: type[fields.Field[Any]], **kwargs: Any) -> fields.Field[Any]:
    """Return a field of an answer that is always there and may be null."""
    return field(required=True, allow_none=True, **kwargs)
