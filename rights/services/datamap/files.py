"""Which files make up a data map, and how several become one document."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any, Final

from rights.domain.errors import ConfigError
from rights.services.datamap.problems import Document, Path, Place, Problem
from rights.services.datamap.reading import read

_LARGEST: Final = 8 * 1024 * 1024
"""Bytes of one file; the map of a company with 5,000 tables is about 3 MB."""

_LISTS: Final = ("stores", "purposes", "decisions", "switches")


@dataclass(frozen=True, slots=True)
class Source:
    """
    One file's content, read when wanted.

    Args:
        name: How the file is called in messages.
        stamp: Changes when the content does.
    """

    name: str
    content: Callable[[], bytes]
    stamp: tuple[str, int, int] = ("", 0, 0)


def sources(path: FilePath) -> tuple[Source, ...]:
    """
    Return the files at *path*, in order of their names.

    Raises:
        ConfigError: there is none, or one is too large.
    """
    try:
        files = _yaml_files(path) if path.is_dir() else [path]
        found = tuple(_source(file) for file in files)
    except OSError as error:
        raise ConfigError(f"cannot read the data map {path}: {error.strerror}") from None
    if not found:
        raise ConfigError(f"the folder {path} holds no .yaml or .yml file")
    return found


def _yaml_files(folder: FilePath) -> list[FilePath]:
    return sorted(f for f in folder.iterdir() if f.suffix in {".yaml", ".yml"} and f.is_file())


def _source(file: FilePath) -> Source:
    stat = file.stat()
    if stat.st_size > _LARGEST:
        raise ConfigError(f"the data map {file} is larger than {_LARGEST} bytes; split it")
    return Source(str(file), file.read_bytes, (str(file), stat.st_mtime_ns, stat.st_size))


def joined(found: Sequence[Source]) -> tuple[Document, list[Problem]]:
    """Return all files as one document: lists one after another, identifiers side by side."""
    data: dict[str, Any] = {}
    places: dict[Path, Place] = {(): Place(found[0].name, 1)}
    problems: list[Problem] = []
    for source in found:
        document, mistakes = _read(source)
        if not document.data:
            places[()] = document.places[()]
        shift = {k: len(data[k]) for k in _LISTS if isinstance(data.get(k), list)}
        problems += [Problem(_moved(p.path, shift), p.what, p.remedy) for p in mistakes]
        places |= {_moved(p, shift): at for p, at in document.places.items() if len(p) > 1}
        for key, value in document.data.items():
            places.setdefault((key,), document.places[key,])
            problems += _merge(data, key, value, places, document.places[key,])
    return Document(data, places), problems


def _read(source: Source) -> tuple[Document, list[Problem]]:
    try:
        text = source.content().decode("utf-8-sig")
    except UnicodeDecodeError:
        nothing = Document({}, {(): Place(source.name, 1)})
        return nothing, [Problem((), "is not UTF-8 text", "save the file as UTF-8")]
    except OSError as error:
        raise ConfigError(f"cannot read the data map {source.name}: {error.strerror}") from None
    return read(text, source.name)


def _moved(path: Path, shift: dict[str, int]) -> Path:
    """Return where *path* of one file is in the joined document."""
    if len(path) > 1 and isinstance(path[1], int) and path[0] in shift:
        return (path[0], path[1] + shift[str(path[0])], *path[2:])
    return path


def _merge(
    data: dict[str, Any], key: str, value: Any, places: dict[Path, Place], at: Place
) -> list[Problem]:
    before = data.get(key)
    if key not in data:
        data[key] = value
    elif key in _LISTS and isinstance(before, list) and isinstance(value, list):
        data[key] = [*before, *value]
    elif key == "identifiers" and isinstance(before, dict) and isinstance(value, dict):
        data[key] = {**before, **value}
        return [
            Problem((key, name), "is declared in two files", "keep one of them")
            for name in value
            if name in before and before[name] != value[name]
        ]
    elif before != value:
        places[key,] = at
        return [Problem((key,), "is said differently in two files", "keep one of them")]
    return []
