"""A few rows of what is in a package, masked: opened by a worker, for the console, which cannot."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

from connectors.sdk import Collection, DataMap
from rights.domain.errors import Refused, RightsError
from rights.services import package_samples, packages, staff_views
from rights.store.db import reading
from rights.store.models import Lookup, Package
from workflows.floor import Floor
from workflows.packages.build import DATA, stem
from workflows.packages.opening import Placed, Read, files, first_lines
from workflows.packages.spool import FILE_FIELD
from workflows.sampling import COLLECTIONS, ROWS, masked_row

_LINES: Final = re.compile(r"(?P<stem>.+?)(?P<volume>-\d{3,})?\.jsonl")
_FIRST: Final = "-001"


def view(floor: Floor, row: Lookup) -> dict[str, Any]:
    """
    Return the first rows of each collection of the copy that was asked about, masked.

    Raises:
        Refused: it is not there any more, another one is, or it is not what was written.
    """
    about = staff_views.about(floor.context, row)
    try:
        with reading(floor.register) as session:
            package = package_samples.newest(session, row.request_id, floor.now())
        if package.id != about["package"]:
            raise Refused("the copy that was asked about is not there any more")
        read = partial(_read, floor, package)
        begins = _begin(floor.context.datamap, files(read, package.size, f"{DATA}/"))
        first = list(itertools.islice(begins, COLLECTIONS + 1))
        found = [_shown(read, *one) for one in first[:COLLECTIONS]]
    except RightsError as error:
        raise Refused(str(error)) from error
    return {"collections": found, "more": len(first) > COLLECTIONS}


def _read(floor: Floor, package: Package, start: int, length: int) -> Iterator[bytes]:
    return packages.content(floor.context, floor.blobs, package, start=start, length=length)


def _begin(
    datamap: DataMap, found: Iterator[Placed]
) -> Iterator[tuple[str, Collection | None, Placed]]:
    """Yield of each collection the file with which it begins, in the order of the package."""
    known = {stem(one.path): one for one in datamap.collections}
    for placed in found:
        match = _LINES.fullmatch(placed.path)
        if match is None:
            continue
        whole = placed.path.removesuffix(".jsonl")
        if whole in known or not match["volume"]:
            yield _path(whole), known.get(whole), placed
        elif match["volume"] == _FIRST:
            yield _path(match["stem"]), known.get(match["stem"]), placed


def _path(name: str) -> str:
    """Return a collection's path as its file spells it."""
    return name.removeprefix(f"{DATA}/").replace("/", ".", 1)


def _shown(read: Read, path: str, collection: Collection | None, placed: Placed) -> dict[str, Any]:
    rows, long = first_lines(read, placed, ROWS)
    name = collection.path if collection else path
    return {"path": name, "rows": [_masked(row, collection) for row in rows], "long": long}


def _masked(row: Mapping[str, Any], collection: Collection | None) -> dict[str, Any]:
    """Return a row without what its values say; where a file lies is said to be a file."""
    own = {name: value for name, value in row.items() if name != FILE_FIELD}
    file = {FILE_FIELD: {"kind": "file"}} if FILE_FIELD in row else {}
    return {**file, **masked_row(own, collection)}
