"""
YAML text to plain data, remembering the line of every node.

Only what facts need is read: mappings, lists and scalars of YAML 1.1. Aliases, merge keys and
tags are refused, so that a map says what it seems to say; a key written twice is refused,
because YAML would silently keep the last.
"""

from __future__ import annotations

from typing import Any, Final

import yaml

from rights.services.datamap.problems import Document, Path, Place, Problem

_DEEPEST: Final = 20
"""Levels of nesting; the deepest construct of a data map has nine."""

# libyaml reads ten times as fast; where PyYAML was built without it, its own reader does.
_LOADER: Final = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader

_TAGS: Final = frozenset({"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"})


def read(text: str, file: str) -> tuple[Document, list[Problem]]:
    """
    Return what *text* says and every mistake in its spelling.

    Args:
        file: How the file is called in messages.
    """
    top = Document({}, {(): Place(file, 1)})
    try:
        if _too_deep(text):
            return top, [Problem((), "is nested too deeply", "write it flatter")]
        loader = _LOADER(text)
        node = loader.get_single_node()
    except yaml.YAMLError as error:
        return _unreadable(top, file, error)
    if node is None:
        return top, [Problem((), "is empty", "name at least one store")]
    reader = _Reader(loader, file)
    data = reader.value(node, ())
    if not isinstance(data, dict):
        reader.problems.append(Problem((), "is not a mapping", "begin with `version: 1`"))
        data = {}
    return Document(data, reader.places | {(): Place(file, 1)}), reader.problems


def _too_deep(text: str) -> bool:
    """
    Tell whether parts lie too deep in each other.

    Nodes are built by recursion, in C: hundreds of thousands of brackets would end the process.
    The events before them are not.
    """
    depth = 0
    for event in yaml.parse(text, _LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                return True
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return False


class _Reader:
    def __init__(self, loader: yaml.SafeLoader | yaml.CSafeLoader, file: str) -> None:
        self.loader = loader
        self.file = file
        self.places: dict[Path, Place] = {}
        self.problems: list[Problem] = []
        self._seen: set[int] = set()

    def value(self, node: yaml.Node, path: Path) -> Any:
        self.places.setdefault(path, Place(self.file, node.start_mark.line + 1))
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        if id(node) in self._seen:
            return self._refuse(path, "repeats another part by an alias", "write it out")
        self._seen.add(id(node))
        if node.tag not in _TAGS:
            return self._refuse(path, f"has the tag {node.tag}", "remove the tag")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        return [self.value(item, (*path, i)) for i, item in enumerate(node.value)]

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if key is None or key == "<<":
                self._refuse(path, "has a key that is not a plain word", "write it out")
                continue
            here = (*path, key)
            place = Place(self.file, key_node.start_mark.line + 1)
            if key in out:
                # The second one's place: the reader looks for what to remove.
                first, self.places[here] = self.places[here].line, place
                self._refuse(here, f"is written twice, first on line {first}", "keep one of them")
                continue
            self.places[here] = place
            out[key] = self.value(value_node, here)
        return out

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> Any:
        try:
            # PyYAML ships no annotations for this method; it builds str, int, float, bool, None
            # and the date types, and raises for every tag it does not know.
            return self.loader.construct_object(node)
        except (yaml.YAMLError, ValueError, KeyError):
            return self._refuse(path, "cannot be read as a value", "put it in quotes")

    def _refuse(self, path: Path, what: str, remedy: str) -> None:
        self.problems.append(Problem(path, what, remedy))


def _unreadable(top: Document, file: str, error: yaml.YAMLError) -> tuple[Document, list[Problem]]:
    mark = getattr(error, "problem_mark", None)
    if mark is not None:
        top.places[()] = Place(file, mark.line + 1)
    cause = getattr(error, "problem", None) or "there is a character YAML does not allow"
    return top, [Problem((), f"is not valid YAML: {cause}", "correct this line; nothing was read")]
