"""
Where a person's files are: key templates, filled so that no value can reach further.

``avatars/{user_id}/`` is everything below one folder, ``invoices/{order_id}.pdf`` one object. A
template ends in ``/`` or names an object; each part between slashes holds at most one
placeholder, and a value never holds a slash: two people cannot come to the same place, and
nobody's place contains another's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from connectors.sdk import Misconfigured, Refused, Scalar

_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_LONGEST_KEY = 1024  # bytes; the store's own limit


@dataclass(frozen=True, slots=True)
class Place:
    """
    One folder or one object.

    Args:
        values: What the placeholders stood for, by name.
    """

    key: str = field(repr=False)
    values: Mapping[str, Scalar] = field(repr=False)

    @property
    def is_folder(self) -> bool:
        """Whether everything below it is meant."""
        return self.key.endswith("/")

    def holds(self, key: str) -> bool:
        """Return whether an object of that key is here."""
        return key.startswith(self.key) if self.is_folder else key == self.key


class Template:
    """
    A key template.

    Args:
        where: The collection's path, for messages.

    Raises:
        Misconfigured: it has no placeholder, or one that could reach too far.
    """

    def __init__(self, text: object, where: str) -> None:
        if not isinstance(text, str) or not text:
            raise Misconfigured(f"{where}: settings need a 'template', e.g. avatars/{{user_id}}/")
        self._text = text
        self._where = where
        self.names = tuple(_PLACEHOLDER.findall(text))
        self._check()

    def place(self, values: Mapping[str, Scalar]) -> Place | None:
        """
        Return the place of *values*, or None when one of them is missing or empty.

        Raises:
            Refused: a value could change which folder is meant.
        """
        texts = {name: self._text_of(values[name]) for name in self.names}
        if not all(texts.values()):
            return None
        key = _PLACEHOLDER.sub(lambda found: texts[found[1]], self._text)
        if len(key.encode()) > _LONGEST_KEY:
            raise Refused(f"{self._where}: a key is longer than the store allows")
        return Place(key, dict(values))

    def _check(self) -> None:
        segments = self._text.removesuffix("/").split("/")
        if not self.names:
            raise Misconfigured(
                f"{self._where}: the template must hold a placeholder, or it reaches everybody"
            )
        if len(set(self.names)) < len(self.names):
            raise Misconfigured(f"{self._where}: the template names a placeholder twice")
        if any(not s or s in {".", ".."} for s in segments):
            raise Misconfigured(
                f"{self._where}: the template must not begin with / or hold // or .."
            )
        if any(len(_PLACEHOLDER.findall(s)) > 1 for s in segments):
            raise Misconfigured(
                f"{self._where}: two placeholders need a / between them, or two people may meet"
            )
        if any("{" in rest or "}" in rest for rest in _PLACEHOLDER.split(self._text)[::2]):
            raise Misconfigured(f"{self._where}: a placeholder is written {{name}}")

    def _text_of(self, value: Scalar) -> str:
        if value is None or value == "":
            return ""
        if isinstance(value, bool | float):
            raise Refused(f"{self._where}: a key value is neither text nor a whole number")
        text = str(value)
        if ".." in text or text == "." or any(c in "/\\" or not c.isprintable() for c in text):
            raise Refused(
                f"{self._where}: a key value holds a slash, two dots or a control character; "
                "find this person's files by hand"
            )
        return text
