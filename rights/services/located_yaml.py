"""
Reading a YAML file so that every mistake in it can be named at once, with its line.

A ``Section`` hands out typed values and notes what is wrong instead of raising; whoever read
the whole file raises one ConfigError with all of it. A noted mistake yields a harmless stand-in
value, which nobody sees because loading fails in the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeVar

import yaml

from rights.services.words import LANGUAGES

_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The C loader where PyYAML was built with it: the same values and lines, ten times faster."""
_E = TypeVar("_E", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Section:
    """
    One mapping of a file, read key by key.

    Args:
        path: Dotted, from the root of the file.
        problems: Shared by everything read together.
        seen: The keys that somebody asked for; ``done`` complains of the others.
    """

    file: str
    path: str
    values: Mapping[str, Any]
    lines: Mapping[str, int]
    problems: list[str]
    seen: set[str] = field(default_factory=set)

    def complain(self, message: str, key: str = "") -> None:
        """Note a mistake at *key*, or at the section itself."""
        self.problems.append(f"{self.place(key)}: {message}")

    def place(self, key: str = "") -> str:
        """Return where *key*, or the section itself, stands: file, line and dotted path."""
        path = ".".join(part for part in (self.path, key) if part)
        line = self.lines.get(path) or self.lines.get(self.path, 1)
        return f"{self.file}:{line} {path or '(file)'}"

    def has(self, key: str) -> bool:
        """Whether the section says anything about *key*."""
        return key in self.values

    def text(self, key: str, default: str | None = None) -> str:
        """Return a string; without a default it must be there and not be empty."""
        value = self._get(key, default)
        if isinstance(value, str) and (value or default is not None):
            return value
        self.complain(f"say {key} as text", key)
        return ""

    def flag(self, key: str, *, default: bool | None = False) -> bool:
        """Return true or false; a default of None means it must be said."""
        value = self._get(key, default)
        if isinstance(value, bool):
            return value
        self.complain(f"say {key} as true or false", key)
        return False

    def count(self, key: str, *, least: int = 1) -> int:
        """Return a whole number of at least *least*; it must be there."""
        value = self._get(key, None)
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return value
        self.complain(f"say {key} as a whole number, {least} or more", key)
        return least

    def choice(self, key: str, choices: type[_E], default: _E | None = None) -> _E:
        """Return the member of *choices* that is named."""
        value = self._get(key, default)
        try:
            return choices(value)
        except ValueError:
            self.complain(f"must be one of {', '.join(choices)}", key)
            return next(iter(choices))

    def words(self, key: str) -> tuple[str, ...]:
        """Return a list of strings, empty when nothing is said."""
        value = self._get(key, [])
        if isinstance(value, list) and all(isinstance(word, str) for word in value):
            return tuple(value)
        self.complain(f"say {key} as a list of words", key)
        return ()

    def days(self, key: str) -> frozenset[date]:
        """Return a list of dates (2027-02-06), empty when nothing is said."""
        value = self._get(key, [])
        if isinstance(value, list) and all(type(day) is date for day in value):
            return frozenset(value)
        self.complain(f"say {key} as a list of dates like 2027-02-06", key)
        return frozenset()

    def day(self, key: str) -> date | None:
        """Return a date, or None when nothing is said."""
        value = self._get(key, None)
        if value is None or type(value) is date:
            return value
        self.complain(f"say {key} as a date like 2027-01-01", key)
        return None

    def section(self, key: str) -> Section | None:
        """Return the mapping at *key*, or None when there is none."""
        value = self._get(key, None)
        path = ".".join(part for part in (self.path, key) if part)
        if isinstance(value, dict):
            return Section(self.file, path, value, self.lines, self.problems)
        if value is not None:
            self.complain("must be a mapping of keys to values", key)
        return None

    def said(self, key: str) -> Mapping[str, str]:
        """Return a text by language, in every language that people here read."""
        inside = self.section(key)
        if inside is None:
            self.complain(f"say {key} in {' and '.join(LANGUAGES)}", key)
            return {}
        found = {language: inside.text(language) for language in LANGUAGES}
        inside.done()
        return MappingProxyType(found)

    def sections(self, key: str = "") -> Iterator[tuple[str, Section]]:
        """Return every mapping inside *key* (or inside this section), in order."""
        inside = self.section(key) if key else self
        for name in inside.values if inside is not None else ():
            each = inside.section(name) if inside is not None else None
            if each is not None:
                yield name, each

    def done(self) -> None:
        """Complain of every key nobody asked for: a misspelt duty would be a lost one."""
        for key in self.values:
            if key not in self.seen:
                near = get_close_matches(key, self.seen, n=1)
                known = ", ".join(sorted(self.seen))
                hint = f"did you mean {near[0]}?" if near else f"known: {known}"
                self.complain(f"unknown key; {hint}", key)

    def _get(self, key: str, default: object) -> Any:
        self.seen.add(key)
        return self.values.get(key, default)


def read(file: Path, problems: list[str]) -> Section:
    """Return the root of *file*; one that cannot be read at all is noted and comes back empty."""
    root = Section(f"{file.parent.name}/{file.name}", "", {}, {}, problems)
    try:
        node = yaml.compose(file.read_text(encoding="utf-8"), Loader=_LOADER)
    except OSError as error:
        root.complain(f"cannot be read: {error.strerror}")
    except UnicodeDecodeError:
        root.complain("cannot be read: save it as UTF-8")
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        problems.append(f"{root.file}:{line} (file): is not YAML: {error.problem}")
    else:
        return _rooted(root, node)
    return root


def _rooted(root: Section, node: yaml.Node | None) -> Section:
    lines: dict[str, int] = {}
    doubles: list[str] = []
    values = {} if node is None else _plain(node, "", lines, doubles)
    if not isinstance(values, dict):
        root.complain("must be a mapping of keys to values")
        values = {}
    section = Section(root.file, "", values, lines, root.problems)
    for path in doubles:
        section.complain("is said twice: keep one", path)
    return section


def _plain(node: yaml.Node, path: str, lines: dict[str, int], doubles: list[str]) -> Any:
    """Turn a node into plain values, noting the line of every path and what is said twice."""
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(one, f"{path}[{at}]", lines, doubles) for at, one in enumerate(node.value)]
    if not isinstance(node, yaml.MappingNode):
        return yaml.constructor.SafeConstructor().construct_object(node)
    values: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value)
        inner = f"{path}.{key}" if path else key
        lines[inner] = key_node.start_mark.line + 1
        if key in values:
            doubles.append(inner)
        values[key] = _plain(value_node, inner, lines, doubles)
    return values
