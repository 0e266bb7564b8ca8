"""Build one package of a gigabyte and say how much the process grew. Run as a process."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.peak import peak_mb
from bench.shop import MAP
from connectors.sdk import Collection
from rights.services.datamap import parse
from rights.store.blobs import DirectoryBlobs
from rights.store.sealing import SealedFiles, new_data_key
from workflows.packages.build import build
from workflows.packages.disclosure import Policy
from workflows.packages.spool import spool
from workflows.packages.terms import About

ROW_BYTES = 1000
ROWS = 1_000_000


def _rows(count: int) -> Iterator[dict[str, Any]]:
    body = "words " * (ROW_BYTES // 6)
    for n in range(count):
        yield {"id": n, "body": body, "sent": "2026-01-01T00:00:00+00:00"}


def _make(folder: Path, rows: int) -> int:
    datamap = parse(MAP)
    messages: Collection = datamap.collection("shop.messages")
    files = SealedFiles(DirectoryBlobs(folder), "p" * 32, new_data_key())
    policy = Policy(level=2)
    index = spool(
        [(messages, _rows(rows))], store="shop", files=files, key="spool/p/1", policy=policy
    )
    about = About(request_id="r" * 32, kind="copy", generated_at=datetime.now(UTC))
    built = build(
        files=files,
        key="packages/p/1.zip",
        about=about,
        datamap=datamap,
        spools=[index],
        policy=policy,
    )
    return int(built.summary["bytes"])


def main() -> None:
    """Build a small one first, so that only what grows with the size is counted."""
    with tempfile.TemporaryDirectory(prefix="gigabyte-") as folder:
        _make(Path(folder) / "small", 1000)
        before = peak_mb()
        size = _make(Path(folder) / "big", ROWS)
        grew = peak_mb() - before
    if size < ROW_BYTES * ROWS:
        raise RuntimeError("the package is smaller than a gigabyte")
    print(json.dumps({"grew_mb": round(grew, 1), "plain_bytes": size}))


if __name__ == "__main__":
    main()
