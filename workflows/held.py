"""Whether rows are among those that a hold keeps, whoever asked for the erasure that left them."""

from __future__ import annotations

from typing import Final

from sqlmodel import col, select

from connectors.sdk import KeySet, Verb
from rights.store.db import reading
from rights.store.models import HeldRows
from workflows import holding
from workflows.floor import Floor
from workflows.freezing import frozen
from workflows.routes import Routes

_MOST: Final = 10_000
"""Notes of one collection that are opened to compare; where there are more, staff compare."""


def among(floor: Floor, routes: Routes, path: str, keys: KeySet) -> bool:
    """
    Return whether any row of *path* that *keys* lead to is held; where it cannot be told, it is.

    The notes of all erasures are looked at: a person may have been another one to us then.

    Raises:
        ConnectorError: the store could not be asked for the keys of the rows.
    """
    query = select(HeldRows).where(HeldRows.collection == path, col(HeldRows.state) != "ended")
    with reading(floor.register) as session:
        notes = session.exec(query.limit(_MOST + 1)).all()
    if not notes:
        return False
    connector = floor.connector(path.partition(".")[0])
    if len(notes) > _MOST or Verb.FREEZE not in connector.manifest.verbs:
        return True
    collection = floor.context.datamap.collection(path)
    mine = frozen(floor, collection, keys, routes.predicates[path])
    rows = {tuple(map(str, key)) for key in mine.keys(path)}
    return any(
        tuple(map(str, key)) in rows
        for note in notes
        for key in holding.opened(floor.context.vault, note)[0].keys(path)
    )
