"""
Hash every entry of the audit trail again, as the text in which the database keeps it.

An entry is written with its data in the form that its hash is over, so that text, put behind the
hash of the entry before it, is hashed as it is. What was written otherwise, or holds a sign that
JSON writes differently, is read and put into that form first: slower, and never less strict.

Source: PIPL 51, 54, 69 (burden of proof); NDSR 9.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Text,
    case,
    cast,
    func,
    literal,
    literal_column,
    select,
)
from sqlmodel import col

from rights.services.audit import bound
from rights.store.models import Entry
from rights.store.plain import Plain, plain

_INSTANT: Final = 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'
_FIRST: Final[Any] = literal_column("TIMESTAMPTZ '0001-01-01 00:00:00+00'")
_LAST: Final[Any] = literal_column("TIMESTAMPTZ '9999-12-31 23:59:59.999999+00'")
_AS_IT_IS: Final = re.compile(r"[\w.:@/+ -]*", re.ASCII)
"""What JSON writes as it is, and what ends no string of it."""


def counted(connection: Connection, complain: Callable[[str], None]) -> Iterator[int]:
    """
    Yield of every chain how many entries it has, to be read to the end.

    Args:
        complain: Is told what is missing and what was changed.
    """
    for chain, found in groupby(plain(connection, _query(connection)), itemgetter(0)):
        yield _checked(chain, found, complain)


def _query(connection: Connection) -> Select[Any]:
    place: Any = col(Entry.chain), col(Entry.seq)
    said = col(Entry.event), col(Entry.actor), cast(col(Entry.data), Text), col(Entry.hash)
    return select(*place, _instant(connection), *said).order_by(*place)


def _instant(connection: Connection) -> ColumnElement[str]:
    """
    Return when an entry was written, as its hash is over it; nothing where no entry can be of it.

    The database writes a year before our era as if it were of it.
    """
    if connection.dialect.name == "postgresql":
        ours = col(Entry.at).between(_FIRST, _LAST)
        return case((ours, func.to_char(func.timezone("UTC", col(Entry.at)), _INSTANT)), else_="")
    return func.replace(cast(col(Entry.at), Text), " ", "T") + literal("+00:00")


def _checked(chain: str, found: Iterator[Plain], complain: Callable[[str], None]) -> int:
    """
    Hash each entry over the texts as they are, and only where that does not fit, as they read.

    Texts that could be read in two ways are not hashed as they are. No call is made that one entry
    does not need: there are millions.
    """
    number, previous, expected, plain_chain = 0, "", 1, _ends_nothing(chain)
    for _, seq, at, event, actor, data, said in found:
        number += 1
        if seq != expected:
            complain(f"{chain}: entries {expected} to {seq - 1} are missing")
        else:
            line = f'["{previous}","{chain}",{seq},"{at}","{event}","{actor}",{data}]'
            plainly = plain_chain and _ends_nothing(event) and _ends_nothing(actor)
            if not (plainly and said == sha256(line.encode()).hexdigest()) and (
                said != _as_read(previous, chain, seq, at, event, actor, data)
            ):
                complain(f"{chain}: entry {seq} was changed")
        previous, expected = said, seq + 1
    return number


@lru_cache(maxsize=4_096)
def _ends_nothing(word: str) -> bool:
    return _AS_IT_IS.fullmatch(word) is not None


def _as_read(previous: str, *entry: Any) -> str:
    """Return what an entry's hash must be; nothing is it where its data cannot be read."""
    chain, seq, at, event, actor, data = entry
    try:
        instant = datetime.fromisoformat(at).astimezone(UTC)
        said = orjson.loads(data)
    except ValueError:
        return ""
    return sha256(bound(previous, chain, seq, instant, event, actor, said)).hexdigest()
