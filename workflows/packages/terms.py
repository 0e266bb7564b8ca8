"""What is asked of a package and what comes out: plain values, no database."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from rights.store.sealing import SealedFile
from workflows.packages.writer import FAST

FORMAT = "rights-package/1"
CHINESE = "zh-CN"


@dataclass(frozen=True, slots=True)
class About:
    """
    Which request the package answers.

    Args:
        generated_at: Aware; also the time that every file in the ZIP bears.
        language: ``zh-CN`` or ``en``: which of the two the page shows first.
    """

    request_id: str
    kind: str
    generated_at: datetime
    option: str = ""
    regimes: tuple[str, ...] = ()
    language: str = CHINESE


@dataclass(frozen=True, slots=True)
class Missing:
    """
    Something that is not in the package, and why.

    Args:
        collection: Name without its store; empty when the whole store is missing.
        code: Of the reason catalogue: ``held``, ``failed``, ``infeasible``, …
        text: The reason in words, keys ``zh`` and ``en``.
        basis: The legal basis, where there is one.
        until: Until when that holds.
        basis_zh: The same in Chinese; empty where the data map has it, or there is none.
    """

    store: str
    collection: str
    code: str
    text: Mapping[str, str]
    basis: str = ""
    until: date | None = None
    basis_zh: str = ""


@dataclass(frozen=True, slots=True)
class Disputed:
    """
    A value that the person says is wrong, while that is not settled in their favour.

    Args:
        collection: Path.
        code: ``pending`` while the correction runs, ``disputed`` when it was not made.
        claimed: What the person says is right.
        statement: What they say about it in words; empty when nothing.
    """

    collection: str
    field: str
    code: str
    since: datetime
    request_id: str
    claimed: Any = dataclasses.field(repr=False)
    statement: str = dataclasses.field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Limits:
    """
    Sizes of a package.

    Args:
        rows_shown: Rows of each collection on the page; the files hold all.
        volume_bytes: Above this a data file is split into volumes, never cut.
        level: Deflate level.
    """

    rows_shown: int = 200
    volume_bytes: int = 1 << 30
    level: int = FAST


@dataclass(frozen=True, slots=True)
class Alert:
    """
    A connector returned what it must not: the value was dropped, its cause remains.

    Args:
        why: ``secret``, ``undisclosed`` or ``undeclared``.
    """

    collection: str
    field: str
    why: str
    rows: int


@dataclass(frozen=True, slots=True)
class Built:
    """
    A finished package.

    Args:
        file: Where it is; ``file.size`` is the size that is downloaded.
        sha256: Hex digest of what is downloaded; the strong ETag.
        summary: Counts for the register: files, records, documents, bytes, collections,
            categories, missing, complete.
        alerts: What staff must be told.
    """

    file: SealedFile
    sha256: str
    summary: Mapping[str, Any] = field(default_factory=dict)
    alerts: tuple[Alert, ...] = ()
