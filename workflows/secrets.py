"""
Secrets that settings name: ``${secret:NAME}``, resolved by workers only.

A secret comes from the environment variable ``RIGHTS_SECRET_<NAME>``, or from the file
``<NAME>`` in the directory ``RIGHTS_SECRETS_DIR`` names (as container platforms mount them);
the variable wins. Values are never logged, never part of an error, and never of a repr.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from rights.domain.datamap import Store
from rights.domain.errors import ConfigError
from rights.services.datamap.credentials import REFERENCE

PREFIX: Final = "RIGHTS_SECRET_"
DIRECTORY: Final = "RIGHTS_SECRETS_DIR"


@dataclass(frozen=True, slots=True)
class Secrets:
    """
    Where secrets come from.

    Args:
        environ: Read at every look-up; nothing is copied.
        directory: One file per secret, or None.
    """

    environ: Mapping[str, str] = field(repr=False)
    directory: Path | None = None

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Secrets:
        """Return the secrets that *environ* holds or points at."""
        folder = environ.get(DIRECTORY, "")
        return cls(environ, Path(folder) if folder else None)

    def get(self, name: str) -> str | None:
        """Return the value of one secret, or None; a file's last line break is not part of it."""
        value = self.environ.get(PREFIX + name)
        if value is not None or self.directory is None:
            return value
        try:
            return (self.directory / name).read_text(encoding="utf-8").rstrip("\r\n")
        except OSError:
            return None

    def resolved(self, value: Any) -> Any:
        """
        Return *value* with every reference in it replaced, in mappings and lists too.

        Raises:
            ConfigError: a secret is missing; its name is told, and where it may be put.
        """
        lacking = self.lacking(value)
        if lacking:
            raise missing(lacking)
        return self._filled(value)

    def lacking(self, value: Any) -> tuple[str, ...]:
        """Return the names of the secrets that *value* refers to and that are not there."""
        return tuple(n for n in dict.fromkeys(names(value)) if self.get(n) is None)

    def _filled(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: self._filled(inner) for key, inner in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._filled(inner) for inner in value]
        if isinstance(value, str):
            return REFERENCE.sub(lambda found: self.get(found[1]) or "", value)
        return value


def names(value: Any) -> Iterator[str]:
    """Yield the name of every secret that *value* refers to."""
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from names(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from names(inner)
    elif isinstance(value, str):
        yield from (found[1] for found in REFERENCE.finditer(value))


def names_of(store: Store) -> tuple[str, ...]:
    """Return the names of the secrets that *store* and its collections refer to."""
    found = [*names(store.settings)]
    for collection in store.collections:
        found += names(collection.settings)
    return tuple(dict.fromkeys(found))


def require(stores: tuple[Store, ...], secrets: Secrets) -> None:
    """
    Make sure that every secret the data map names is there, before any is needed.

    Raises:
        ConfigError: lists all that are missing, each with the stores that need it.
    """
    needed: dict[str, list[str]] = {}
    for store in stores:
        for name in names_of(store):
            needed.setdefault(name, []).append(store.name)
    lacking = {n: by for n, by in needed.items() if secrets.get(n) is None}
    if lacking:
        raise missing(tuple(lacking), lacking)


def missing(lacking: tuple[str, ...], users: Mapping[str, list[str]] | None = None) -> ConfigError:
    """Return the error that names every missing secret and how to supply it."""
    by = users or {}
    return ConfigError(
        f"{len(lacking)} secret{'s are' if len(lacking) > 1 else ' is'} missing:",
        tuple(
            f"{name}{' (needed by ' + ', '.join(by[name]) + ')' if name in by else ''} → set "
            f"{PREFIX}{name}, or put it into the file {name} in the directory {DIRECTORY} names"
            for name in lacking
        ),
    )
