"""
``rights datamap check | discover | diff``, as functions that return an exit code.

0: nothing stops the map. 1: errors, or drift. 2: the map cannot be read, or a setting or a
secret is missing. Findings go to *out*, one a line; the last line of ``as_json`` is one object.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TextIO

from connectors.registry import load as load_connectors
from connectors.sdk import Connector, ConnectorError, Inventory
from rights.domain.datamap import Store
from rights.domain.errors import ConfigError
from rights.services.datamap import load, stubs
from workflows.check import check, inventory_of
from workflows.discover import scaffold
from workflows.drift import diff
from workflows.findings import Level
from workflows.secrets import Secrets, require
from workflows.stores import Registry, open_connector, opener

OK = 0
FAILED = 1
BAD_INPUT = 2


def check_command(
    path: Path | str,
    *,
    environ: Mapping[str, str],
    out: TextIO,
    ci: bool = False,
    as_json: bool = False,
) -> int:
    """
    Check the map at *path* against the stores it names.

    Args:
        ci: What is incomplete counts as an error.
    """
    try:
        datamap = load(path)
    except ConfigError as wrong:
        return _mistakes(wrong, out, as_json=as_json)
    registry, refused = known_connectors(s.connector for s in datamap)
    opened = opener(registry, Secrets.of(environ))
    found = check(datamap, registry, opened, ci=ci, refused=refused)
    errors = sum(f.level is Level.ERROR for f in found)
    for finding in found:
        print(finding, file=out)
    summary = {"ok": not errors, "errors": errors, "warnings": len(found) - errors}
    if as_json:
        findings = [asdict(f) for f in found]
        print(json.dumps({**summary, "hash": datamap.hash, "findings": findings}), file=out)
    else:
        print(f"{errors} errors, {len(found) - errors} warnings", file=out)
    return FAILED if errors else OK


def discover_command(path: Path | str, *, environ: Mapping[str, str], out: TextIO) -> int:
    """
    Print a draft of a map for the stores that the file at *path* names.

    The file needs only ``stores:`` with name, connector and settings of each.
    """
    try:
        stores = stubs(path)
        found = _look(stores, environ)
    except ConfigError as wrong:
        return _mistakes(wrong, out)
    except ConnectorError as failure:
        print(f"error: {failure}", file=out)
        return FAILED
    print(scaffold(found), end="", file=out)
    return OK


def diff_command(path: Path | str, *, environ: Mapping[str, str], out: TextIO) -> int:
    """Print what the live stores have and the map has not (``+``), and the reverse (``-``)."""
    try:
        datamap = load(path)
        found = _look(datamap.stores, environ)
    except ConfigError as wrong:
        return _mistakes(wrong, out)
    except ConnectorError as failure:
        print(f"error: {failure}", file=out)
        return FAILED
    differences = [d for store, seen in found for d in diff(datamap, store, seen)]
    for difference in differences:
        print(difference, file=out)
    return FAILED if differences else OK


def known_connectors(names: Iterable[str]) -> tuple[Registry, dict[str, str]]:
    """Return the connectors among *names* that can be loaded, and why the others cannot."""
    found: dict[str, type[Connector]] = {}
    refused: dict[str, str] = {}
    for name in dict.fromkeys(names):
        try:
            found |= load_connectors((name,))
        except ConfigError as wrong:
            refused[name] = "; ".join(wrong.problems) or str(wrong)
    return found, refused


def _look(stores: tuple[Store, ...], environ: Mapping[str, str]) -> list[tuple[Store, Inventory]]:
    """
    Ask every store that can tell what it holds.

    Raises:
        ConfigError: an unknown connector, wrong settings or a missing secret.
        ConnectorError: a store could not be asked.
    """
    secrets = Secrets.of(environ)
    require(stores, secrets)
    registry = load_connectors(s.connector for s in stores)
    out: list[tuple[Store, Inventory]] = []
    for store in stores:
        connector = open_connector(store, registry, secrets)
        try:
            inventory = inventory_of(connector)
        finally:
            connector.close_connections()
        if inventory is not None:
            out.append((store, inventory))
    return out


def _mistakes(wrong: ConfigError, out: TextIO, *, as_json: bool = False) -> int:
    print(wrong, file=out)
    if as_json:
        told = {"ok": False, "errors": len(wrong.problems) or 1, "problems": wrong.problems}
        print(json.dumps(told), file=out)
    return BAD_INPUT
