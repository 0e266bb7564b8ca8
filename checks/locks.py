"""
Whether the lock files still belong to ``pyproject.toml``.

Every requirement stands in them with a version inside its range; nothing stands there in the name
of a requirement that is gone; every version has a hash; the two agree on every version and on the
hashes of its files.
"""

from __future__ import annotations

import re
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[1]
# What each lock file was resolved from, beside the project's own dependencies.
_SOURCES: dict[str, dict[str, tuple[str, ...]]] = {
    "requirements.lock": {"extra": ("demo", "mysql", "traces"), "group": ("build",)},
    "requirements-dev.lock": {"extra": ("demo", "mysql", "traces"), "group": ("build", "dev")},
}
_PIN = re.compile(r"^(?P<name>[a-z0-9][a-z0-9._-]*)(\[[^]]*\])?==(?P<version>[^ ;\\]+)")
_HASH = re.compile(r"--hash=sha256:(?P<digest>[0-9a-f]{64})")
_OURS = re.compile(r"^ +#( via)?\s+rights \(pyproject\.toml")


@dataclass(frozen=True)
class Pin:
    """One version in a lock file."""

    version: str
    hashes: frozenset[str]
    ours: bool


def options(lock: str) -> list[str]:
    """Return the words that tell the resolver what goes into a lock file."""
    return [
        word
        for kind, names in _SOURCES[lock].items()
        for name in names
        for word in (f"--{kind}", name)
    ]


def read_lock(text: str) -> dict[str, Pin]:
    """Return the pins of a lock file by normalised name."""
    pins: dict[str, Pin] = {}
    name = ""
    for line in text.splitlines():
        found = _PIN.match(line)
        if found:
            name = _normal(found["name"])
            pins[name] = Pin(found["version"], frozenset(), ours=False)
        elif name and (digest := _HASH.search(line)):
            pin = pins[name]
            pins[name] = Pin(pin.version, pin.hashes | {digest["digest"]}, pin.ours)
        elif name and _OURS.match(line):
            pins[name] = Pin(pins[name].version, pins[name].hashes, ours=True)
    return pins


def mistakes(project: dict[str, Any], lock: str, pins: dict[str, Pin]) -> list[str]:
    """Return what is wrong with one lock file, in words."""
    from packaging.requirements import Requirement  # noqa: PLC0415 - options() works without it

    wanted = [Requirement(line) for line in _wanted(project, lock)]
    found = [f"{lock}: {name} has no hash" for name, pin in pins.items() if not pin.hashes]
    for requirement in wanted:
        pin = pins.get(_normal(requirement.name))
        if pin is None:
            found.append(f"{lock}: {requirement.name} is missing")
        elif not requirement.specifier.contains(pin.version, prereleases=True):
            found.append(f"{lock}: {requirement.name} {pin.version} is not {requirement.specifier}")
    names = {_normal(requirement.name) for requirement in wanted}
    gone = [name for name, pin in pins.items() if pin.ours and name not in names]
    return found + [f"{lock}: {name} is no longer required" for name in gone]


def disagreeing(runtime: dict[str, Pin], dev: dict[str, Pin]) -> list[str]:
    """Return where the two files name another version, or other files of the same one."""
    found = []
    for name, pin in runtime.items():
        other = dev.get(name)
        if other is None or other.version != pin.version:
            there = other.version if other else "absent"
            found.append(f"{name}: {pin.version} in one lock file, {there} in the other")
        elif other.hashes != pin.hashes:
            found.append(f"{name} {pin.version}: the two lock files have other hashes for it")
    return found


def _wanted(project: dict[str, Any], lock: str) -> list[str]:
    source = _SOURCES[lock]
    lines = list(project["project"]["dependencies"])
    for extra in source["extra"]:
        lines += project["project"]["optional-dependencies"][extra]
    for group in source["group"]:
        lines += project["dependency-groups"][group]
    return lines


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> int:
    """Compare, and print each mistake and the remedy."""
    if sys.argv[1:2] == ["--options"]:
        print(" ".join(options(sys.argv[2])))
        return 0
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text())
    locks = {lock: read_lock((_ROOT / lock).read_text()) for lock in _SOURCES}
    found = [line for lock, pins in locks.items() for line in mistakes(project, lock, pins)]
    found += disagreeing(*locks.values())
    for line in found:
        print(line)
    if found:
        print("Resolve anew with: ./run lock")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
