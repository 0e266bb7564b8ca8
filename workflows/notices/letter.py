"""A letter: what is said, before it is text or HTML."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined, Template, select_autoescape

_TEMPLATES: Final = Environment(
    loader=PackageLoader(__package__, "templates"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


@dataclass(frozen=True, slots=True)
class Block:
    """
    One part of a letter.

    Args:
        kind: ``text``, ``heading``, ``code``, ``token``, ``pairs`` or ``items``.
    """

    kind: str
    text: str = ""
    pairs: tuple[tuple[str, str], ...] = ()
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Letter:
    """One message, in one language, without an address."""

    subject: str
    sender: str
    language: str
    colon: str
    blocks: tuple[Block, ...] = field(repr=False)

    def text(self) -> str:
        """Return it as plain text."""
        return _template("letter.txt").render(letter=self)

    def html(self) -> str:
        """Return it as HTML: no scripts, no pictures, nothing that is fetched."""
        return _template("letter.html").render(letter=self)


@lru_cache(maxsize=4)
def _template(name: str) -> Template:
    return _TEMPLATES.get_template(name)


def paragraph(text: str) -> Block:
    """Return a paragraph."""
    return Block("text", text)


def heading(text: str) -> Block:
    """Return a heading."""
    return Block("heading", text)


def big(code: str) -> Block:
    """Return a one-time code, set apart so that it can be read off."""
    return Block("code", code)


def paste(token: str) -> Block:
    """Return a long text on a line of its own, to be copied whole."""
    return Block("token", token)


def table(pairs: Iterable[tuple[str, str]]) -> Block:
    """Return labels and values; what has no value is left out."""
    return Block("pairs", pairs=tuple(pair for pair in pairs if pair[1]))


def bullets(items: Iterable[str]) -> Block:
    """Return a list."""
    return Block("items", items=tuple(items))
